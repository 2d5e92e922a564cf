package dev.plumb.train;

import dev.plumb.config.Setting;
import dev.plumb.objective.SamplerMismatch;
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
 * @param importanceSamplingMode how the loss makes up for draws that are not the policy's own
 * @param importanceSamplingClipMax the largest weight for that
 * @param importanceSamplingClipMin the smallest
 * @param dynamicSampling whether prompts whose completions all earned the same are replaced
 * @param maxResample how often further prompts are drawn for that
 * @param numGenerationsEval completions of each held-out prompt
 * @param completionsSteps steps between rollouts that are kept to be read
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
                doc =
                        "How policy terms are weighted by π / q, the probability of what was drawn under the policy over that"
                                + " under the draws, which top_p, top_k, min_p and repetition_penalty change: none, token_truncate,"
                                + " token_mask, sequence_truncate, sequence_mask or geometric_keep. If not given, token_truncate"
                                + " where one of these four is set and none elsewhere, as the sampler then is the policy itself."
                                + " Weights of tokens, since those of whole answers shrink with each token that is cut off. Not"
                                + " used by the losses seed and seed_sum of grpo.",
                source = "TRL: vllm_importance_sampling_mode, there sequence_mask; Yao et al. 2025")
        Optional<SamplerMismatch.Mode> importanceSamplingMode,

        @Setting(
                doc = "The largest such weight; beyond it weights are cut, or answers and tokens dropped.",
                byDefault = "3.0",
                min = 1,
                source = "TRL: vllm_importance_sampling_clip_max")
        double importanceSamplingClipMax,

        @Setting(
                doc = "The smallest such weight that the modes that drop keep; any if not given.",
                min = 0,
                max = 1,
                source = "TRL: vllm_importance_sampling_clip_min")
        Optional<Double> importanceSamplingClipMin,

        @Setting(
                doc = "Prompts whose answers all earned the same teach nothing to methods that compare them: leave them"
                        + " out and draw further ones until the batch is full. It changes which prompts are learnt from;"
                        + " dynamic_sampling/keep_rate is the share that was kept, dynamic_sampling/reward the mean of all"
                        + " that were drawn.",
                byDefault = "false",
                source = "DAPO, arXiv 2503.14476 eq. 11")
        boolean dynamicSampling,

        @Setting(
                doc =
                        "How often further prompts are drawn, each time as many as are missing; then the step goes on with"
                                + " what it has, and says so. 0: such prompts are left out and no further ones drawn.",
                byDefault = "10",
                min = 0,
                source = "verl: max_num_gen_batches 10")
        int maxResample,

        @Setting(
                doc = "Completions of each held-out prompt in an evaluation, drawn as in training from seeds of their"
                        + " own.",
                byDefault = "1",
                min = 1,
                source = "TRL")
        int numGenerationsEval,

        @Setting(
                doc =
                        "Steps between rollouts of which answers are kept to be read, with their rewards and advantages, in"
                                + " completions.jsonl and in the report: all to sample_prompts of the prompts. 0: none.",
                byDefault = "50",
                min = 0,
                source = "TRL: log_completions")
        int completionsSteps) {
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
                importanceSamplingMode,
                importanceSamplingClipMax,
                importanceSamplingClipMin,
                dynamicSampling,
                maxResample,
                numGenerationsEval,
                completionsSteps);
    }

    /** Whether answers of the rollout that begins at a step, from 0, are kept to be read. */
    boolean keepsAnswersAt(long step) {
        return completionsSteps > 0 && step % completionsSteps < steps();
    }

    /** Whether tokens are drawn from another distribution than the policy's at its temperature. */
    boolean truncates() {
        return topP < 1 || topK > 0 || minP > 0 || repetitionPenalty != 1;
    }

    /** How the loss makes up for that; nothing if it does not. */
    Optional<SamplerMismatch> correction() {
        SamplerMismatch.Mode mode = importanceSamplingMode.orElse(
                truncates() ? SamplerMismatch.Mode.TOKEN_TRUNCATE : SamplerMismatch.Mode.NONE);
        return mode == SamplerMismatch.Mode.NONE
                ? Optional.empty()
                : Optional.of(new SamplerMismatch(
                        new SamplerMismatch.Config(mode, importanceSamplingClipMax, importanceSamplingClipMin)));
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
