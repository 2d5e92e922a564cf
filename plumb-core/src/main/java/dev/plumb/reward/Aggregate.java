package dev.plumb.reward;

import java.util.Arrays;

/** From the scores of a solution's steps, each the probability c_j that the step is good, to one score R of the solution. */
public enum Aggregate {
    /** R = min c_j: no better than its worst step (arXiv 2312.08935). */
    MIN,
    /** R = Π c_j: all steps are good, were they independent (arXiv 2305.20050); long solutions score less. */
    PROD,
    /** R = (1/m) Σ c_j: one fatal step hardly shows. */
    MEAN,
    /** R = c_m: for models whose scores are chances of success. */
    LAST,
    /** R = (Π c_j)^(1/m): the product without its preference for short solutions. */
    GEO_MEAN,
    /** R = Σ ln(c_j / (1 − c_j)), with c_j held within 0.001 and 0.999: evidence added up; no probability. */
    LOGIT_SUM;

    private static final double LEAST = 0.001;

    /**
     * The score of a solution.
     *
     * @param steps c_j from 0 to 1, in order, at least one
     * @return R: from 0 to 1, but for {@link #LOGIT_SUM}; NaN if any step's score is
     * @throws IllegalArgumentException if there is no step, or a score is no probability
     */
    public double of(double[] steps) {
        if (steps.length == 0) {
            throw new IllegalArgumentException("a solution without steps has no score");
        }
        for (double step : steps) {
            if (step < 0 || step > 1) {
                throw new IllegalArgumentException("the score of a step is a probability, not " + step);
            }
        }
        return switch (this) {
            case MIN -> Arrays.stream(steps).reduce(1, Math::min);
            case PROD -> Math.exp(logs(steps));
            case MEAN -> Arrays.stream(steps).sum() / steps.length;
            case LAST -> steps[steps.length - 1];
            case GEO_MEAN -> Math.exp(logs(steps) / steps.length);
            case LOGIT_SUM -> Arrays.stream(steps).map(Aggregate::logit).sum();
        };
    }

    private static double logs(double[] steps) {
        return Arrays.stream(steps).map(Math::log).sum();
    }

    private static double logit(double c) {
        double held = Math.max(LEAST, Math.min(1 - LEAST, c));
        return Math.log(held / (1 - held));
    }
}
