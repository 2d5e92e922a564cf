package dev.plumb.data;

import java.util.Arrays;

/**
 * A prompt and a solution in steps, some of which were judged. The arrays belong to the reader: they are handed over, not
 * copied.
 *
 * @param prompt token ids, {@code [prompt]}, at least one
 * @param completion token ids of all steps, each followed by the separator, {@code [completion]}
 * @param ends where in the completion the last token of each step's separator stands, rising, {@code [steps]}
 * @param labels 1 where a step is good, 0 where it is bad, a probability between, or NaN where nothing is known of it,
 *     {@code [steps]}
 */
public record TokenSteps(int[] prompt, int[] completion, int[] ends, double[] labels) implements Example {
    /** Checks that the parts go together. */
    public TokenSteps {
        if (prompt.length == 0 || ends.length == 0 || ends.length != labels.length) {
            throw new IllegalArgumentException("a solution needs a prompt, steps and a label a step, not "
                    + prompt.length + " tokens, " + ends.length + " steps and " + labels.length + " labels");
        }
        for (int j = 0; j < ends.length; j++) {
            if (ends[j] < (j == 0 ? 0 : ends[j - 1] + 1) || ends[j] >= completion.length) {
                throw new IllegalArgumentException(
                        "steps do not end at " + Arrays.toString(ends) + " of " + completion.length + " tokens");
            }
        }
    }

    @Override
    public int tokens() {
        return prompt.length + completion.length;
    }

    /** How many steps have a label. */
    @Override
    public int trainedTokens() {
        return (int) Arrays.stream(labels).filter(label -> !Double.isNaN(label)).count();
    }
}
