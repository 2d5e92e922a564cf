package dev.plumb.objective;

import dev.plumb.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * What keeps a policy that learns from rewards able to write what it could write before: the likelihood of text (PPO-ptx,
 * InstructGPT, arXiv 2203.02155, equation 2).
 *
 * <p>L = − γ Σ ℓ_t / N over the N trained tokens of the text of a step, whose number has nothing to do with that of the answers.
 *
 * <p>Departure: the paper takes γ = 27.8 with losses of another scale.
 */
public final class Ptx implements SequenceObjective {
    /** The metric of the mean negative log-likelihood, without γ. */
    public static final String LOSS = "loss/ptx_avg";

    private final double coefficient;

    /**
     * The objective.
     *
     * @param coefficient γ
     */
    public Ptx(double coefficient) {
        this.coefficient = coefficient;
    }

    @Override
    public Loss loss(SequenceBatch batch, Step step) {
        Tensor nll = batch.policy().sum().neg();
        Measure mean = new Measure(LOSS, nll.detach().item(), batch.policy().numel());
        return new Loss(nll.mul(coefficient / step.tokens()), List.of(mean));
    }

    @Override
    public Optional<Tensor> knownGradient(Tensor sequence, Tensor lengths, Step step) {
        return Optional.of(
                Tensor.full(-coefficient / step.tokens(), lengths.dtype(), lengths.device(), sequence.size(0)));
    }
}
