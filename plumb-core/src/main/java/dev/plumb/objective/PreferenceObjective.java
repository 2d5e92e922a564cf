package dev.plumb.objective;

/** A loss on pairs of completions, a pure function of their log-probabilities. */
public interface PreferenceObjective {
    /**
     * What a whole optimiser step holds: the denominators, known before its first part is computed.
     *
     * @param pairs pairs
     * @param chosenTokens tokens of the chosen completions
     */
    record Step(long pairs, long chosenTokens) {}

    /**
     * The share that some pairs have in a step's loss.
     *
     * @param batch their log-probabilities
     * @param step what the whole step holds
     * @return loss and metrics
     */
    Loss loss(PreferenceBatch batch, Step step);

    /**
     * Whether {@link PreferenceBatch#reference} is used.
     *
     * @return true if a reference policy is needed
     */
    boolean needsReference();

    /**
     * Whether {@link PreferenceBatch#logSquaredMass} is used.
     *
     * @return true if it must be computed
     */
    boolean needsSquaredMass();

    /**
     * Whether a pair's loss depends on the other pairs of its step. Then {@link #loss} is to be called once, with all of them.
     *
     * @return true if a step cannot be split
     */
    default boolean needsWholeStep() {
        return false;
    }

    /**
     * The loss that must stand at step 0, when policy and reference agree.
     *
     * @return the value; NaN if it depends on the data
     */
    double lossAtStart();
}
