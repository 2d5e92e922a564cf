package dev.plumb.reward;

import java.util.List;
import java.util.OptionalInt;

/** A rule that picks one of several solutions of a problem. */
public interface Selection {
    /**
     * Picks.
     *
     * @param candidates the solutions, in the order in which they were made
     * @return the index of the one taken; empty if there are none, or the rule asks for answers and none has one
     */
    OptionalInt pick(List<Candidate> candidates);
}
