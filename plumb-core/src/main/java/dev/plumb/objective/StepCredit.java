package dev.plumb.objective;

import dev.plumb.objective.Experience.Steps;

/**
 * What each step of a completion earns, from the scores c_j of a process reward model; the last of m steps earns the reward of
 * the whole answer besides.
 */
public enum StepCredit {
    /** Nothing: the answer alone counts. */
    OUTCOME_ONLY,
    /** α c_j (arXiv 2312.08935). Without a discount it pays for many steps. */
    SUM,
    /** α (c_j − c_{j+1}), α c_{m−1} for the last but one, nothing for the last (arXiv 2410.15115): from any step on α c_j. */
    DELTA,
    /** α (min(c_j, η) − η) (arXiv 2410.15115): no step pays. */
    CLIP,
    /** α w_j c_j, w = softmax(−c / T) (arXiv 2504.15275): from the first step on about the least c. */
    MIN_FORM;

    /**
     * Rewards of steps.
     *
     * @param steps scores and where they stand
     * @param alpha α
     * @param threshold η
     * @param temperature T
     * @return a reward for each step, to be given to its last token
     */
    double[] rewards(Steps steps, double alpha, double threshold, double temperature) {
        double[] c = steps.rewards();
        double[] out = new double[c.length];
        double least = Double.POSITIVE_INFINITY;
        for (double score : c) {
            least = Math.min(least, score);
        }
        double mass = 0;
        for (double score : c) {
            mass += Math.exp((least - score) / temperature);
        }
        int last = c.length - 1;
        for (int j = 0; j <= last; j++) {
            out[j] = alpha
                    * switch (this) {
                        case OUTCOME_ONLY -> 0;
                        case SUM -> c[j];
                        case DELTA -> j == last ? 0 : j == last - 1 ? c[j] : c[j] - c[j + 1];
                        case CLIP -> Math.min(c[j], threshold) - threshold;
                        case MIN_FORM -> Math.exp((least - c[j]) / temperature) / mass * c[j];
                    };
        }
        return out;
    }
}
