package dev.plumb.objective;

import dev.plumb.tensor.Tensor;
import java.util.Optional;

/** A loss on single sequences, a pure function of their log-probabilities. */
public interface SequenceObjective {
    /**
     * What a whole optimiser step holds: the denominators, known before its first part is computed.
     *
     * @param sequences sequences
     * @param tokens trained tokens
     */
    record Step(long sequences, long tokens) {}

    /**
     * The share that some sequences have in a step's loss.
     *
     * @param batch their log-probabilities
     * @param step what the whole step holds
     * @return loss and metrics
     */
    Loss loss(SequenceBatch batch, Step step);

    /**
     * The derivative of the loss by each log-probability, if it is known before they are. Then logits need not be computed
     * twice.
     *
     * @param sequence which sequence each token belongs to, 64-bit integers, [tokens]
     * @param lengths trained tokens a sequence, [sequences]
     * @param step what the whole step holds
     * @return [tokens], or empty if the derivative depends on the log-probabilities
     */
    Optional<Tensor> knownGradient(Tensor sequence, Tensor lengths, Step step);
}
