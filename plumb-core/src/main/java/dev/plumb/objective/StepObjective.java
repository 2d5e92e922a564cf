package dev.plumb.objective;

/** A loss on places in solutions that were judged, a pure function of the model's log-odds there. */
public interface StepObjective {
    /**
     * What a whole optimiser step holds: the denominators, known before its first part is computed.
     *
     * @param places judged places
     * @param solutions solutions that have any
     */
    record Step(long places, long solutions) {}

    /**
     * The share that some places have in a step's loss.
     *
     * @param batch log-odds and labels
     * @param step what the whole step holds
     * @return loss and metrics
     */
    Loss loss(StepBatch batch, Step step);
}
