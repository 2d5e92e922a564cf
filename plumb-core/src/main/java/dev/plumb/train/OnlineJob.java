package dev.plumb.train;

import dev.plumb.config.Inline;
import dev.plumb.config.Setting;
import dev.plumb.data.RowKind;
import dev.plumb.objective.Grpo;
import dev.plumb.objective.GrpoConfig;
import dev.plumb.objective.PolicyObjective;
import dev.plumb.reward.RewardConfig;

/** All settings of a run that learns from what the policy itself writes. */
public sealed interface OnlineJob extends Job {
    /**
     * How the policy writes.
     *
     * @return the settings
     */
    OnlineSettings online();

    /**
     * What completions are rewarded for.
     *
     * @return the settings
     */
    RewardConfig rewards();

    /**
     * What it learns by.
     *
     * @return the objective
     */
    PolicyObjective policy();

    @Override
    default RowKind rows() {
        return RowKind.PROMPT;
    }

    @Override
    default Pace pace() {
        return online().pace(optimisation().rowsPerStep());
    }

    /**
     * Group-relative policy optimisation.
     *
     * @param run what every run has
     * @param optimisation how weights are updated
     * @param learningRate the learning rate after warm-up
     * @param numTrainEpochs how often the prompts are gone through
     * @param online how the policy writes
     * @param rewards what completions are rewarded for
     * @param reference how the reference is kept
     * @param grpo the objective
     */
    record GrpoJob(
            @Inline RunSettings run,
            @Inline Optimisation optimisation,

            @Setting(
                    doc = "Learning rate after warm-up; about 1e-5 for an adapter.",
                    byDefault = "1e-6",
                    min = 0,
                    aboveMin = true,
                    source = "arXiv 2402.03300; TRL")
            double learningRate,

            @Setting(doc = "How often the prompts are gone through.", byDefault = "1.0", min = 0, aboveMin = true)
            double numTrainEpochs,

            @Inline OnlineSettings online,
            @Inline RewardConfig rewards,
            @Inline ReferenceSettings reference,
            @Inline GrpoConfig grpo)
            implements OnlineJob {
        /** Checks what single ranges cannot. */
        public GrpoJob {
            OnlineJob.check(run, optimisation, online, reference);
            if (online.numGenerations() < 2) {
                throw new IllegalArgumentException(
                        "num_generations must be at least 2: an answer is judged by the others" + " to its prompt");
            }
        }

        @Override
        public PolicyObjective policy() {
            return new Grpo(grpo);
        }
    }

    private static void check(
            RunSettings run, Optimisation optimisation, OnlineSettings online, ReferenceSettings reference) {
        online.pace(optimisation.rowsPerStep());
        if (reference.precomputeRefLogProbs()) {
            throw new IllegalArgumentException(
                    "precompute_ref_log_probs asks the reference once, before the first step,"
                            + " but what this method learns from is written anew at each; leave it out");
        }
        reference.requireFits(run);
    }
}
