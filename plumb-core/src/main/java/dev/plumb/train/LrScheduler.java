package dev.plumb.train;

/** How the learning rate changes over a run, as in transformers: a linear warm-up from 0, then one of these. */
public enum LrScheduler {
    /** Stays. */
    CONSTANT,
    /** Falls in a straight line to 0. */
    LINEAR,
    /** Falls along half a cosine to 0. */
    COSINE;

    /**
     * The learning rate of one step.
     *
     * @param peak the learning rate after warm-up
     * @param step the step, from 0
     * @param warmup steps of warm-up
     * @param total steps of the run
     * @return the rate
     */
    double rate(double peak, long step, long warmup, long total) {
        if (step < warmup) {
            return peak * step / warmup;
        }
        double progress = (double) (step - warmup) / Math.max(1, total - warmup);
        return switch (this) {
            case CONSTANT -> peak;
            case LINEAR -> peak * Math.max(0, 1 - progress);
            case COSINE -> peak * Math.max(0, 0.5 * (1 + Math.cos(Math.PI * progress)));
        };
    }
}
