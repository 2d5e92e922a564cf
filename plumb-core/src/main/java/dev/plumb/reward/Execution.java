package dev.plumb.reward;

/**
 * How a program in the sandbox ended.
 *
 * @param end why it ended
 * @param status its exit status, 128 + n where signal n ended it
 * @param output what it wrote, up to the limit
 * @param errors what it wrote as errors, up to the limit
 */
record Execution(End end, int status, String output, String errors) {
    /** Why a program ended. */
    enum End {
        /** By itself, with any status. */
        EXITED,
        TIMEOUT,
        MEMORY_LIMIT,
        OUTPUT_LIMIT,
        PROCESS_LIMIT,
        /** The sandbox could not run it, which is not the program's fault. */
        SANDBOX_ERROR
    }
}
