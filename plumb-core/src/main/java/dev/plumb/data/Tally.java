package dev.plumb.data;

import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** How often each whole number occurred: lengths, kept exactly. */
final class Tally {
    private final TreeMap<Integer, Long> counts = new TreeMap<>();
    private long count;
    private long sum;

    void add(int value) {
        counts.merge(value, 1L, Long::sum);
        count++;
        sum += value;
    }

    long count() {
        return count;
    }

    double mean() {
        return count == 0 ? 0 : (double) sum / count;
    }

    int max() {
        return count == 0 ? 0 : counts.lastKey();
    }

    int min() {
        return count == 0 ? 0 : counts.firstKey();
    }

    /**
     * The counts.
     *
     * @return per value how often it occurred
     */
    SortedMap<Integer, Long> counts() {
        return Collections.unmodifiableSortedMap(counts);
    }

    /**
     * The smallest value that at least a share of all values do not exceed.
     *
     * @param share 0 to 1
     * @return the value, 0 if there are none
     */
    int quantile(double share) {
        long wanted = (long) Math.ceil(share * count);
        long seen = 0;
        for (Map.Entry<Integer, Long> entry : counts.entrySet()) {
            seen += entry.getValue();
            if (seen >= wanted) {
                return entry.getKey();
            }
        }
        return max();
    }

    /**
     * Counts by powers of two.
     *
     * @return per upper bound (1, 2, 4, ...) how many values lie above half of it and not above it
     */
    SortedMap<Integer, Long> histogram() {
        TreeMap<Integer, Long> bins = new TreeMap<>();
        counts.forEach((value, times) -> {
            int bound = value <= 1 ? 1 : Integer.highestOneBit(value - 1) << 1;
            bins.merge(bound, times, Long::sum);
        });
        return bins;
    }
}
