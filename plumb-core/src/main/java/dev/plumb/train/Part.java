package dev.plumb.train;

import dev.plumb.data.Example;
import dev.plumb.data.TokenPair;
import dev.plumb.data.TokenSequence;
import dev.plumb.data.TokenStore;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Some rows of a step that go through the model together. Sequence s of the packing belongs to row s modulo their number:
 * where a row has several completions, the first of all rows come first, then the second of all.
 *
 * @param store where they come from
 * @param rows their numbers there
 * @param examples their tokens
 * @param packing how they are laid out
 * @param <E> what a row is
 */
record Part<E extends Example>(TokenStore store, List<Long> rows, List<E> examples, Packing packing) {

    /**
     * Splits rows, in their order, into parts of about so many tokens; a longer row is a part of its own. Rows are read when
     * their part's turn comes, at each iteration, so that no more than one part need be held.
     */
    static <E extends Example> Iterable<Part<E>> split(
            TokenStore store, List<Long> rows, int tokens, Class<E> kind, Function<List<E>, Packing> layout) {
        List<List<Long>> groups = groups(store, rows, tokens);
        return () -> groups.stream()
                .map(group -> {
                    List<E> examples =
                            group.stream().map(row -> kind.cast(store.get(row))).toList();
                    return new Part<>(store, group, examples, layout.apply(examples));
                })
                .iterator();
    }

    /** Pairs: all chosen completions, then all rejected ones. */
    static Iterable<Part<TokenPair>> pairs(TokenStore store, List<Long> rows, int tokens, Packing.Style style) {
        return split(
                store,
                rows,
                tokens,
                TokenPair.class,
                pairs -> Packing.completions(
                        pairs.stream().map(TokenPair::prompt).toList(),
                        pairs.stream()
                                .map(pair -> List.of(pair.chosen(), pair.rejected()))
                                .toList(),
                        style));
    }

    /** Pairs in the same order, to be read at the end of each completion. */
    static Iterable<Part<TokenPair>> endings(TokenStore store, List<Long> rows, int tokens, Packing.Style style) {
        return split(
                store,
                rows,
                tokens,
                TokenPair.class,
                pairs -> Packing.endings(
                        pairs.stream().map(TokenPair::prompt).toList(),
                        pairs.stream()
                                .map(pair -> List.of(pair.chosen(), pair.rejected()))
                                .toList(),
                        style));
    }

    /** Sequences, one a row. */
    static Iterable<Part<TokenSequence>> sequences(TokenStore store, List<Long> rows, int tokens, Packing.Style style) {
        return split(
                store,
                rows,
                tokens,
                TokenSequence.class,
                sequences -> Packing.sequences(
                        sequences.stream().map(TokenSequence::ids).toList(),
                        sequences.stream().map(TokenSequence::trained).toList(),
                        style));
    }

    /** How many rows. */
    int size() {
        return rows.size();
    }

    private static List<List<Long>> groups(TokenStore store, List<Long> rows, int tokens) {
        List<List<Long>> groups = new ArrayList<>();
        List<Long> now = new ArrayList<>();
        long held = 0;
        for (long row : rows) {
            long size = store.tokens(row);
            if (!now.isEmpty() && held + size > tokens) {
                groups.add(List.copyOf(now));
                now.clear();
                held = 0;
            }
            now.add(row);
            held += size;
        }
        if (!now.isEmpty()) {
            groups.add(List.copyOf(now));
        }
        return groups;
    }
}
