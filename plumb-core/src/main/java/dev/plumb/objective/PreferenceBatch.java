package dev.plumb.objective;

import dev.plumb.tensor.Tensor;
import java.util.Optional;

/**
 * Log-probabilities of the completions of some pairs. Tokens of all completions stand in one row, without padding, sequence
 * after sequence: first the chosen ones, pair by pair, then the rejected ones in the same order.
 *
 * @param pairs how many pairs
 * @param policy log-probability of each token under the trained policy, [tokens]
 * @param reference the same under the frozen reference; absent for methods without one
 * @param sequence which sequence each token belongs to, 64-bit integers in 0 … 2 · pairs - 1, [tokens]
 * @param place index of each token in its completion, from 0, 64-bit integers, [tokens]
 * @param lengths tokens a sequence, [2 · pairs]
 * @param logSquaredMass log Σ_v π(v)² where each token was predicted, no gradient, [tokens]; only if asked for
 */
public record PreferenceBatch(
        int pairs,
        Tensor policy,
        Optional<Tensor> reference,
        Tensor sequence,
        Tensor place,
        Tensor lengths,
        Optional<Tensor> logSquaredMass) {

    /**
     * Sums over each sequence.
     *
     * @param perToken [tokens]
     * @return [2 · pairs]
     */
    public Tensor sums(Tensor perToken) {
        return Tensor.zeros(perToken.dtype(), perToken.device(), 2L * pairs).indexAdd(0, sequence, perToken);
    }

    /**
     * The chosen half.
     *
     * @param perSequence [2 · pairs]
     * @return [pairs]
     */
    public Tensor chosen(Tensor perSequence) {
        return perSequence.narrow(0, 0, pairs);
    }

    /**
     * The rejected half.
     *
     * @param perSequence [2 · pairs]
     * @return [pairs]
     */
    public Tensor rejected(Tensor perSequence) {
        return perSequence.narrow(0, pairs, pairs);
    }
}
