package dev.plumb.cli;

import dev.plumb.evaluate.Estimate;
import dev.plumb.train.Evaluation;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/** Parts of the rows that are looked at by themselves. */
final class EvalSlices {
    private EvalSlices() {}

    /** All rows, then those of each file if there are several, then by length; empty slices are left out. */
    static Map<String, IntPredicate> of(Evaluation.Rows rows) {
        Map<String, IntPredicate> slices = new LinkedHashMap<>();
        slices.put("all rows", row -> true);
        List<String> files = rows.ids().stream().map(id -> id.file()).distinct().toList();
        if (files.size() > 1) {
            files.forEach(
                    file -> slices.put(file, row -> rows.ids().get(row).file().equals(file)));
        }
        if (Arrays.stream(rows.rejectedTokens()).anyMatch(length -> length > 0)) {
            slices.put("chosen is longer", row -> rows.tokens()[row] > rows.rejectedTokens()[row]);
            slices.put("chosen is not longer", row -> rows.tokens()[row] <= rows.rejectedTokens()[row]);
        }
        int[] sorted = Arrays.stream(rows.promptTokens()).sorted().toArray();
        int middle = sorted[sorted.length / 2];
        if (sorted[0] < middle) {
            slices.put("prompt below " + middle + " tokens", row -> rows.promptTokens()[row] < middle);
            slices.put("prompt of " + middle + " tokens or more", row -> rows.promptTokens()[row] >= middle);
        }
        slices.values().removeIf(kept -> IntStream.range(0, rows.ids().size()).noneMatch(kept));
        return slices;
    }

    /** Some of the rows, with their prompts numbered anew. */
    static final class Subset {
        private final int[] rows;
        private final int[] prompt;

        Subset(int[] prompts, IntPredicate kept) {
            this.rows = IntStream.range(0, prompts.length).filter(kept).toArray();
            Map<Integer, Integer> numbers = new LinkedHashMap<>();
            this.prompt = Arrays.stream(rows)
                    .map(row -> numbers.computeIfAbsent(prompts[row], unseen -> numbers.size()))
                    .toArray();
        }

        boolean isEmpty() {
            return rows.length == 0;
        }

        private double[] of(double[] values) {
            return Arrays.stream(rows).mapToDouble(row -> values[row]).toArray();
        }

        Estimate mean(double[] values) {
            return Estimate.mean(of(values), prompt);
        }

        Estimate share(double[] values) {
            return Estimate.share(of(values), prompt);
        }

        Estimate ratio(double[] numerators, double[] denominators) {
            return Estimate.ratio(of(numerators), of(denominators), prompt);
        }
    }
}
