package dev.plumb.train;

import dev.plumb.data.TokenJudged;
import dev.plumb.data.TokenStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The rows of a step, each with the completion of a row that answers another prompt. Who lends to whom follows from the rows
 * and their order alone: neither the split into parts nor a run that goes on from a checkpoint changes it.
 *
 * <p>A row borrows from the next one of the step whose prompt differs, the first following the last. If the step has no such
 * row, because it is alone or all prompts are the same, rows of the store are tried as they are drawn; a row that finds none
 * even so is left out.
 *
 * @param store where the rows are
 * @param pairs who borrows from whom, in the order of the step
 * @param maxLength the longest sequence in tokens; what a borrowed completion has beyond it is cut off
 */
record Mismatch(TokenStore store, List<Pair> pairs, int maxLength) {
    private static final int DRAWS = 100;

    /**
     * A row and where its completion comes from.
     *
     * @param row gives the prompt
     * @param lender gives the completion
     */
    record Pair(long row, long lender) {}

    /** Finds a lender for each row of a step. */
    static Mismatch of(TokenStore store, List<Long> rows, int maxLength) {
        int[] lenders = inStep(store, rows);
        SplittableRandom random = new SplittableRandom(rows.hashCode());
        List<Pair> pairs = new ArrayList<>();
        for (int i = 0; i < lenders.length; i++) {
            long row = rows.get(i);
            long lender = lenders[i] >= 0 ? rows.get(lenders[i]) : inStore(store, prompt(store, row), random);
            if (lender >= 0) {
                pairs.add(new Pair(row, lender));
            }
        }
        return new Mismatch(store, pairs, maxLength);
    }

    /** For each row the next one whose prompt differs; -1 for all if none does. */
    private static int[] inStep(TokenStore store, List<Long> rows) {
        int count = rows.size();
        int[] lenders = new int[count];
        Arrays.fill(lenders, -1);
        int[] following = prompt(store, rows.get(count - 1));
        for (int at = 2 * count - 2; at >= 0; at--) { // backward and twice around, so that the last ones know the first
            int row = at % count;
            int next = (row + 1) % count;
            int[] prompt = prompt(store, rows.get(row));
            lenders[row] = Arrays.equals(prompt, following) ? lenders[next] : next;
            following = prompt;
        }
        return lenders;
    }

    private static long inStore(TokenStore store, int[] prompt, SplittableRandom random) {
        for (int draw = 0; draw < DRAWS; draw++) {
            long other = random.nextLong(store.size());
            if (!Arrays.equals(prompt, prompt(store, other))) {
                return other;
            }
        }
        return -1;
    }

    private static int[] prompt(TokenStore store, long row) {
        return ((TokenJudged) store.get(row)).prompt();
    }

    /** The pairs in parts of about so many tokens, laid out when their turn comes. */
    Iterable<Packing> packings(int tokens, Packing.Style style) {
        List<List<Pair>> groups = Part.groups(pairs, this::tokens, tokens);
        return () -> groups.stream()
                .map(group -> Packing.completions(
                        group.stream().map(pair -> prompt(store, pair.row())).toList(),
                        group.stream().map(pair -> List.of(completion(pair))).toList(),
                        Part.alone(style)))
                .iterator();
    }

    private long tokens(Pair pair) {
        return prompt(store, pair.row()).length + completion(pair).length;
    }

    private int[] completion(Pair pair) {
        int[] whole = ((TokenJudged) store.get(pair.lender())).completion();
        int room = maxLength - prompt(store, pair.row()).length; // at least 1, for the row itself fits
        return whole.length <= room ? whole : Arrays.copyOf(whole, room);
    }
}
