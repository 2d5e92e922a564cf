package dev.plumb.train;

import dev.plumb.data.TokenSequence;
import dev.plumb.data.TokenStore;
import java.util.ArrayList;
import java.util.List;

/**
 * Some sequences of a step that go through the model together.
 *
 * @param sequences their tokens
 * @param packing how they are laid out
 */
record SequencePart(List<TokenSequence> sequences, Packing packing) {

    /** Splits rows, in their order, into parts of about so many tokens; a longer row is a part of its own. */
    static List<SequencePart> split(TokenStore store, List<Long> rows, int tokens, Packing.Style style) {
        List<SequencePart> parts = new ArrayList<>();
        for (List<Long> group : Groups.of(store, rows, tokens)) {
            List<TokenSequence> sequences =
                    group.stream().map(row -> (TokenSequence) store.get(row)).toList();
            Packing packing = Packing.sequences(
                    sequences.stream().map(TokenSequence::ids).toList(),
                    sequences.stream().map(TokenSequence::trained).toList(),
                    style);
            parts.add(new SequencePart(sequences, packing));
        }
        return parts;
    }
}
