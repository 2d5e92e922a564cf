package dev.plumb.reward;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** Takes the answer with the largest sum of scores, argmax_a Σ R(y_i) over a(y_i) = a (arXiv 2206.02336). */
public final class WeightedVote implements Selection {
    @Override
    public OptionalInt pick(List<Candidate> candidates) {
        return votes(candidates).winner();
    }

    /**
     * What each answer has.
     *
     * @param candidates solutions with scores from 0 to 1: one below 0 would speak against its own answer; NaN where
     *     there is none, which does not vote
     * @return sums of scores, in the order in which answers first came
     * @throws IllegalArgumentException if a score is not from 0 to 1
     */
    public static Map<String, Double> weights(List<Candidate> candidates) {
        return votes(candidates).weights();
    }

    private static Votes votes(List<Candidate> candidates) {
        return Votes.of(candidates, candidate -> {
            if (candidate.score() < 0 || candidate.score() > 1) {
                throw new IllegalArgumentException(
                        "a weighted vote needs scores from 0 to 1, not " + candidate.score());
            }
            return candidate.score();
        });
    }
}
