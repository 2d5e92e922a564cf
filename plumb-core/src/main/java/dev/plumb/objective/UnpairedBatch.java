package dev.plumb.objective;

import dev.plumb.tensor.Tensor;

/**
 * Log-probabilities of some completions that were judged good or bad. Tokens of all completions stand in one row, without
 * padding, completion after completion.
 *
 * @param policy log-probability of each token under the trained policy, [tokens]
 * @param reference the same under the frozen reference, [tokens]
 * @param sequence which completion each token belongs to, 64-bit integers, [tokens]
 * @param lengths tokens a completion, [completions]
 * @param desirable which completions were judged good, [completions]
 */
public record UnpairedBatch(Tensor policy, Tensor reference, Tensor sequence, Tensor lengths, boolean[] desirable) {
    /**
     * Sums over each completion.
     *
     * @param perToken [tokens]
     * @return [completions]
     */
    public Tensor sums(Tensor perToken) {
        return Tensor.zeros(perToken.dtype(), perToken.device(), desirable.length)
                .indexAdd(0, sequence, perToken);
    }
}
