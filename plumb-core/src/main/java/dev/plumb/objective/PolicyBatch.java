package dev.plumb.objective;

import dev.plumb.tensor.Tensor;
import java.util.Optional;

/**
 * Some completions of a rollout as they are learnt from. Tokens stand in one row, without padding, completion after completion.
 * Those of a prompt that {@link PolicyObjective#together} wants together stand next to each other.
 *
 * @param rows how many completions
 * @param logps log-probability of each token under the trained policy, ℓ, [tokens]
 * @param oldLogps the same when it was drawn, ℓ_old, no gradient, [tokens]
 * @param refLogps the same under the reference; only if asked for, [tokens]
 * @param advantages Â, [tokens]
 * @param weights of the sampler's mismatch, by which policy terms are multiplied, [tokens]; absent for 1
 * @param entropies of the distribution each token was drawn from, under the trained policy, [tokens]; with a gradient only if asked
 *     for
 * @param critic what belongs to the value function; only if there is one
 * @param sequence which completion each token belongs to, 64-bit integers in 0 … rows - 1, [tokens]
 * @param lengths tokens a completion, [rows]
 */
public record PolicyBatch(
        int rows,
        Tensor logps,
        Tensor oldLogps,
        Optional<Tensor> refLogps,
        Tensor advantages,
        Optional<Tensor> weights,
        Tensor entropies,
        Optional<Critic> critic,
        Tensor sequence,
        Tensor lengths) {

    /**
     * The value function at each token.
     *
     * @param values V as it is, [tokens]
     * @param oldValues V_old, as it was before the first update of this rollout, [tokens]
     * @param returns R, what it is to foresee, [tokens]
     */
    public record Critic(Tensor values, Tensor oldValues, Tensor returns) {}

    /**
     * Sums over each completion.
     *
     * @param perToken [tokens]
     * @return [rows]
     */
    public Tensor sums(Tensor perToken) {
        return Tensor.zeros(perToken.dtype(), perToken.device(), rows).indexAdd(0, sequence, perToken);
    }

    /**
     * Gives each token its completion's number.
     *
     * @param perRow [rows]
     * @return [tokens]
     */
    public Tensor spread(Tensor perRow) {
        return perRow.indexSelect(0, sequence);
    }
}
