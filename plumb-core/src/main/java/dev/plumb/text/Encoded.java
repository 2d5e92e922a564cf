package dev.plumb.text;

/**
 * A text as tokens, each with the piece of text that it came from.
 *
 * @param ids token ids
 * @param starts for each token the index of its first {@code char} in the text
 * @param ends for each token the index after its last {@code char}; tokens that share one code point share its span
 */
public record Encoded(int[] ids, int[] starts, int[] ends) {
    /** Refuses arrays of different lengths. */
    public Encoded {
        if (ids.length != starts.length || ids.length != ends.length) {
            throw new IllegalArgumentException(
                    "ids, starts and ends have lengths " + ids.length + ", " + starts.length + " and " + ends.length);
        }
    }
}
