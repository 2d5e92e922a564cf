package dev.plumb.model;

import java.util.Set;

/**
 * How tokens are drawn. Names and meanings are those of transformers, and so is the order: the repetition penalty, the
 * temperature, then top-k, top-p among what that left, min-p. Tokens as probable as the last one kept are kept, too, where
 * transformers lets the order of a sort decide.
 *
 * @param maxNewTokens how many at most
 * @param temperature logits are divided by it; 0 takes the most probable token
 * @param topK only the k most probable tokens; 0 for all
 * @param topP only the most probable tokens that together reach this mass; 1 for all
 * @param minP only tokens at least this share as probable as the most probable one; 0 for all (arXiv 2407.01082)
 * @param repetitionPenalty logits of tokens that prompt or completion hold are divided by it where they are above 0 and
 *     multiplied where below (arXiv 1909.05858, section 4.1); 1 for none
 * @param stops tokens that end a sequence; the one that did is part of it
 * @param seed of the draws; each sequence has its own stream, so that its draws do not depend on what else is generated
 */
public record Sampling(
        int maxNewTokens,
        double temperature,
        int topK,
        double topP,
        double minP,
        double repetitionPenalty,
        Set<Integer> stops,
        long seed) {
    /** Checks ranges. */
    public Sampling {
        if (maxNewTokens < 1) {
            throw new IllegalArgumentException("max_new_tokens must be at least 1, not " + maxNewTokens);
        }
        if (!(temperature >= 0 && temperature < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("temperature must be 0 or more, not " + temperature);
        }
        if (topK < 0) {
            throw new IllegalArgumentException("top_k must be 0 (all) or more, not " + topK);
        }
        if (!(topP > 0 && topP <= 1)) {
            throw new IllegalArgumentException("top_p must be above 0 and at most 1, not " + topP);
        }
        if (!(minP >= 0 && minP <= 1)) {
            throw new IllegalArgumentException("min_p must be 0 (all) to 1, not " + minP);
        }
        if (!(repetitionPenalty > 0 && repetitionPenalty < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "repetition_penalty must be above 0, and 1 for none, not " + repetitionPenalty);
        }
        stops = Set.copyOf(stops);
    }

    /**
     * The most probable token each time.
     *
     * @param maxNewTokens how many at most
     * @param stops tokens that end a sequence
     * @return greedy sampling
     */
    public static Sampling greedy(int maxNewTokens, Set<Integer> stops) {
        return new Sampling(maxNewTokens, 0, 0, 1, 0, 1, stops, 0);
    }

    /**
     * Draws from all tokens.
     *
     * @param maxNewTokens how many at most
     * @param temperature logits are divided by it
     * @param stops tokens that end a sequence
     * @param seed of the draws
     * @return sampling without truncation
     */
    public static Sampling of(int maxNewTokens, double temperature, Set<Integer> stops, long seed) {
        return new Sampling(maxNewTokens, temperature, 0, 1, 0, 1, stops, seed);
    }

    /**
     * The same with fewer tokens.
     *
     * @param tokens how many at most
     * @return sampling that ends after so many, or after as many as before if those are fewer
     */
    public Sampling limitedTo(int tokens) {
        return new Sampling(
                Math.min(tokens, maxNewTokens), temperature, topK, topP, minP, repetitionPenalty, stops, seed);
    }

    boolean isGreedy() {
        return temperature == 0;
    }

    boolean isPenalised() {
        return repetitionPenalty != 1;
    }

    boolean isTruncated() {
        return topK > 0 || topP < 1 || minP > 0;
    }
}
