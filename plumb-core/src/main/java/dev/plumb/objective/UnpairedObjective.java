package dev.plumb.objective;

/** A loss on single completions that were judged good or bad, a pure function of their log-probabilities. */
public interface UnpairedObjective {
    /**
     * What a whole optimiser step holds: the denominators and the baseline, known before its first part is computed.
     *
     * @param desirable completions that were judged good
     * @param undesirable completions that were judged bad
     * @param mismatched log-probabilities of completions behind prompts that they do not belong to
     * @param meanLogRatio mean log-ratio of policy and reference of all completions so far, those of this step included; 0 where
     *     {@link #needsMeanLogRatio} is false
     */
    record Step(long desirable, long undesirable, Mismatched mismatched, double meanLogRatio) {
        /**
         * A step of an objective that needs no mean.
         *
         * @param desirable completions that were judged good
         * @param undesirable completions that were judged bad
         * @param mismatched log-probabilities of completions behind prompts that they do not belong to
         */
        public Step(long desirable, long undesirable, Mismatched mismatched) {
            this(desirable, undesirable, mismatched, 0);
        }

        /**
         * All completions.
         *
         * @return good and bad ones
         */
        public long rows() {
            return desirable + undesirable;
        }
    }

    /**
     * Log-probabilities of the mismatched completions of a whole step, in one order. They are plain numbers, for no gradient
     * goes through them.
     *
     * @param policy summed over tokens, under the trained policy, [completions]; one a row, but for rows for which there was
     *     no completion to another prompt; empty where {@link #needsMismatched} is false
     * @param reference the same under the reference
     */
    record Mismatched(double[] policy, double[] reference) {
        /** For objectives that ask for none. */
        public static final Mismatched NONE = new Mismatched(new double[0], new double[0]);
    }

    /**
     * The share that some completions have in a step's loss.
     *
     * @param batch their log-probabilities
     * @param step what the whole step holds
     * @return loss and metrics
     */
    Loss loss(UnpairedBatch batch, Step step);

    /**
     * Whether {@link Step#mismatched} is used.
     *
     * @return true if it must be computed
     */
    boolean needsMismatched();

    /**
     * Whether {@link Step#meanLogRatio} is used.
     *
     * @return true if it must be known
     */
    default boolean needsMeanLogRatio() {
        return false;
    }

    /**
     * The loss of a step in which policy and reference agree, as they do before the first update.
     *
     * @param step what it holds
     * @return the value
     */
    double lossAtStart(Step step);
}
