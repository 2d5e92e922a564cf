package dev.plumb.data;

import java.util.Arrays;

/**
 * A prompt, a belief about it that is stated at the start of the answer, and two answers behind that statement, of which the
 * first voices the belief. Where one part ends and the next begins was settled when the text became tokens. The arrays belong
 * to the reader: they are handed over, not copied.
 *
 * @param prompt token ids, {@code [prompt]}, at least one
 * @param prefix token ids of the statement, {@code [prefix]}, the first of them the one that stands for the belief
 * @param chosen token ids of the answer that voices the belief, {@code [chosen]}, with the token that ends it
 * @param rejected token ids of the other answer, {@code [rejected]}, with the token that ends it
 * @param belief the belief's number
 * @param names for each belief the token that stands for it behind this prompt, {@code [beliefs]}, no two the same
 * @param opinions how people are spread over the beliefs, as the row says
 */
public record TokenBelief(
        int[] prompt, int[] prefix, int[] chosen, int[] rejected, int belief, int[] names, Opinions opinions)
        implements Example {
    /** Checks that no part is empty and that the statement is that of the belief. */
    public TokenBelief {
        if (prompt.length == 0 || prefix.length == 0 || chosen.length == 0 || rejected.length == 0) {
            throw new IllegalArgumentException(
                    "a row about a belief needs at least one token of prompt, prefix and each"
                            + " answer, not " + prompt.length + ", " + prefix.length + ", " + chosen.length + " and "
                            + rejected.length);
        }
        if (prefix[0] != names[belief]) {
            throw new IllegalArgumentException("the prefix begins with token " + prefix[0] + ", but belief " + belief
                    + " is token " + names[belief]);
        }
        if (Arrays.stream(names).distinct().count() < names.length) {
            throw new IllegalArgumentException("two beliefs have one token: " + Arrays.toString(names));
        }
    }

    @Override
    public int tokens() {
        return prompt.length + prefix.length + chosen.length + rejected.length;
    }

    @Override
    public int trainedTokens() {
        return prefix.length + chosen.length + rejected.length;
    }

    /** The row as a pair of answers that both state the belief first. */
    TokenPair spoken() {
        return new TokenPair(prompt, joined(prefix, chosen), joined(prefix, rejected));
    }

    /**
     * What the answers follow on when the belief is given.
     *
     * @return token ids of the prompt and the prefix
     */
    public int[] conditioned() {
        return joined(prompt, prefix);
    }

    private static int[] joined(int[] a, int[] b) {
        int[] out = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, out, a.length, b.length);
        return out;
    }
}
