package dev.plumb.objective;

import java.util.Arrays;
import java.util.List;

/**
 * What a rollout brought, as plain numbers: completions that the policy wrote to some prompts, those to one prompt next to each
 * other, and what was found out about each. Nothing here has a gradient.
 *
 * @param groupSize completions a prompt, G
 * @param rewards what each reward function gave each completion, NaN where it gave nothing, [rows][functions]
 * @param weights of the functions, [functions]
 * @param oldLogps log-probability of each token under the policy as it was when it wrote them, ℓ_old, [rows][tokens]
 * @param refLogps the same under the reference, [rows][tokens]; no rows for methods that do not ask for it
 * @param stopped whether a completion ended of itself, and not at the length limit, [rows]
 * @param entropies of the distribution that each token was drawn from, [rows][tokens]; no rows unless asked for
 * @param values what the critic expected before each token, [rows][tokens]; no rows without a critic
 * @param greedyRewards weighted reward of the most probable completion of each prompt, [rows / G]; empty unless asked for
 * @param valuesAtCuts what the critic expected after the last token of completions that were cut off, 0 for others, [rows]; empty
 *     unless asked for
 * @param steps rewards of the steps of each completion, [rows]; no rows without a judge of steps
 */
public record Experience(
        int groupSize,
        List<double[]> rewards,
        double[] weights,
        List<double[]> oldLogps,
        List<double[]> refLogps,
        boolean[] stopped,
        List<double[]> entropies,
        List<double[]> values,
        double[] greedyRewards,
        double[] valuesAtCuts,
        List<Steps> steps) {
    /**
     * What the steps of a completion earned.
     *
     * @param rewards of each, [steps]
     * @param ends the last token of each, counted from 0, ascending, [steps]
     */
    public record Steps(double[] rewards, int[] ends) {
        /** None, or none that may be learnt from. */
        public static final Steps NONE = new Steps(new double[0], new int[0]);

        /** Checks that both are of the same steps. */
        public Steps {
            boolean ascending = true;
            for (int j = 0; j < ends.length; j++) {
                ascending &= ends[j] > (j == 0 ? -1 : ends[j - 1]);
            }
            if (rewards.length != ends.length || !ascending) {
                throw new IllegalArgumentException("there are " + rewards.length
                        + " rewards of steps, which end at tokens " + Arrays.toString(ends));
            }
        }
    }

    /** A rollout whose steps nobody judged, and whose cuts are ends. */
    public Experience(
            int groupSize,
            List<double[]> rewards,
            double[] weights,
            List<double[]> oldLogps,
            List<double[]> refLogps,
            boolean[] stopped,
            List<double[]> entropies,
            List<double[]> values,
            double[] greedyRewards) {
        this(
                groupSize,
                rewards,
                weights,
                oldLogps,
                refLogps,
                stopped,
                entropies,
                values,
                greedyRewards,
                new double[0],
                List.of());
    }

    /** Checks that all are of the same completions. */
    public Experience {
        rewards = List.copyOf(rewards);
        oldLogps = List.copyOf(oldLogps);
        refLogps = List.copyOf(refLogps);
        entropies = List.copyOf(entropies);
        values = List.copyOf(values);
        steps = List.copyOf(steps);
        int rows = rewards.size();
        if (groupSize < 1 || rows % groupSize != 0) {
            throw new IllegalArgumentException(rows + " completions are no whole groups of " + groupSize);
        }
        for (double[] ofRow : rewards) {
            if (ofRow.length != weights.length) {
                throw new IllegalArgumentException("there are " + weights.length + " reward functions, but a row has "
                        + ofRow.length + " rewards");
            }
        }
        if (oldLogps.size() != rows || stopped.length != rows) {
            throw new IllegalArgumentException("rewards are of " + rows + " completions, log-probabilities of "
                    + oldLogps.size() + ", ends of " + stopped.length);
        }
        for (List<double[]> other : List.of(refLogps, entropies, values)) {
            if (!other.isEmpty()
                    && !Arrays.equals(
                            other.stream().mapToInt(row -> row.length).toArray(),
                            oldLogps.stream().mapToInt(row -> row.length).toArray())) {
                throw new IllegalArgumentException("numbers a token are of other tokens than the log-probabilities");
            }
        }
        if (greedyRewards.length > 0 && greedyRewards.length != rows / groupSize) {
            throw new IllegalArgumentException("there are " + rows / groupSize + " prompts, but " + greedyRewards.length
                    + " rewards of most probable completions");
        }
        if (valuesAtCuts.length > 0 && valuesAtCuts.length != rows) {
            throw new IllegalArgumentException(
                    "rewards are of " + rows + " completions, values at cuts of " + valuesAtCuts.length);
        }
        if (!steps.isEmpty() && steps.size() != rows) {
            throw new IllegalArgumentException(
                    "rewards are of " + rows + " completions, rewards of steps of " + steps.size());
        }
        for (int i = 0; i < steps.size(); i++) {
            int[] ends = steps.get(i).ends();
            if (ends.length > 0 && ends[ends.length - 1] >= oldLogps.get(i).length) {
                throw new IllegalArgumentException("completion " + i + " has " + oldLogps.get(i).length
                        + " tokens, but a step of it ends at token " + ends[ends.length - 1]);
            }
        }
    }

    /** How many completions. */
    int rows() {
        return rewards.size();
    }

    /** Tokens of a completion. */
    int length(int row) {
        return oldLogps.get(row).length;
    }

    /** Tokens of each, [rows]. */
    int[] lengths() {
        return oldLogps.stream().mapToInt(row -> row.length).toArray();
    }

    /**
     * Weighted sum of a completion's rewards, r; what gave nothing counts nothing.
     *
     * @return NaN if no function gave anything
     */
    double reward(int row) {
        double sum = 0;
        boolean any = false;
        double[] ofRow = rewards.get(row);
        for (int k = 0; k < weights.length; k++) {
            if (!Double.isNaN(ofRow[k])) {
                sum += weights[k] * ofRow[k];
                any = true;
            }
        }
        return any ? sum : Double.NaN;
    }

    /** Weighted rewards of all completions. */
    double[] rewardSums() {
        double[] out = new double[rows()];
        for (int i = 0; i < out.length; i++) {
            out[i] = reward(i);
        }
        return out;
    }
}
