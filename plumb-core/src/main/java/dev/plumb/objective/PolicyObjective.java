package dev.plumb.objective;

import java.util.List;

/**
 * A way to learn from what the policy itself wrote. It says in two pure functions what a rollout is worth, token by token, and
 * what the loss of a part of it is; how completions are drawn, rewarded and laid out it does not know.
 */
public interface PolicyObjective {
    /**
     * What a rollout is worth.
     *
     * @param advantages Â of each token, [rows][tokens]
     * @param returns R of each token, what the critic is to foresee, [rows][tokens]; no rows without a critic
     * @param kept whether a completion is learnt from, [rows]; others count in no denominator
     * @param memory what the objective remembers until the next rollout
     * @param measures metrics of the rollout
     */
    record Credit(
            List<double[]> advantages,
            List<double[]> returns,
            boolean[] kept,
            double[] memory,
            List<Measure> measures) {
        /** Copies the lists. */
        public Credit {
            advantages = List.copyOf(advantages);
            returns = List.copyOf(returns);
            measures = List.copyOf(measures);
        }
    }

    /**
     * What a whole optimiser step holds: the denominators, known before its first part is computed.
     *
     * @param rows completions that are learnt from
     * @param tokens their tokens
     * @param maxLength the length limit of a completion
     * @param memory what {@link #credit} gave to remember
     */
    record Step(long rows, long tokens, int maxLength, double[] memory) {
        /** A step of an objective that remembers nothing. */
        public Step(long rows, long tokens, int maxLength) {
            this(rows, tokens, maxLength, new double[0]);
        }
    }

    /**
     * Judges a whole rollout at once, so that nothing depends on how it is split afterwards.
     *
     * @param experience the rollout
     * @param memory what was remembered of the one before; {@link #start} for the first
     * @return advantages and what goes with them
     */
    Credit credit(Experience experience, double[] memory);

    /**
     * The share that some completions have in a step's loss.
     *
     * @param batch their numbers
     * @param step what the whole step holds
     * @return loss and metrics
     */
    Loss loss(PolicyBatch batch, Step step);

    /**
     * What the objective remembers before the first rollout.
     *
     * @return a few numbers, for most methods none
     */
    default double[] start() {
        return new double[0];
    }

    /**
     * Whether a reference is needed; without, none is held or asked.
     *
     * @return true if {@link Experience#refLogps} and {@link PolicyBatch#refLogps} are used
     */
    boolean needsReference();

    /**
     * Whether {@link #credit} uses {@link Experience#oldLogps}. Where it does not, and a rollout is learnt from in one step, they
     * need not be computed beforehand: the policy has not changed since.
     *
     * @return true if they must be there
     */
    default boolean creditNeedsLogps() {
        return needsReference();
    }

    /**
     * Whether {@link Experience#entropies} are used.
     *
     * @return true if they must be there
     */
    default boolean creditNeedsEntropies() {
        return false;
    }

    /**
     * Whether the loss has a term of entropies, which then have a gradient.
     *
     * @return true if {@link PolicyBatch#entropies} is learnt from
     */
    default boolean learnsEntropies() {
        return false;
    }

    /**
     * Whether a value function is learnt beside the policy.
     *
     * @return true if {@link PolicyBatch#critic} is used
     */
    default boolean needsCritic() {
        return false;
    }

    /**
     * Whether {@link Experience#valuesAtCuts} are used.
     *
     * @return true if they must be there
     */
    default boolean needsValuesAtCuts() {
        return false;
    }

    /**
     * Whether the most probable completion of each prompt is written and rewarded too.
     *
     * @return true if {@link Experience#greedyRewards} is used
     */
    default boolean needsGreedy() {
        return false;
    }

    /**
     * Whether a rollout may be learnt from in one step only: the loss has no ratio of the policy to the one that wrote.
     *
     * @return true if every further step would be wrong
     */
    default boolean onPolicyOnly() {
        return false;
    }

    /**
     * Whether what is left of a rollout is not learnt from, as the policy has gone far from the one that wrote it.
     *
     * @param drift mean over the tokens of the next step of ρ − 1 − log ρ, ρ = e^(ℓ − ℓ_old), before it is applied
     * @return true to skip that step and the others of the rollout
     */
    default boolean stopsAt(double drift) {
        return false;
    }

    /**
     * How many completions of a prompt the loss compares, for which they must be in one batch. Where that is more than 1, {@link
     * #credit} keeps so many of each group or none, and in a {@link PolicyBatch} they stand next to each other.
     *
     * @return 2 for a method that learns from pairs
     */
    default int together() {
        return 1;
    }

    /**
     * The loss where policy and reference agree, which they do before the first update.
     *
     * @return the loss; NaN where it depends on the rollout
     */
    default double lossAtStart() {
        return Double.NaN;
    }

    /**
     * Whether {@link Experience#steps} are used.
     *
     * @return true if something must judge the steps of completions
     */
    default boolean needsSteps() {
        return false;
    }

    /**
     * Whether {@link Experience#rewards} are learnt from.
     *
     * @return false where steps alone are
     */
    default boolean needsRewards() {
        return true;
    }

    /**
     * How many completions a prompt needs at least.
     *
     * @return 2 for a method that compares them
     */
    default int smallestGroup() {
        return 1;
    }
}
