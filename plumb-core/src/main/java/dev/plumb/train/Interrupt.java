package dev.plumb.train;

import java.util.concurrent.CountDownLatch;

/**
 * Ctrl-C, and a polite kill: once armed, the run ends after the step it is in and saves; the process waits until this is
 * closed and then ends with the exit status of the signal, 130 for Ctrl-C.
 */
final class Interrupt implements AutoCloseable {
    private final CountDownLatch saved = new CountDownLatch(1);
    private final Thread hook = new Thread(this::stop, "plumb-interrupt");
    private volatile boolean armed;
    private volatile boolean requested;

    /** From here on the process waits; before, there is nothing to save and it ends at once. */
    void arm() {
        try {
            Runtime.getRuntime().addShutdownHook(hook);
            armed = true;
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
        if (armed && !requested) {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                // The signal came between the question and the removal; the hook has nothing left to wait for.
            }
        }
    }
}
