package dev.plumb.reward;

import java.util.Arrays;

/**
 * What the steps of a completion are worth. The arrays are the caller's.
 *
 * @param scores of each, [steps]
 * @param ends the last token of each, counted from the completion's first, rising, [steps]
 */
public record StepScores(double[] scores, int[] ends) {
    /** Nobody judged steps, or they must not be learnt from. */
    public static final StepScores NONE = new StepScores(new double[0], new int[0]);

    /** Checks that both are of the same steps. */
    public StepScores {
        if (scores.length != ends.length || !Arrays.stream(scores).allMatch(Double::isFinite)) {
            throw new IllegalArgumentException("steps that end at tokens " + Arrays.toString(ends)
                    + " cannot have scores " + Arrays.toString(scores));
        }
    }
}
