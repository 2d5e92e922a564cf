package dev.plumb.train;

import dev.plumb.model.Generator;

/**
 * A completion that the policy wrote, and what is known of it. Arrays that are not wanted have no elements.
 *
 * @param row number of its prompt's row in the store
 * @param prompt token ids
 * @param ids its tokens, at least one
 * @param stopped whether it ended of itself
 * @param drawn log-probability with which each token was drawn
 * @param old log-probability of each under the policy that wrote it, as the trainer computes it
 * @param reference the same under the reference
 * @param values what the critic expected before each
 * @param entropies of the distributions that they were drawn from
 */
record Written(
        long row,
        int[] prompt,
        int[] ids,
        boolean stopped,
        double[] drawn,
        double[] old,
        double[] reference,
        double[] values,
        double[] entropies) {

    private static final double[] NOT_WANTED = new double[0];

    /** A completion as it was drawn, of which nothing else is known yet. */
    static Written drawn(long row, int[] prompt, Generator.Completion made) {
        return new Written(
                row,
                prompt,
                made.ids(),
                made.stopped(),
                made.samplingLogps(),
                NOT_WANTED,
                NOT_WANTED,
                NOT_WANTED,
                NOT_WANTED);
    }

    Written scored(double[] ofOld, double[] ofReference, double[] ofValues, double[] ofEntropies) {
        return new Written(row, prompt, ids, stopped, drawn, ofOld, ofReference, ofValues, ofEntropies);
    }
}
