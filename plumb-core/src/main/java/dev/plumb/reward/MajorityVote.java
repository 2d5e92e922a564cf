package dev.plumb.reward;

import java.util.List;
import java.util.OptionalInt;

/** Takes the most frequent answer, whatever the scores (self-consistency, arXiv 2203.11171); of equal ones the first. */
public final class MajorityVote implements Selection {
    @Override
    public OptionalInt pick(List<Candidate> candidates) {
        return Votes.of(candidates, candidate -> 1).winner();
    }
}
