package dev.plumb.reward;

import java.util.List;

/** What completions are worth. Larger is better. Scores must not depend on what else is in the list. */
@FunctionalInterface
public interface Reward {
    /**
     * Scores completions.
     *
     * @param inputs completions
     * @return one score for each, in their order
     * @throws Exception if it cannot; {@link RewardSet} counts it, and the completions have no reward
     */
    List<Score> scores(List<RewardInput> inputs) throws Exception;
}
