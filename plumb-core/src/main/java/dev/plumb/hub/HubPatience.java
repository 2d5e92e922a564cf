package dev.plumb.hub;

import java.time.Duration;

/**
 * How long a hub is waited for.
 *
 * @param attempts how often in a row something may fail
 * @param pause before the second attempt; it doubles from one to the next
 * @param longest the longest pause that a hub may ask for
 * @param silence after which a connection that brings nothing is given up
 */
record HubPatience(int attempts, Duration pause, Duration longest, Duration silence) {
    static final HubPatience USUAL =
            new HubPatience(5, Duration.ofSeconds(1), Duration.ofMinutes(2), Duration.ofSeconds(30));

    Duration pause(int failures) {
        return pause.multipliedBy(1L << Math.min(failures - 1, 5));
    }
}
