package dev.plumb.evaluate;

import java.util.List;

/**
 * Two models on the same prompts, each prompt passed or failed. Prompts on which both agree say nothing of a difference;
 * what counts is how the others fall.
 *
 * @param gained prompts that only the second model passes
 * @param lost prompts that only the first model passes
 */
public record PairedOutcomes(int gained, int lost) {
    /**
     * Counts.
     *
     * @param first outcomes of the first model by prompt
     * @param second those of the second model, in the same order
     * @return where they differ
     */
    public static PairedOutcomes of(List<Boolean> first, List<Boolean> second) {
        if (first.size() != second.size()) {
            throw new IllegalArgumentException(
                    first.size() + " and " + second.size() + " outcomes are not of the same prompts");
        }
        int gained = 0;
        int lost = 0;
        for (int i = 0; i < first.size(); i++) {
            gained += second.get(i) && !first.get(i) ? 1 : 0;
            lost += first.get(i) && !second.get(i) ? 1 : 0;
        }
        return new PairedOutcomes(gained, lost);
    }

    /**
     * McNemar's exact test, two-sided: how probable a split at least as uneven is if the models are equally good.
     *
     * @return the p-value, 1 if the models never differ
     */
    public double pValue() {
        int differing = gained + lost;
        double tail = 0;
        double log = differing * Math.log(0.5); // of C(n, k) / 2^n, which itself underflows for many prompts
        for (int k = 0; k <= Math.min(gained, lost); k++) {
            tail += Math.exp(log);
            log += Math.log((double) (differing - k) / (k + 1));
        }
        return Math.min(1, 2 * tail);
    }

    /**
     * Whether the second model is better.
     *
     * @return whether it gained more than it lost, with p below 0.05
     */
    public boolean better() {
        return gained > lost && pValue() < 0.05;
    }

    /**
     * Whether the second model is worse.
     *
     * @return whether it lost more than it gained, with p below 0.05
     */
    public boolean worse() {
        return lost > gained && pValue() < 0.05;
    }
}
