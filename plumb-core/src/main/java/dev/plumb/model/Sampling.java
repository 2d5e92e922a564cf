package dev.plumb.model;

import java.util.Set;

/**
 * How tokens are drawn.
 *
 * @param maxNewTokens how many at most
 * @param temperature logits are divided by it; 0 takes the most probable token
 * @param topK only the k most probable tokens; 0 for all
 * @param topP only the most probable tokens that together reach this mass; 1 for all
 * @param stops tokens that end a sequence; the one that did is part of it
 * @param seed of the draws; each sequence has its own stream, so that its text does not depend on what else is generated
 */
public record Sampling(int maxNewTokens, double temperature, int topK, double topP, Set<Integer> stops, long seed) {
    /** Checks ranges. */
    public Sampling {
        if (maxNewTokens < 1) {
            throw new IllegalArgumentException("max_new_tokens must be at least 1, not " + maxNewTokens);
        }
        if (!(temperature >= 0)) {
            throw new IllegalArgumentException("temperature must be 0 or more, not " + temperature);
        }
        if (topK < 0) {
            throw new IllegalArgumentException("top_k must be 0 (all) or more, not " + topK);
        }
        if (!(topP > 0 && topP <= 1)) {
            throw new IllegalArgumentException("top_p must be above 0 and at most 1, not " + topP);
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
        return new Sampling(maxNewTokens, 0, 0, 1, stops, 0);
    }
}
