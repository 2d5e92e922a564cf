package dev.plumb.hub;

import java.io.PrintStream;
import java.util.Locale;

/** How far a download is: a line for every file, and one every few seconds while a large one comes. */
final class HubProgress {
    private static final long PAUSE_NANOS = 5_000_000_000L;

    private final PrintStream out;
    private long last = System.nanoTime();

    HubProgress(PrintStream out) {
        this.out = out;
    }

    void note(String line) {
        out.println(line);
        last = System.nanoTime();
    }

    void at(String file, long done, long total) {
        if (done >= total || System.nanoTime() - last >= PAUSE_NANOS) {
            note("  " + file + "  " + (done >= total ? size(total) : size(done) + " of " + size(total)));
        }
    }

    static String size(long bytes) {
        if (bytes < 1000) {
            return bytes + " bytes";
        }
        if (bytes < 1_000_000) {
            return String.format(Locale.ROOT, "%.1f kB", bytes / 1e3);
        }
        return bytes < 1_000_000_000
                ? String.format(Locale.ROOT, "%.1f MB", bytes / 1e6)
                : String.format(Locale.ROOT, "%.2f GB", bytes / 1e9);
    }
}
