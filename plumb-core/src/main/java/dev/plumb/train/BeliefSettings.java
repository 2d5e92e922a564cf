package dev.plumb.train;

import dev.plumb.config.Setting;
import java.util.Optional;

/**
 * How it is known how a group's beliefs are spread.
 *
 * @param estimator what is made of the rows' numbers
 * @param alpha votes that every belief has beforehand
 * @param strength votes that the group's histogram counts for
 * @param rowSampling how often a belief occurs among the rows of a prompt
 */
public record BeliefSettings(
        @Setting(
                doc =
                        "given: the column belief_probs; counts: from the column votes, or, where there is none, from the rows"
                                + " themselves, one vote each, as a table of annotators has them; shrunk: the same, drawn towards"
                                + " the histogram of the row's group (column group; of all rows if there is none).",
                byDefault = "given")
        Estimator estimator,

        @Setting(
                doc = "counts: votes that every belief has beforehand; 0 gives the raw shares.",
                byDefault = "0.5",
                min = 0,
                source = "Jeffreys' prior")
        double alpha,

        @Setting(
                doc = "shrunk: how many votes the group's histogram counts for.",
                byDefault = "10",
                min = 0,
                aboveMin = true)
        double strength,

        @Setting(
                doc =
                        "How often a belief occurs among the rows of a prompt: proportional (as often as people hold it; every"
                                + " row counts the same) or one_per_belief (once; a row counts as much as its belief is held)."
                                + " proportional if not given, but one_per_belief with variant: seed.",
                source = "arXiv 2412.20299 and its code have rows in proportion")
        Optional<RowSampling> rowSampling) {
    /** Where p* comes from. */
    public enum Estimator {
        /** The row says. */
        GIVEN,
        /** (n_b + α) / (N + αK). */
        COUNTS,
        /** (n_b + k g_b) / (N + k). */
        SHRUNK
    }

    /** How often beliefs occur. */
    public enum RowSampling {
        /** As often as they are held. */
        PROPORTIONAL,
        /** Once. */
        ONE_PER_BELIEF
    }
}
