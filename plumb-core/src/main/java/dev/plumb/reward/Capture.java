package dev.plumb.reward;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** Reads a stream on a thread of its own and keeps its beginning; what is beyond the limit is not read. */
final class Capture {
    private static final int PATIENCE_MILLIS = 2000;
    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
    private final Thread reader;
    private volatile boolean over;

    Capture(InputStream stream, int limit) {
        reader = new Thread(() -> read(stream, limit), "sandbox-output");
        reader.setDaemon(true);
        reader.start();
    }

    private void read(InputStream stream, int limit) {
        byte[] buffer = new byte[8192];
        try {
            for (int n = stream.read(buffer); n >= 0; n = stream.read(buffer)) {
                synchronized (kept) {
                    int room = limit - kept.size();
                    kept.write(buffer, 0, Math.min(n, room));
                    if (n > room) {
                        over = true;
                        return;
                    }
                }
            }
        } catch (IOException e) {
            // closed when the program was ended
        }
    }

    boolean isOver() {
        return over;
    }

    /** Waits until all was read; not for ever, since a process that got away may hold the stream. */
    void join() throws InterruptedException {
        reader.join(PATIENCE_MILLIS);
    }

    String text() {
        synchronized (kept) {
            return kept.toString(StandardCharsets.UTF_8);
        }
    }
}
