package dev.plumb.data;

/** One row as tokens: what a training loop draws. */
public sealed interface Example
        permits TokenSequence, TokenPair, TokenRanked, TokenJudged, TokenBelief, TokenSteps, TokenPrompt {
    /**
     * How many tokens the row holds; a prompt of several answers counts once.
     *
     * @return a count above 0
     */
    int tokens();

    /**
     * How many tokens are targets.
     *
     * @return a count from 0
     */
    int trainedTokens();
}
