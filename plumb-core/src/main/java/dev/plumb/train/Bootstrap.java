package dev.plumb.train;

import java.util.SplittableRandom;

/**
 * What each head of an ensemble makes a row count: a number drawn from a Poisson distribution of mean 1, as often as a row is
 * drawn where as many are drawn with replacement (Oza and Russell 2001). It follows from seed, head and row alone, so it does
 * not depend on steps and is the same after a resumption.
 *
 * @param seed of the run
 */
record Bootstrap(long seed) {
    int weight(int head, long row) {
        double u = new SplittableRandom(mixed(mixed(mixed(seed) + head) + row)).nextDouble();
        double probability = Math.exp(-1);
        int weight = 0;
        while (u >= probability && weight < 20) {
            u -= probability;
            weight++;
            probability /= weight;
        }
        return weight;
    }

    private static long mixed(long seed) {
        return new SplittableRandom(seed).nextLong();
    }
}
