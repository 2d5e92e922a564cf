package dev.plumb.reward;

import java.util.ArrayList;
import java.util.List;

/** A reward that looks at one completion at a time. {@link RewardSet} gives each a deadline of its own and runs several at once. */
@FunctionalInterface
public interface Rule extends Reward {
    /**
     * Scores a completion. May run on several threads at once.
     *
     * @param input the completion
     * @return its score
     * @throws Exception if it cannot be scored
     */
    Score score(RewardInput input) throws Exception;

    @Override
    default List<Score> scores(List<RewardInput> inputs) throws Exception {
        List<Score> scores = new ArrayList<>();
        for (RewardInput input : inputs) {
            scores.add(score(input));
        }
        return scores;
    }
}
