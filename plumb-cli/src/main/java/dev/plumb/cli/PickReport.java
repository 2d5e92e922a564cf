package dev.plumb.cli;

import dev.plumb.evaluate.Estimate;
import dev.plumb.reward.BestOfN;
import dev.plumb.reward.Candidate;
import dev.plumb.reward.RewardScores;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/** What picking gained, in the mean over prompts. */
final class PickReport {
    private final Optional<Picking.Rule> rule;
    private final int samples;
    /** By what is measured, a number for each prompt that has it. */
    private final Map<String, List<Double>> columns = new LinkedHashMap<>();

    private long prompts;
    private long unpicked;
    private long unread;
    private long unrewarded;
    private long partly;

    /**
     * A report of nothing yet.
     *
     * @param rule how one is picked; empty if answers are rewarded only
     * @param samples answers to each prompt
     */
    PickReport(Optional<Picking.Rule> rule, int samples) {
        this.rule = rule;
        this.samples = samples;
    }

    /** Adds the answers to a prompt, of which the first has the number {@code from} among the scores. */
    void add(List<Candidate> answers, Optional<OptionalInt> picked, Optional<RewardScores> scores, int from) {
        prompts++;
        unpicked += picked.filter(OptionalInt::isEmpty).isPresent() ? 1 : 0;
        unread += answers.stream().filter(one -> one.answer().isEmpty()).count();
        if (scores.isEmpty()) {
            return;
        }
        int[] order = BestOfN.ranked(answers).toArray();
        unrewarded += samples - order.length;
        if (order.length < samples || picked.filter(OptionalInt::isEmpty).isPresent()) {
            partly++;
            return;
        }
        OptionalInt one = picked.orElse(OptionalInt.of(0));
        boolean several = scores.get().names().size() > 1;
        if (several) {
            add("reward", order, scores.get().totals(), from, one.getAsInt());
        }
        for (int k = 0; k < scores.get().names().size(); k++) {
            add(scores.get().names().get(k), order, scores.get().raw()[k], from, one.getAsInt());
        }
    }

    private void add(String name, int[] order, double[] all, int from, int picked) {
        double[] values = Arrays.stream(order).mapToDouble(i -> all[from + i]).toArray();
        if (Arrays.stream(values).anyMatch(Double::isNaN)) {
            return;
        }
        if (rule.filter(Picking.Rule.BEST_OF_N::equals).isPresent()) {
            sizes().forEach(k -> column(name + ", best of " + k, BestOfN.expected(values, k)));
            return;
        }
        column(name + (samples == 1 ? "" : ", all answers"), BestOfN.expected(values, 1));
        rule.ifPresent(by -> {
            column(name + ", " + by.key(), all[from + picked]);
            column(name + ", highest", Arrays.stream(values).max().orElseThrow());
        });
    }

    /** Powers of two below the number of answers, and that. */
    private IntStream sizes() {
        return IntStream.concat(IntStream.iterate(1, k -> k < samples, k -> 2 * k), IntStream.of(samples));
    }

    private void column(String name, double value) {
        columns.computeIfAbsent(name, unseen -> new ArrayList<>()).add(value);
    }

    String text() {
        StringBuilder out = new StringBuilder();
        line(
                out,
                "%s%d answer%s to each of %d prompts",
                rule.map(by -> by.key() + ", one of ").orElse(""),
                samples,
                samples == 1 ? "" : "s",
                prompts);
        columns.forEach((name, values) -> out.append(EvalTable.line(
                name,
                Estimate.mean(
                        values.stream().mapToDouble(value -> value).toArray(),
                        IntStream.range(0, values.size()).toArray()))));
        if (unrewarded > 0) {
            line(out, "%d answers have no reward; %d prompts are not in these numbers.", unrewarded, partly);
        }
        if (rule.filter(Picking.Rule::votes).isPresent() && unread > 0) {
            line(
                    out,
                    "In %d of %d answers no final answer was found, so they did not vote; answer_pattern says what one looks"
                            + " like.",
                    unread,
                    prompts * samples);
        }
        if (unpicked > 0) {
            line(out, "To %d of %d prompts no answer could be picked.", unpicked, prompts);
        }
        if (rule.filter(Picking.Rule.BEST_OF_N::equals).isPresent()) {
            line(
                    out,
                    "Picking the best of %d moves what is written from the model by %.4g nats at most (KL, ln n - (n - 1) / n).",
                    samples,
                    BestOfN.klBound(samples));
        }
        return out.toString().stripTrailing();
    }

    private static void line(StringBuilder out, String format, Object... values) {
        out.append(String.format(Locale.ROOT, format, values)).append(String.format("%n"));
    }
}
