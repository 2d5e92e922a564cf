package dev.plumb.evaluate;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * The sign-flip permutation test of paired differences (Fisher 1935). If two models are equally good, each prompt's difference
 * was as likely to have the other sign; the test asks how often signs at random give a mean as far from 0.
 */
public final class SignFlip {
    private static final int EXACT = 16;
    private static final int DRAWS = 10_000;
    private static final long SEED = 20_241_225;
    private static final double ROUNDING = 1e-9;

    private SignFlip() {}

    /**
     * The test, two-sided: over all signs for up to 16 differences, else over 10,000 drawn from a fixed seed, with the observed
     * ones counted among them.
     *
     * @param differences one a prompt, independent of each other
     * @return the p-value, above 0
     */
    public static double pValue(double[] differences) {
        // Those that are 0 have no sign to flip, and leave the exact test more room.
        double[] moved = Arrays.stream(differences).filter(d -> d != 0).toArray();
        double size = Arrays.stream(moved).map(Math::abs).sum();
        double observed = Math.abs(Arrays.stream(moved).sum()) - ROUNDING * size;
        if (moved.length <= EXACT) {
            int all = 1 << moved.length;
            int asFar = 0;
            for (int signs = 0; signs < all; signs++) {
                asFar += Math.abs(sum(moved, signs)) >= observed ? 1 : 0;
            }
            return (double) asFar / all;
        }
        SplittableRandom random = new SplittableRandom(SEED);
        int asFar = 0;
        for (int draw = 0; draw < DRAWS; draw++) {
            double sum = 0;
            for (int from = 0; from < moved.length; from += Integer.SIZE) {
                sum += sum(
                        Arrays.copyOfRange(moved, from, Math.min(moved.length, from + Integer.SIZE)), random.nextInt());
            }
            asFar += Math.abs(sum) >= observed ? 1 : 0;
        }
        return (1.0 + asFar) / (1 + DRAWS);
    }

    private static double sum(double[] values, int signs) {
        double sum = 0;
        for (int i = 0; i < values.length; i++) {
            sum += (signs >>> i & 1) == 1 ? -values[i] : values[i];
        }
        return sum;
    }
}
