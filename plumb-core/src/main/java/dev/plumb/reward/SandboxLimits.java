package dev.plumb.reward;

import dev.plumb.config.Setting;

/**
 * What a program in the sandbox may use.
 *
 * @param cpuSeconds processor time of each process
 * @param wallSeconds time on the clock
 * @param memoryMib address space of each process, and resident memory of all of them, in MiB
 * @param processes processes and threads
 * @param outputKib each of output and error output, in KiB
 * @param fileKib the size of a file it writes, in KiB
 * @param openFiles open files of a process
 */
record SandboxLimits(
        @Setting(doc = "Processor time of each process, in seconds.", byDefault = "4", min = 1)
        int cpuSeconds,

        @Setting(doc = "Time on the clock for one test, in seconds.", byDefault = "6", min = 0, aboveMin = true)
        double wallSeconds,

        @Setting(
                doc =
                        "Address space of each process, and memory of all of them together, in MiB. Runtimes that reserve much,"
                                + " such as Java and Node, need 1024 or more.",
                byDefault = "512",
                min = 16)
        int memoryMib,

        @Setting(doc = "Processes and threads at one time.", byDefault = "32", min = 1)
        int processes,

        @Setting(
                doc = "Output and error output, each, in KiB; a program that writes more is ended.",
                byDefault = "64",
                min = 1)
        int outputKib,

        @Setting(doc = "The largest file that it may write, in KiB.", byDefault = "1024", min = 1)
        int fileKib,

        @Setting(doc = "Open files of each process.", byDefault = "64", min = 8)
        int openFiles) {
    static SandboxLimits byDefault() {
        return new SandboxLimits(4, 6, 512, 32, 64, 1024, 64);
    }

    SandboxLimits withWallSeconds(double seconds) {
        return new SandboxLimits(cpuSeconds, seconds, memoryMib, processes, outputKib, fileKib, openFiles);
    }
}
