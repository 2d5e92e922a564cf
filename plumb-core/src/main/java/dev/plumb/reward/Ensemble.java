package dev.plumb.reward;

import java.util.Arrays;
import java.util.Locale;

/**
 * One reward out of those of several members, which were trained apart and disagree where they know little. With mean m,
 * standard deviation s of the members (of the members themselves, not of a population that they stand for, so that one alone
 * has 0):
 *
 * <p>mean: m; min: the least, the worst case; mean_minus_k_std: m − k s, a lower bound; mean_minus_w_var: m − w s²
 *
 * <p>Source: arXiv 2310.02743, equations 3 and 4, for the worst case and the weight of the variance. Members are to be on a
 * common scale.
 *
 * @param aggregation how they become one
 * @param k how many standard deviations are taken off
 * @param varianceWeight how much of the variance is taken off, w
 */
public record Ensemble(Aggregation aggregation, double k, double varianceWeight) {
    /** Ways to make one reward of several. */
    public enum Aggregation {
        /** Their mean. */
        MEAN,
        /** The least of them. */
        MIN,
        /** Mean less k standard deviations. */
        MEAN_MINUS_K_STD,
        /** Mean less w times the variance. */
        MEAN_MINUS_W_VAR;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Checks the factors. */
    public Ensemble {
        if (!(k >= 0) || !(varianceWeight >= 0)) {
            throw new IllegalArgumentException("k " + k + " and weight " + varianceWeight + " must be 0 or more");
        }
    }

    /**
     * One reward.
     *
     * @param members what each member gives, at least one
     * @return what they give together; not a number if any is not
     */
    public double reward(double[] members) {
        double mean = mean(members);
        double spread = spread(members);
        return switch (aggregation) {
            case MEAN -> mean;
            case MIN -> Arrays.stream(members).reduce(Double.POSITIVE_INFINITY, Math::min);
            case MEAN_MINUS_K_STD -> mean - k * spread;
            case MEAN_MINUS_W_VAR -> mean - varianceWeight * spread * spread;
        };
    }

    /**
     * How far members disagree.
     *
     * @param members what each member gives, at least one
     * @return their standard deviation, 0 for one alone
     */
    public static double spread(double[] members) {
        double mean = mean(members);
        double squares = 0;
        for (double member : members) {
            squares += (member - mean) * (member - mean);
        }
        return Math.sqrt(squares / members.length);
    }

    private static double mean(double[] members) {
        if (members.length == 0) {
            throw new IllegalArgumentException("an ensemble has at least one member");
        }
        return Arrays.stream(members).sum() / members.length;
    }
}
