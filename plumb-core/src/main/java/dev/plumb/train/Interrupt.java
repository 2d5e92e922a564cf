package dev.plumb.train;

import java.util.concurrent.CountDownLatch;

/**
 * Ctrl-C, and a polite kill: the run ends after the step it is in, saves and records how it ended; the process waits for
 * that and then ends with the exit status of the signal, 130 for Ctrl-C.
 */
final class Interrupt implements AutoCloseable {
    private final CountDownLatch saved = new CountDownLatch(1);
    private final Thread hook = new Thread(this::stop, "plumb-interrupt");
    private volatile boolean requested;

    /** From now on the process does not end before this is closed; until now it ended at once. */
    void heed() {
        try {
            Runtime.getRuntime().addShutdownHook(hook);
        } catch (IllegalStateException e) {
            requested = true; // the signal came just before
        }
    }

    private void stop() {
        requested = true;
        try {
            saved.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    boolean requested() {
        return requested;
    }

    @Override
    public void close() {
        saved.countDown();
        if (!requested) {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                // The signal came between the question and the removal; the hook has nothing left to wait for.
            }
        }
    }
}
