package dev.plumb.objective;

import dev.plumb.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * What a reward model gives for some completions, and what people said of them.
 *
 * @param rewards reward of each completion, r, [completions]
 * @param rankings which of them are compared, and how
 * @param parameter the number that an objective {@linkplain RewardObjective#parameter trains} beside the model, [1]
 */
public record RewardBatch(Tensor rewards, List<Ranking> rankings, Optional<Tensor> parameter) {
    /** Checks that every completion that is ranked has a reward. */
    public RewardBatch {
        rankings = List.copyOf(rankings);
        for (Ranking ranking : rankings) {
            for (int item : ranking.items()) {
                if (item < 0 || item >= rewards.numel()) {
                    throw new IllegalArgumentException(
                            "completion " + item + " has no reward among " + rewards.numel());
                }
            }
        }
    }

    /**
     * A batch of an objective that trains the model alone.
     *
     * @param rewards as above
     * @param rankings as above
     */
    public RewardBatch(Tensor rewards, List<Ranking> rankings) {
        this(rewards, rankings, Optional.empty());
    }
}
