package dev.plumb.train;

import dev.plumb.reward.RewardScores;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Completions and what they were rewarded with.
 *
 * @param written the completions, those of a prompt next to each other
 * @param scores theirs, in the same order
 */
record Rewarded(List<Written> written, RewardScores scores) {
    /** Weighted rewards of the completions of one group; NaN where there is none. */
    double[] group(int group, int size) {
        return Arrays.copyOfRange(scores.totals(), group * size, (group + 1) * size);
    }

    /** Some groups of so many completions each. */
    Rewarded groups(List<Integer> groups, int size) {
        int[] rows = groups.stream()
                .flatMapToInt(g -> IntStream.range(g * size, (g + 1) * size))
                .toArray();
        return new Rewarded(Arrays.stream(rows).mapToObj(written::get).toList(), scores.of(rows));
    }

    /** These, then others. */
    Rewarded and(Rewarded others) {
        return new Rewarded(
                Stream.concat(written.stream(), others.written.stream()).toList(), scores.and(others.scores));
    }
}
