package dev.plumb.data;

/**
 * A prompt and two answers to it, the preferred one first. Every token of both answers is a target, no token of the
 * prompt is. The arrays belong to the reader: they are handed over, not copied.
 *
 * @param prompt token ids, {@code [prompt]}, at least one
 * @param chosen token ids of the preferred answer, {@code [chosen]}, with the token that ends it
 * @param rejected token ids of the other answer, {@code [rejected]}, with the token that ends it
 * @param judgement what else is said of the two
 */
public record TokenPair(int[] prompt, int[] chosen, int[] rejected, Judgement judgement) implements Example {
    /**
     * A pair of which no more is said.
     *
     * @param prompt token ids of the prompt
     * @param chosen token ids of the preferred answer
     * @param rejected token ids of the other answer
     */
    public TokenPair(int[] prompt, int[] chosen, int[] rejected) {
        this(prompt, chosen, rejected, Judgement.PLAIN);
    }

    /** Checks that no part is empty. */
    public TokenPair {
        if (prompt.length == 0 || chosen.length == 0 || rejected.length == 0) {
            throw new IllegalArgumentException("a pair needs at least one token of prompt and of each answer, not "
                    + prompt.length + ", " + chosen.length + " and " + rejected.length);
        }
    }

    @Override
    public int tokens() {
        return prompt.length + chosen.length + rejected.length;
    }

    @Override
    public int trainedTokens() {
        return chosen.length + rejected.length;
    }

    /**
     * The length that a model must be able to read: the prompt and the longer answer.
     *
     * @return a token count
     */
    public int longest() {
        return prompt.length + Math.max(chosen.length, rejected.length);
    }
}
