package dev.plumb.reward;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a process and all below it use.
 *
 * @param processes how many they are
 * @param bytes their resident memory; 0 where the system has no /proc
 */
record ResourceUse(long processes, long bytes) {
    private static final int PAGE = 4096;
    private static final int OF_THE_SANDBOX = 3; // bwrap twice, and the shell or its first child while they start

    static ResourceUse of(ProcessHandle root) {
        List<ProcessHandle> all =
                Stream.concat(Stream.of(root), root.descendants()).toList();
        return new ResourceUse(
                all.size(), all.stream().mapToLong(ResourceUse::resident).sum());
    }

    private static long resident(ProcessHandle process) {
        try {
            String[] pages = Files.readString(Path.of("/proc/" + process.pid() + "/statm"))
                    .split(" ");
            return Long.parseLong(pages[1]) * PAGE;
        } catch (IOException | RuntimeException e) {
            return 0; // it has just ended
        }
    }

    /** The limit that is broken, if one is. */
    Optional<Execution.End> beyond(SandboxLimits limits) {
        if (processes > limits.processes() + OF_THE_SANDBOX) {
            return Optional.of(Execution.End.PROCESS_LIMIT);
        }
        return bytes > (long) limits.memoryMib() << 20 ? Optional.of(Execution.End.MEMORY_LIMIT) : Optional.empty();
    }
}
