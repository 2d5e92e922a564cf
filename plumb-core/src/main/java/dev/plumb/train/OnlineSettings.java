package dev.plumb.train;

import dev.plumb.config.Setting;
import java.util.Optional;

/**
 * How a policy writes what it then learns from.
 *
 * @param numGenerations completions of each prompt
 * @param numIterations how often a rollout is gone through
 * @param numMiniBatches steps of one such walk
 * @param temperature logits are divided by it
 * @param topP only the most probable tokens that together reach this mass
 * @param topK only so many of the most probable tokens
 * @param minP only tokens at least this share as probable as the most probable one
 * @param repetitionPenalty of tokens that are there already
 * @param numGenerationsEval completions of each held-out prompt
 */
public record OnlineSettings(
        @Setting(
                doc = "Completions of each prompt, G. Rows of a batch are completions, so a step's rows"
                        + " (per_device_train_batch_size · gradient_accumulation_steps) must be a multiple of it. If not"
                        + " given, 8 for grpo and raft, 4 for rloo and reinforce_plus_plus with baseline, 2 for online_dpo, 1"
                        + " for the others.",
                min = 1,
                source = "TRL")
        Optional<Integer> numGenerations,

        @Setting(
                doc = "How often a rollout is gone through before the next is written (μ; TRL's num_ppo_epochs in PPO)."
                        + " Beyond 1 the old policy's log-probabilities are kept, and clipping begins to matter.",
                byDefault = "1",
                min = 1,
                source = "TRL; arXiv 2402.03300")
        int numIterations,

        @Setting(
                doc =
                        "Into how many steps one walk through a rollout is cut: a rollout holds so many times the rows of a"
                                + " step. 4 for ppo and 1 for the others if not given.",
                min = 1,
                source = "TRL, of PPO")
        Optional<Integer> numMiniBatches,

        @Setting(
                doc = "Temperature of the draws; log-probabilities are learnt at the same one.",
                byDefault = "1.0",
                min = 0,
                aboveMin = true,
                source = "TRL")
        double temperature,

        @Setting(
                doc = "Draw only from the most probable tokens that together reach this mass. Below 1 the draws are not"
                        + " the policy's own, and sampling/sampling_logp_difference says by how much.",
                byDefault = "1.0",
                min = 0,
                aboveMin = true,
                max = 1,
                source = "TRL")
        double topP,

        @Setting(
                doc = "Draw only from so many of the most probable tokens; 0: all.",
                byDefault = "0",
                min = 0,
                source = "TRL")
        int topK,

        @Setting(
                doc = "Draw only tokens at least this share as probable as the most probable one; 0: all.",
                byDefault = "0.0",
                min = 0,
                max = 1,
                source = "TRL; arXiv 2407.01082")
        double minP,

        @Setting(
                doc = "Makes tokens that are there already less probable in the draws; 1: not.",
                byDefault = "1.0",
                min = 0,
                aboveMin = true,
                source = "TRL")
        double repetitionPenalty,

        @Setting(
                doc = "Completions of each held-out prompt in an evaluation, drawn as in training from seeds of their"
                        + " own.",
                byDefault = "1",
                min = 1,
                source = "TRL")
        int numGenerationsEval) {
    /** The same with what is not given. */
    OnlineSettings or(int generations, int miniBatches) {
        return new OnlineSettings(
                Optional.of(numGenerations.orElse(generations)),
                numIterations,
                Optional.of(numMiniBatches.orElse(miniBatches)),
                temperature,
                topP,
                topK,
                minP,
                repetitionPenalty,
                numGenerationsEval);
    }

    /** G. */
    int generations() {
        return numGenerations.orElseThrow();
    }

    /** Steps of one walk through a rollout. */
    int miniBatches() {
        return numMiniBatches.orElseThrow();
    }

    /** Steps that learn from a rollout. */
    int steps() {
        return numIterations * miniBatches();
    }

    /** How prompts become steps, each of so many completions. */
    Pace pace(int rowsPerStep) {
        if (rowsPerStep % generations() != 0) {
            throw new IllegalArgumentException("a step of " + rowsPerStep + " rows (per_device_train_batch_size ·"
                    + " gradient_accumulation_steps) holds no whole groups of num_generations: " + generations()
                    + "; make it a multiple");
        }
        return new Pace(rowsPerStep / generations() * miniBatches(), steps());
    }
}
