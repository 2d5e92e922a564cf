package dev.plumb.train;

import dev.plumb.data.Example;
import dev.plumb.data.TokenJudged;
import dev.plumb.data.TokenSteps;
import dev.plumb.objective.OutcomeReward.ReadAt;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Where a row is read by a model that scores, and what is known there.
 *
 * @param ids tokens of the row
 * @param at positions in it, rising, [places]
 * @param labels 0 to 1, [places]
 */
record Places(int[] ids, int[] at, double[] labels) {

    /** Reads rows in one way. */
    interface Reader {
        Places of(Example row);
    }

    /** An answer at its end, or at each of its tokens. */
    static Reader outcomes(ReadAt readAt) {
        return row -> {
            TokenJudged judged = (TokenJudged) row;
            int[] ids = joined(judged.prompt(), judged.completion());
            int first = readAt == ReadAt.LAST ? ids.length - 1 : judged.prompt().length;
            int[] at = IntStream.range(first, ids.length).toArray();
            double[] labels = new double[at.length];
            Arrays.fill(labels, judged.desirable() ? 1 : 0);
            return new Places(ids, at, labels);
        };
    }

    /** A solution at the ends of its steps that have a label, or at its last step alone if that one has. */
    static Reader steps(boolean lastOnly) {
        return row -> {
            TokenSteps steps = (TokenSteps) row;
            int from = lastOnly ? steps.ends().length - 1 : 0;
            int[] known = IntStream.range(from, steps.ends().length)
                    .filter(j -> !Double.isNaN(steps.labels()[j]))
                    .toArray();
            return new Places(
                    joined(steps.prompt(), steps.completion()),
                    Arrays.stream(known)
                            .map(j -> steps.prompt().length + steps.ends()[j])
                            .toArray(),
                    Arrays.stream(known).mapToDouble(j -> steps.labels()[j]).toArray());
        };
    }

    private static int[] joined(int[] prompt, int[] completion) {
        int[] ids = Arrays.copyOf(prompt, prompt.length + completion.length);
        System.arraycopy(completion, 0, ids, prompt.length, completion.length);
        return ids;
    }
}
