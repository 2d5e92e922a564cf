package dev.plumb.train;

import java.util.List;

/**
 * Some completions of a rollout that go through the model together.
 *
 * @param rows their numbers in the rollout, in the order of the packing's sequences
 * @param packing how they are laid out
 */
record RolloutPart(List<Integer> rows, Packing packing) {
    /** Those of all that belong to this part. */
    <T> List<T> of(List<T> all) {
        return rows.stream().map(all::get).toList();
    }
}
