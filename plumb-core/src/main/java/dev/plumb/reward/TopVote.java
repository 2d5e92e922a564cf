package dev.plumb.reward;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/**
 * A majority vote among the best-scored solutions (arXiv 2110.14168, section 4.2: 3 to 10 of 100). Of equally frequent answers
 * that of the best-scored solution wins.
 *
 * @param k how many vote, at least 1
 */
public record TopVote(int k) implements Selection {
    /** Checks the number. */
    public TopVote {
        if (k < 1) {
            throw new IllegalArgumentException("k: at least one solution must vote, not " + k);
        }
    }

    @Override
    public OptionalInt pick(List<Candidate> candidates) {
        int[] best = BestOfN.ranked(candidates).limit(k).toArray();
        List<Candidate> voters = Arrays.stream(best).mapToObj(candidates::get).toList();
        OptionalInt winner = Votes.of(voters, candidate -> 1).winner();
        return winner.isPresent() ? OptionalInt.of(best[winner.getAsInt()]) : winner;
    }
}
