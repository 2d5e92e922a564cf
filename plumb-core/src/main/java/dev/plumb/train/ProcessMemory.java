package dev.plumb.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** Memory of this process as the operating system counts it, weights and tensors included. */
final class ProcessMemory {
    private ProcessMemory() {}

    /** Its largest resident memory so far, in MiB; empty where the system does not tell. */
    static OptionalLong peak() {
        Path status = Path.of("/proc/self/status");
        try {
            return !Files.exists(status)
                    ? OptionalLong.empty()
                    : Files.readAllLines(status).stream()
                            .filter(line -> line.startsWith("VmHWM:"))
                            .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024)
                            .findFirst();
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }
}
