package dev.plumb.objective;

/** A loss on rows about beliefs, a pure function of their log-probabilities. */
public interface BeliefObjective {
    /**
     * What a whole optimiser step holds, known before its first part is computed.
     *
     * @param rows rows
     * @param majority those whose belief no other is held more than
     */
    record Step(long rows, long majority) {}

    /**
     * The share that some rows have in a step's loss.
     *
     * @param batch their log-probabilities
     * @param step what the whole step holds
     * @return loss and metrics
     */
    Loss loss(BeliefBatch batch, Step step);

    /**
     * Whether a reference policy is used.
     *
     * @return true if the answers must have its log-probabilities
     */
    boolean needsReference();

    /**
     * Whether answers stand behind a statement of their belief.
     *
     * @return false if they are to stand behind the prompt alone
     */
    boolean conditions();

    /** The metric that is log 2 as long as policy and reference agree; only where {@link #needsReference}. */
    String PREFERENCE_LOSS = "loss/pref";
}
