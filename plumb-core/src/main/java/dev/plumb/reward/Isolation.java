package dev.plumb.reward;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Makes calls that may throw anything or never return. Each has a thread and, from its start, a deadline; a thread that goes on after
 * it was interrupted is left behind and counted, and when there are too many of them no more calls are made, so that they
 * cannot take all of the machine.
 */
final class Isolation {
    private final int atOnce;
    private final int mostStuck;
    private final AtomicInteger stuck = new AtomicInteger();

    /**
     * A place for calls.
     *
     * @param atOnce how many run at a time
     * @param mostStuck how many may be left behind
     */
    Isolation(int atOnce, int mostStuck) {
        this.atOnce = atOnce;
        this.mostStuck = mostStuck;
    }

    /** How a call ended. */
    sealed interface Outcome<T> {
        /** With a value. */
        record Done<T>(T value) implements Outcome<T> {}

        /** With an exception or error. */
        record Failed<T>(Throwable cause) implements Outcome<T> {}

        /** Not before its deadline. */
        record TimedOut<T>() implements Outcome<T> {}

        /** It was not made. */
        record Refused<T>() implements Outcome<T> {}
    }

    /** How many calls go on beyond their deadline. */
    int stuck() {
        return stuck.get();
    }

    /**
     * Makes calls, several at a time.
     *
     * @return an outcome for each, in their order
     * @throws InterruptedException if the caller was interrupted; the calls under way are, too
     */
    <T> List<Outcome<T>> run(List<Callable<T>> calls, Duration deadline) throws InterruptedException {
        Semaphore slots = new Semaphore(atOnce);
        List<Call<T>> made = new ArrayList<>();
        try {
            for (Callable<T> callable : calls) {
                while (!slots.tryAcquire(5, TimeUnit.MILLISECONDS)) {
                    made.forEach(Call::endIfLate); // frees the slots of those that hang
                }
                made.add(new Call<>(callable, deadline, slots));
            }
            List<Outcome<T>> outcomes = new ArrayList<>();
            for (Call<T> call : made) {
                outcomes.add(call.await());
            }
            return outcomes;
        } catch (InterruptedException e) {
            made.forEach(Call::end);
            throw e;
        }
    }

    private final class Call<T> {
        private final CompletableFuture<Outcome<T>> outcome = new CompletableFuture<>();
        private final Semaphore slots;
        private final long deadline;
        private final Optional<Thread> thread;

        Call(Callable<T> callable, Duration limit, Semaphore slots) {
            this.slots = slots;
            this.deadline = System.nanoTime() + limit.toNanos();
            if (stuck.get() >= mostStuck) {
                thread = Optional.empty();
                finish(new Outcome.Refused<>());
                return;
            }
            Thread worker = new Thread(() -> run(callable), "reward");
            worker.setDaemon(true);
            thread = Optional.of(worker);
            worker.start();
        }

        private void run(Callable<T> callable) {
            Outcome<T> ended;
            try {
                ended = new Outcome.Done<>(callable.call());
            } catch (Throwable e) { // a stack or a heap that overflows must not end the run either
                ended = new Outcome.Failed<>(e);
            }
            if (!finish(ended)) {
                stuck.decrementAndGet(); // it was late, and is gone now
            }
        }

        /** Settles how the call ended, once. */
        private boolean finish(Outcome<T> ended) {
            boolean first = outcome.complete(ended);
            if (first) {
                slots.release();
            }
            return first;
        }

        void endIfLate() {
            if (System.nanoTime() > deadline) {
                end();
            }
        }

        void end() {
            stuck.incrementAndGet(); // before it is settled, so that the thread's own decrement comes after
            if (finish(new Outcome.TimedOut<>())) {
                thread.ifPresent(Thread::interrupt);
            } else {
                stuck.decrementAndGet();
            }
        }

        Outcome<T> await() throws InterruptedException {
            while (true) {
                try {
                    long left = Math.max(0, deadline - System.nanoTime());
                    return outcome.get(left, TimeUnit.NANOSECONDS);
                } catch (TimeoutException e) {
                    end();
                } catch (ExecutionException e) {
                    throw new IllegalStateException(e); // outcomes are values
                }
            }
        }
    }
}
