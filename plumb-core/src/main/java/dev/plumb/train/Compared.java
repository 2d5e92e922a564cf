package dev.plumb.train;

import dev.plumb.data.Example;
import dev.plumb.data.Judgement;
import dev.plumb.data.TokenPair;
import dev.plumb.data.TokenRanked;
import dev.plumb.objective.Ranking;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Completions of a prompt and how they were compared: what a pair and a ranking have in common.
 *
 * @param prompt token ids
 * @param completions token ids of each
 * @param ranks the rank of each, 1 for the best
 * @param judgement of a pair
 */
record Compared(int[] prompt, List<int[]> completions, int[] ranks, Judgement judgement) {
    static Compared of(Example row) {
        if (row instanceof TokenPair pair) {
            int[] ranks = {1, pair.judgement().tie() ? 1 : 2};
            return new Compared(pair.prompt(), List.of(pair.chosen(), pair.rejected()), ranks, pair.judgement());
        }
        TokenRanked ranked = (TokenRanked) row;
        return new Compared(ranked.prompt(), ranked.completions(), ranked.ranks(), Judgement.PLAIN);
    }

    /** How rows rank the sequences of their packing. */
    static List<Ranking> rankings(List<Example> rows) {
        List<Compared> all = rows.stream().map(Compared::of).toList();
        List<int[]> items =
                all.stream().map(row -> new int[row.completions().size()]).toList();
        int sequence = 0;
        int most = items.stream().mapToInt(each -> each.length).max().orElse(0);
        for (int c = 0; c < most; c++) { // as the packing numbers them
            for (int[] each : items) {
                if (c < each.length) {
                    each[c] = sequence++;
                }
            }
        }
        List<Ranking> rankings = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            rankings.add(all.get(i).ranking(items.get(i)));
        }
        return rankings;
    }

    /** All pairs of completions of which the first is better, by their places. */
    List<int[]> pairs() {
        List<int[]> pairs = new ArrayList<>();
        for (int i = 0; i < ranks.length; i++) {
            for (int j = 0; j < ranks.length; j++) {
                if (ranks[i] < ranks[j]) {
                    pairs.add(new int[] {i, j});
                }
            }
        }
        return pairs;
    }

    /** With the numbers that its completions have among some rewards. */
    Ranking ranking(int[] items) {
        return new Ranking(items, ranks, judgement.probability(), 1, judgement.margin());
    }

    /** By itself. */
    Ranking ranking() {
        int[] items = new int[ranks.length];
        Arrays.setAll(items, i -> i);
        return ranking(items);
    }
}
