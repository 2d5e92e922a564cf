package dev.plumb.data;

/**
 * A prompt, an answer to it, and whether people found the answer good. Every token of the answer is a target, no token of the
 * prompt is. The arrays belong to the reader: they are handed over, not copied.
 *
 * @param prompt token ids, {@code [prompt]}, at least one
 * @param completion token ids of the answer, {@code [completion]}, with the token that ends it
 * @param desirable whether the answer is good
 */
public record TokenJudged(int[] prompt, int[] completion, boolean desirable) implements Example {
    /** Checks that no part is empty. */
    public TokenJudged {
        if (prompt.length == 0 || completion.length == 0) {
            throw new IllegalArgumentException("a judged answer needs at least one token of prompt and of answer, not "
                    + prompt.length + " and " + completion.length);
        }
    }

    @Override
    public int tokens() {
        return prompt.length + completion.length;
    }

    @Override
    public int trainedTokens() {
        return completion.length;
    }
}
