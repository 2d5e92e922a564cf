package dev.plumb.reward;

import java.util.Arrays;

/**
 * Rewards on a scale of their own: r' = (r − shift) / scale, with mean and standard deviation of the rewards of reference answers,
 * taken once and never moved again (InstructGPT, arXiv 2203.02155, section 3.5, shifts; Stiennon et al., arXiv 2009.01325, too).
 * Rewards are defined up to a constant only, and members of an ensemble must be on a common scale.
 *
 * @param shift the mean reward of the reference answers
 * @param scale the standard deviation of the rewards of the reference answers themselves
 */
public record Normalisation(double shift, double scale) {
    private static final double LEAST = 1e-6;

    /** Checks that there is a scale. */
    public Normalisation {
        if (!Double.isFinite(shift) || !(scale >= LEAST) || Double.isInfinite(scale)) {
            throw new IllegalArgumentException("rewards of mean " + shift + " and standard deviation " + scale
                    + " give no scale: they must differ by " + LEAST + " or more");
        }
    }

    /**
     * That of some answers.
     *
     * @param rewards of reference answers, at least two that differ
     * @return mean and standard deviation
     * @throws IllegalArgumentException if they do not differ by more than rounding
     */
    public static Normalisation of(double[] rewards) {
        double mean = Arrays.stream(rewards).average().orElse(Double.NaN);
        return new Normalisation(mean, rewards.length == 0 ? 0 : Ensemble.spread(rewards));
    }

    /**
     * A reward on the scale.
     *
     * @param reward as the model gives it
     * @return how many standard deviations it lies above the mean
     */
    public double of(double reward) {
        return (reward - shift) / scale;
    }

    /**
     * The same, held within bounds.
     *
     * @param reward as the model gives it
     * @param clip the largest magnitude, above 0
     * @return from −clip to clip; not a number stays so
     */
    public double of(double reward, double clip) {
        return Math.max(-clip, Math.min(clip, of(reward)));
    }
}
