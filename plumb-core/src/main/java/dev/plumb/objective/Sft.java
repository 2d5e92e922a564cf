package dev.plumb.objective;

import dev.plumb.config.Setting;
import dev.plumb.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * Supervised fine-tuning: maximum likelihood on demonstrations (InstructGPT, arXiv 2203.02155, section 3.5).
 *
 * <p>L = − Σ ℓ_t / N, where ℓ_t is the log-probability of a trained token and N counts the trained tokens of the whole
 * accumulated batch: a token of a long answer weighs as much as one of a short answer, however the batch is split.
 */
public final class Sft implements SequenceObjective {
    private final Config config;

    /**
     * The objective.
     *
     * @param config its settings
     */
    public Sft(Config config) {
        this.config = config;
    }

    /** Losses. */
    public enum LossType {
        /** Negative log-likelihood. */
        NLL,
        /** Each token weighed by its own probability, no gradient through the weight (arXiv 2508.05629). */
        DFT
    }

    /** What is averaged over. */
    public enum Reduction {
        /** All trained tokens weigh the same. */
        TOKEN_MEAN,
        /** All sequences weigh the same. */
        SEQ_MEAN_TOKEN_MEAN
    }

    /**
     * Settings of supervised fine-tuning.
     *
     * @param lossType which loss
     * @param reduction what is averaged over
     */
    public record Config(
            @Setting(
                    doc = "nll: negative log-likelihood; dft: each token weighed by its own probability.",
                    byDefault = "nll",
                    source = "TRL; dft: arXiv 2508.05629")
            LossType lossType,

            @Setting(
                    doc = "token_mean: every trained token of a step weighs the same; seq_mean_token_mean: every"
                            + " sequence does.",
                    byDefault = "token_mean",
                    source = "InstructGPT, TRL")
            Reduction reduction) {}

    @Override
    public Loss loss(SequenceBatch batch, Step step) {
        Tensor logps = batch.policy(); // [tokens]
        Tensor nll = logps.neg();
        Tensor losses =
                config.lossType() == LossType.DFT ? nll.mul(logps.detach().exp()) : nll;
        Tensor share =
                losses.mul(weights(batch.sequence(), batch.lengths(), step)).sum();
        return new Loss(share, List.of());
    }

    @Override
    public Optional<Tensor> knownGradient(Tensor sequence, Tensor lengths, Step step) {
        return config.lossType() == LossType.NLL
                ? Optional.of(weights(sequence, lengths, step).neg())
                : Optional.empty();
    }

    /** What each token counts in the step's mean, [tokens]. */
    private Tensor weights(Tensor sequence, Tensor lengths, Step step) {
        return switch (config.reduction()) {
            case TOKEN_MEAN -> Tensor.full(1.0 / step.tokens(), lengths.dtype(), lengths.device(), sequence.size(0));
            case SEQ_MEAN_TOKEN_MEAN -> lengths.mul(step.sequences()).pow(-1).indexSelect(0, sequence);
        };
    }
}
