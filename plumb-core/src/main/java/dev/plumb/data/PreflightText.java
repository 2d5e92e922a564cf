package dev.plumb.data;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.stream.Collectors;

/** The preflight report as lines for people. */
final class PreflightText {
    private static final int BAR = 30;

    private final StringBuilder out = new StringBuilder();

    private PreflightText() {}

    static String of(Preflight report) {
        PreflightText text = new PreflightText();
        text.rows(report);
        report.rankings().ifPresent(text::rankings);
        report.labels().ifPresent(text::labels);
        report.steps().ifPresent(text::steps);
        text.lengths(report);
        text.tokens(report);
        report.drawn().ifPresent(drawn -> text.drawn(drawn, hasTargets(report)));
        report.notes().forEach(note -> text.line("Note: %s", note));
        report.refusals().forEach(refusal -> text.line("Refused: %s", refusal));
        return text.out.toString();
    }

    private void rows(Preflight report) {
        report.shapes().forEach(shape -> line("Data      %s", shape));
        long left = report.left().stream().mapToLong(Preflight.LeftOut::rows).sum();
        line(
                "Rows      %,d read, %,d train, %,d eval, %,d left out",
                report.read(), report.train(), report.eval(), left);
        for (Preflight.LeftOut reason : report.left()) {
            line("          %,d %s%s", reason.rows(), reason.reason(), reason.asked() ? ", as asked" : "");
            reason.examples().forEach(example -> line("            %s", example));
        }
        Preflight.Repeats repeats = report.repeats();
        line("Repeats   %s%,d rows say what an earlier one says", repeats.exact() ? "" : "about ", repeats.rows());
    }

    private void lengths(Preflight report) {
        line("Tokens    %8s %6s %6s %6s %6s %6s %6s", "mean", "min", "50 %", "90 %", "99 %", "99.5 %", "max");
        lengths("prompt", report.prompt());
        if (hasTargets(report)) {
            lengths("answer", report.answer());
        }
        lengths("row", report.total());
        long most = report.total().histogram().values().stream()
                .mapToLong(Long::longValue)
                .max()
                .orElse(1);
        report.total()
                .histogram()
                .forEach((bound, rows) ->
                        line("  <= %,7d %s %,d", bound, "#".repeat((int) Math.ceil((double) BAR * rows / most)), rows));
        line(
                "Limit     %,d tokens; 99.5 %% of the rows keep within %,d",
                report.maxLength(), report.total().p995());
        Preflight.CutRows cut = report.cut();
        if (cut.rows() > 0) {
            line(
                    "Cut       %,d rows (%s), %,d of them in an answer; %,d tokens of prompts and %,d of answers lost",
                    cut.rows(),
                    percent(cut.rows(), report.train() + report.eval()),
                    cut.answers(),
                    cut.promptTokens(),
                    cut.answerTokens());
        }
        report.answers()
                .ifPresent(answers -> line(
                        "Answers   %.1f tokens chosen, %.1f rejected; chosen is longer in %.1f %%",
                        answers.chosenMean(), answers.rejectedMean(), 100 * answers.chosenLonger()));
    }

    private void rankings(Preflight.Rankings rankings) {
        line(
                "Rankings  %,d; in all %,d pairs of answers of which one is better and %,d ties",
                rankings.rankings(), rankings.pairs(), rankings.ties());
    }

    private void labels(Preflight.Labels labels) {
        line(
                "Labels    %,d judged good and %,d judged bad among the rows that are learnt",
                labels.desirable(), labels.undesirable());
    }

    private void steps(Preflight.Steps steps) {
        line(
                "Steps     %,d good, %,d bad and %,d without a label that is used, among those that are learnt",
                steps.good(), steps.bad(), steps.unlabelled());
    }

    private void lengths(String name, Preflight.Lengths l) {
        line(
                "  %-7s %8.1f %6d %6d %6d %6d %6d %6d",
                name, l.mean(), l.min(), l.p50(), l.p90(), l.p99(), l.p995(), l.max());
    }

    private void tokens(Preflight report) {
        Preflight.Ends ends = report.ends();
        String last = ends.last().entrySet().stream()
                .map(entry -> quoted(entry.getKey()) + " " + String.format(Locale.ROOT, "%,d", entry.getValue()))
                .collect(Collectors.joining(", "));
        if (hasTargets(report)) {
            line("Ends      %.1f %% of the rows teach a stop token; last targets: %s", 100 * ends.stopped(), last);
        }
        line("Specials  %s; %s", counts("BOS at the start", report.bos()), counts("EOS inside", report.eos()));
    }

    /** Prompts that are still to be answered have none. */
    private static boolean hasTargets(Preflight report) {
        return report.answer().max() > 0;
    }

    private void drawn(Preflight.Drawn drawn, boolean targets) {
        String marks = targets
                ? "targets in [[ ]], the last one " + quoted(drawn.lastTarget())
                : "to be gone on with at [[ ]]";
        line("Example   %s, %s", drawn.id(), marks);
        for (String row : drawn.text().split("\n", -1)) {
            line("  | %s", row);
        }
    }

    private static String counts(String what, SortedMap<Integer, Long> rows) {
        List<String> parts = rows.entrySet().stream()
                .map((Map.Entry<Integer, Long> entry) ->
                        String.format(Locale.ROOT, "%d in %,d rows", entry.getKey(), entry.getValue()))
                .toList();
        return what + ": " + (parts.isEmpty() ? "none" : String.join(", ", parts));
    }

    private static String quoted(String token) {
        return "'" + token.replace("\n", "\\n") + "'";
    }

    private static String percent(long part, long whole) {
        return String.format(Locale.ROOT, "%.1f %%", 100.0 * part / Math.max(1, whole));
    }

    private void line(String format, Object... values) {
        out.append(String.format(Locale.ROOT, format, values).stripTrailing()).append('\n');
    }
}
