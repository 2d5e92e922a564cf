package dev.plumb.objective;

import java.util.Optional;

/** A loss on ranked rewards, a pure function of them. */
public interface RewardObjective {
    /**
     * What a whole optimiser step holds: the denominator, known before its first part is computed.
     *
     * @param rankings rankings that the objective {@linkplain #counts counts}
     */
    record Step(long rankings) {}

    /**
     * Whether a ranking says anything to the objective; one that does not is no part of a step.
     *
     * @param ranking the ranking
     * @return true if it has a loss
     */
    default boolean counts(Ranking ranking) {
        return ranking.tellsApart();
    }

    /**
     * The name of a number that is trained beside the model, if the objective has one.
     *
     * @return such as {@code ties.log_nu}; it has one value for all data
     */
    default Optional<String> parameter() {
        return Optional.empty();
    }

    /**
     * Where that number starts.
     *
     * @param tieShare share of ties among the pairs that are learnt
     * @return its value
     */
    default double parameterAtStart(double tieShare) {
        return 0;
    }

    /**
     * The share that some rankings have in a step's loss.
     *
     * @param batch their rewards; rankings that count
     * @param step what the whole step holds
     * @return loss and metrics
     */
    Loss loss(RewardBatch batch, Step step);
}
