package dev.plumb.objective;

import dev.plumb.tensor.Tensor;

/**
 * What a reward model gives for the completions of some pairs.
 *
 * @param chosen reward of each chosen completion, r_w, [pairs]
 * @param rejected reward of each rejected one, r_l, [pairs]
 * @param margin by how much r_w is to exceed r_l, μ, 0 where nothing is said of it, [pairs]
 */
public record RewardBatch(Tensor chosen, Tensor rejected, Tensor margin) {
    /** Checks that all are of the same pairs. */
    public RewardBatch {
        if (chosen.numel() != rejected.numel() || chosen.numel() != margin.numel()) {
            throw new IllegalArgumentException("a pair has two rewards and a margin, but there are " + chosen.numel()
                    + ", " + rejected.numel() + " and " + margin.numel());
        }
    }
}
