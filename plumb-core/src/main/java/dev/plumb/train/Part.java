package dev.plumb.train;

import dev.plumb.data.Example;
import dev.plumb.data.TokenBelief;
import dev.plumb.data.TokenJudged;
import dev.plumb.data.TokenPair;
import dev.plumb.data.TokenSequence;
import dev.plumb.data.TokenStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/**
 * Some rows of a step that go through the model together. Where a row has several completions, the first of all rows come
 * first, then the second of all that have one: of pairs, sequence s of the packing belongs to row s modulo their number.
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
        List<List<Long>> groups = groups(rows, store::tokens, tokens);
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

    /** Compared completions, to be read at the end of each. */
    static Iterable<Part<Example>> endings(TokenStore store, List<Long> rows, int tokens, Packing.Style style) {
        return split(
                store,
                rows,
                tokens,
                Example.class,
                all -> Packing.endings(
                        all.stream().map(row -> Compared.of(row).prompt()).toList(),
                        all.stream().map(row -> Compared.of(row).completions()).toList(),
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

    /** Judged completions, one a row. */
    static Iterable<Part<TokenJudged>> judged(TokenStore store, List<Long> rows, int tokens, Packing.Style style) {
        return split(
                store,
                rows,
                tokens,
                TokenJudged.class,
                judged -> Packing.completions(
                        judged.stream().map(TokenJudged::prompt).toList(),
                        judged.stream().map(one -> List.of(one.completion())).toList(),
                        alone(style)));
    }

    /**
     * Rows about beliefs: all chosen completions, all rejected ones, then for each row the tokens of all beliefs where its
     * statement begins, then its statement.
     *
     * @param beliefs how many beliefs there are
     * @param conditioned whether completions stand behind the statement; else behind the prompt, and no statement is there
     */
    static Iterable<Part<TokenBelief>> beliefs(
            TokenStore store, List<Long> rows, int tokens, Packing.Style style, int beliefs, boolean conditioned) {
        return split(
                store,
                rows,
                tokens,
                TokenBelief.class,
                all -> Packing.completions(
                                all.stream()
                                        .map(row -> conditioned ? row.conditioned() : row.prompt())
                                        .toList(),
                                all.stream()
                                        .map(row -> List.of(row.chosen(), row.rejected()))
                                        .toList(),
                                style)
                        .withPromptEnds(
                                all.stream()
                                        .map(row -> Arrays.copyOf(row.names(), beliefs))
                                        .toList(),
                                all.stream()
                                        .map(row -> conditioned ? row.prefix() : new int[0])
                                        .toList()));
    }

    /** How to lay out prompts with one completion each, which share nothing. */
    static Packing.Style alone(Packing.Style style) {
        return style == Packing.Style.SHARED ? Packing.Style.PACKED : style;
    }

    /** How many rows. */
    int size() {
        return rows.size();
    }

    /** Splits what comes in an order into groups of about so many tokens; what is longer is a group of its own. */
    static <T> List<List<T>> groups(List<T> all, ToLongFunction<T> size, int tokens) {
        List<List<T>> groups = new ArrayList<>();
        List<T> now = new ArrayList<>();
        long held = 0;
        for (T one : all) {
            long more = size.applyAsLong(one);
            if (!now.isEmpty() && held + more > tokens) {
                groups.add(List.copyOf(now));
                now.clear();
                held = 0;
            }
            now.add(one);
            held += more;
        }
        if (!now.isEmpty()) {
            groups.add(List.copyOf(now));
        }
        return groups;
    }
}
