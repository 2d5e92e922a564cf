package dev.plumb.train;

import dev.plumb.data.RowId;
import dev.plumb.data.TokenPair;
import dev.plumb.data.TokenStore;
import java.util.ArrayList;
import java.util.List;

/**
 * Some pairs of a step that go through the model together.
 *
 * @param store where they come from
 * @param rows their numbers there
 * @param pairs their tokens
 * @param packing how they are laid out: all chosen completions, then all rejected ones
 */
record PairPart(TokenStore store, List<Long> rows, List<TokenPair> pairs, Packing packing) {

    /** Splits rows, in their order, into parts of about so many tokens; a longer row is a part of its own. */
    static List<PairPart> split(TokenStore store, List<Long> rows, int tokens, Packing.Style style) {
        List<PairPart> parts = new ArrayList<>();
        List<Long> now = new ArrayList<>();
        long held = 0;
        for (long row : rows) {
            long size = store.tokens(row);
            if (!now.isEmpty() && held + size > tokens) {
                parts.add(of(store, now, style));
                now = new ArrayList<>();
                held = 0;
            }
            now.add(row);
            held += size;
        }
        if (!now.isEmpty()) {
            parts.add(of(store, now, style));
        }
        return parts;
    }

    private static PairPart of(TokenStore store, List<Long> rows, Packing.Style style) {
        List<TokenPair> pairs =
                rows.stream().map(row -> (TokenPair) store.get(row)).toList();
        Packing packing = Packing.completions(
                pairs.stream().map(TokenPair::prompt).toList(),
                pairs.stream().map(pair -> List.of(pair.chosen(), pair.rejected())).toList(),
                style);
        return new PairPart(store, List.copyOf(rows), pairs, packing);
    }

    /** Trained tokens of the chosen completions. */
    long chosenTokens() {
        return pairs.stream().mapToLong(pair -> pair.chosen().length).sum();
    }

    List<RowId> ids() {
        return rows.stream().map(store::id).toList();
    }
}
