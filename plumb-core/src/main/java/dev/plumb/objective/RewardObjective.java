package dev.plumb.objective;

/** A loss on pairs of rewards, a pure function of them. */
public interface RewardObjective {
    /**
     * What a whole optimiser step holds: the denominator, known before its first part is computed.
     *
     * @param pairs pairs
     */
    record Step(long pairs) {}

    /**
     * The share that some pairs have in a step's loss.
     *
     * @param batch their rewards
     * @param step what the whole step holds
     * @return loss and metrics
     */
    Loss loss(RewardBatch batch, Step step);
}
