package dev.plumb.train;

import java.util.List;
import java.util.function.Function;

/**
 * Some completions of a rollout that go through the model together.
 *
 * @param rows their numbers in the rollout, in the order of the packing's sequences
 * @param packing how they are laid out
 */
record RolloutPart(List<Integer> rows, Packing packing) {
    List<double[]> of(List<double[]> all) {
        return rows.stream().map(all::get).toList();
    }

    List<double[]> ofWritten(List<Written> written, Function<Written, double[]> what) {
        return rows.stream().map(written::get).map(what).toList();
    }
}
