package dev.plumb.train;

import dev.plumb.config.Inline;
import dev.plumb.config.Setting;
import dev.plumb.objective.PolicyObjective;

/**
 * What all methods have that learn from what the policy itself writes.
 *
 * @param run what every run has
 * @param optimisation how weights are updated
 * @param numTrainEpochs how often the prompts are gone through
 * @param online how the policy writes
 * @param rewards what completions are rewarded for
 * @param ptx what is learnt beside what they earn
 * @param reference how the reference is kept
 */
public record OnlineRun(
        @Inline RunSettings run,
        @Inline Optimisation optimisation,

        @Setting(doc = "How often the prompts are gone through.", byDefault = "1.0", min = 0, aboveMin = true)
        double numTrainEpochs,

        @Inline OnlineSettings online,
        @Inline Rewards rewards,
        @Inline PtxSettings ptx,
        @Inline ReferenceSettings reference) {
    /**
     * The same with what a method takes where nothing is given, if its objective can learn so.
     *
     * @param generations completions a prompt
     * @param miniBatches steps of a walk through a rollout
     * @throws IllegalArgumentException with a remedy, if it cannot
     */
    OnlineRun settled(int generations, int miniBatches, PolicyObjective objective) {
        rewards.requireAny();
        return settled(generations, miniBatches, objective, rewards.settled(objective));
    }

    /** The same where a judge says which answers are better. */
    OnlineRun judged(int generations, int miniBatches, PolicyObjective objective) {
        rewards.requireOnlyMeasured();
        return settled(generations, miniBatches, objective, rewards);
    }

    private OnlineRun settled(int generations, int miniBatches, PolicyObjective objective, Rewards given) {
        OnlineSettings all = online.or(generations, miniBatches);
        all.pace(optimisation.rowsPerStep());
        if (all.generations() < objective.smallestGroup()) {
            throw new IllegalArgumentException("num_generations must be at least " + objective.smallestGroup()
                    + ": an answer is judged by the others to its prompt");
        }
        if (all.dynamicSampling() && all.generations() < 2) {
            throw new IllegalArgumentException("dynamic_sampling keeps prompts whose answers differ in reward, and"
                    + " num_generations: 1 gives one answer each: leave it out or raise num_generations");
        }
        if (objective.onPolicyOnly() && all.steps() > 1) {
            throw new IllegalArgumentException(
                    "this loss has no ratio of the policy to the one that wrote, so a rollout"
                            + " can be learnt from in one step only: set num_iterations and num_mini_batches to 1");
        }
        if (objective.needsSteps() && all.dynamicSampling()) {
            throw new IllegalArgumentException(
                    "dynamic_sampling drops prompts whose answers earned the same, though their"
                            + " steps, from which is learnt, did not: leave it out");
        }
        if (reference.precomputeRefLogProbs()) {
            throw new IllegalArgumentException(
                    "precompute_ref_log_probs asks the reference once, before the first step,"
                            + " but what this method learns from is written anew at each; leave it out");
        }
        reference.requireFits(run);
        return new OnlineRun(run, optimisation, numTrainEpochs, all, given, ptx, reference);
    }
}
