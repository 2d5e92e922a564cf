package dev.plumb.objective;

import dev.plumb.tensor.Tensor;

/**
 * Log-probabilities of the trained tokens of some sequences, in one row without padding, sequence after sequence.
 *
 * @param sequences how many sequences
 * @param policy log-probability of each token, [tokens]
 * @param sequence which sequence each token belongs to, 64-bit integers, [tokens]
 * @param lengths trained tokens a sequence, [sequences]
 */
public record SequenceBatch(int sequences, Tensor policy, Tensor sequence, Tensor lengths) {}
