package dev.plumb.data;

import java.util.Arrays;
import java.util.List;

/**
 * A prompt and several answers to it, ranked. Every token of all answers is a target, no token of the prompt is. The arrays
 * belong to the reader: they are handed over, not copied.
 *
 * @param prompt token ids, {@code [prompt]}, at least one
 * @param completions token ids of each answer, with the token that ends it; at least two answers
 * @param ranks the rank of each answer, 1 for the best; equal ranks stand for answers that are equally good
 */
public record TokenRanked(int[] prompt, List<int[]> completions, int[] ranks) implements Example {
    /** Checks that no part is empty and every answer has a rank. */
    public TokenRanked {
        completions = List.copyOf(completions);
        if (prompt.length == 0 || completions.stream().anyMatch(ids -> ids.length == 0)) {
            throw new IllegalArgumentException("a ranking needs at least one token of prompt and of each answer");
        }
        if (completions.size() < 2 || completions.size() != ranks.length) {
            throw new IllegalArgumentException(
                    completions.size() + " answers with " + ranks.length + " ranks are no ranking");
        }
    }

    @Override
    public int tokens() {
        return prompt.length + trainedTokens();
    }

    @Override
    public int trainedTokens() {
        return completions.stream().mapToInt(ids -> ids.length).sum();
    }

    /**
     * The length that a model must be able to read: the prompt and the longest answer.
     *
     * @return a token count
     */
    public int longest() {
        return prompt.length
                + completions.stream().mapToInt(ids -> ids.length).max().orElse(0);
    }

    /** Whether two answers of different ranks are the same tokens. */
    boolean contradictsItself() {
        for (int i = 0; i < ranks.length; i++) {
            for (int j = 0; j < i; j++) {
                if (ranks[i] != ranks[j] && Arrays.equals(completions.get(i), completions.get(j))) {
                    return true;
                }
            }
        }
        return false;
    }
}
