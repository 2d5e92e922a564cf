package dev.plumb.evaluate;

import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Several tests at once: the more one looks, the more one finds by chance. Holm's step-down method (Holm 1979) keeps the chance
 * of even one false finding among all of them at the level that a single test would have.
 */
public final class Holm {
    private Holm() {}

    /**
     * Adjusts p-values: the i-th smallest of m becomes p · (m − i + 1), never less than one before it, at most 1.
     *
     * @param pValues of all tests that were made, in any order
     * @return the adjusted ones in the same order, to be held against the level as they are
     */
    public static double[] adjusted(double[] pValues) {
        int[] rising = IntStream.range(0, pValues.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> pValues[i]))
                .mapToInt(i -> i)
                .toArray();
        double[] adjusted = new double[pValues.length];
        double largest = 0;
        for (int i = 0; i < rising.length; i++) {
            largest = Math.max(largest, Math.min(1, pValues[rising[i]] * (rising.length - i)));
            adjusted[rising[i]] = largest;
        }
        return adjusted;
    }
}
