package dev.plumb.reward;

import java.util.List;
import java.util.OptionalInt;

/** A rule that picks one of several solutions of a problem. */
public interface Selection {
    /**
     * Picks.
     *
     * @param candidates the solutions, in the order in which they were made
     * @return the index of the one taken; empty if none has a score that the rule asks for, or an answer if it asks for
     *     answers
     */
    OptionalInt pick(List<Candidate> candidates);
}
