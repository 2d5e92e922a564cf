package dev.plumb.data;

/**
 * A sequence of tokens and which of them are to be learnt. Both arrays belong to the reader: they are handed over, not
 * copied.
 *
 * @param ids token ids, {@code [time]}
 * @param trained whether the token at a position is a target, {@code [time]}; never true for the first one, which nothing
 *     predicts
 */
public record TokenSequence(int[] ids, boolean[] trained) implements Example {
    /** Checks that both arrays fit together. */
    public TokenSequence {
        if (ids.length == 0 || ids.length != trained.length) {
            throw new IllegalArgumentException(
                    "a sequence of " + ids.length + " tokens cannot have a mask of " + trained.length);
        }
        if (trained[0]) {
            throw new IllegalArgumentException("the first token of a sequence has no prediction and cannot be trained");
        }
    }

    @Override
    public int tokens() {
        return ids.length;
    }

    @Override
    public int trainedTokens() {
        int count = 0;
        for (boolean target : trained) {
            count += target ? 1 : 0;
        }
        return count;
    }

    /**
     * Where the last target stands.
     *
     * @return its position
     */
    int lastTrained() {
        for (int i = trained.length - 1; i >= 0; i--) {
            if (trained[i]) {
                return i;
            }
        }
        throw new IllegalStateException("a sequence without a target");
    }
}
