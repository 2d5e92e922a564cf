package dev.plumb.data;

import java.util.HashMap;
import java.util.Map;

/**
 * Counts rows that say what an earlier row said, in bounded memory: exact until there are more distinct rows than it may
 * remember, from then on an estimate from a sample by hash (adaptive sampling, Flajolet 1990).
 */
final class Duplicates {
    private final int capacity;
    private final Map<Long, Integer> seen = new HashMap<>();
    private int level;

    /**
     * A counter.
     *
     * @param capacity how many distinct rows it may remember
     */
    Duplicates(int capacity) {
        this.capacity = capacity;
    }

    void add(long hash) {
        if (!sampled(hash)) {
            return;
        }
        seen.merge(hash, 1, Integer::sum);
        while (seen.size() > capacity) {
            level++;
            seen.keySet().removeIf(known -> !sampled(known));
        }
    }

    /**
     * How many rows repeat an earlier one.
     *
     * @return the count, an estimate unless {@link #exact()}
     */
    long count() {
        long repeats = 0;
        for (int times : seen.values()) {
            repeats += times - 1;
        }
        return repeats << level;
    }

    boolean exact() {
        return level == 0;
    }

    private boolean sampled(long hash) {
        return (hash & (1L << level) - 1) == 0;
    }
}
