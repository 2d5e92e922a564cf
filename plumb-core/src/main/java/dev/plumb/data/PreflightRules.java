package dev.plumb.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What is surely wrong with the rows of a run, and what is merely worth knowing. */
final class PreflightRules {
    private static final double MANY = 0.1;
    private static final double LENGTH_BIAS = 0.75;
    private static final double ONE_SIDED = 0.02;

    private PreflightRules() {}

    /**
     * Judges a report.
     *
     * @param facts the report without refusals and notes
     * @param encoder made the rows
     * @return the report with them
     */
    static Preflight judge(Preflight facts, Encoder encoder) {
        return facts.saying(facts.left(), refusals(facts, encoder.config()), notes(facts, encoder));
    }

    private static List<String> refusals(Preflight facts, DataConfig config) {
        List<String> refusals = new ArrayList<>();
        List<Preflight.LeftOut> faults =
                facts.left().stream().filter(reason -> !reason.asked()).toList();
        if (!faults.isEmpty()) {
            refusals.add(faults(faults, facts.read()));
        }
        if (facts.train() == 0) {
            refusals.add(String.format(
                    Locale.ROOT,
                    "No row is left to learn from: of %,d rows read, %,d were left out and %,d are held out for evaluation"
                            + " (data.eval_share=%s).",
                    facts.read(),
                    facts.left().stream().mapToLong(Preflight.LeftOut::rows).sum(),
                    facts.eval(),
                    config.evalShare()));
        }
        long kept = Math.max(1, facts.train() + facts.eval());
        Preflight.CutRows cut = facts.cut();
        if (cut.answers() > config.maxCutShare() * kept) {
            refusals.add(String.format(
                    Locale.ROOT,
                    "%,d rows (%.1f %%) lose a part of their answer at data.max_length=%d, more than data.max_cut_share=%s"
                            + " allows. Raise data.max_length, set data.truncation=drop, or raise data.max_cut_share.",
                    cut.answers(),
                    100.0 * cut.answers() / kept,
                    facts.maxLength(),
                    config.maxCutShare()));
        }
        Preflight.Ends ends = facts.ends();
        if (ends.unstopped() > config.maxUnstoppedShare() * ends.conversations()) {
            refusals.add(String.format(
                    Locale.ROOT,
                    "In %,d of %,d conversations the last target is no special token (most often %s), so a model would not learn"
                            + " to stop. Choose a template that closes turns with data.chat_template, or raise"
                            + " data.max_unstopped_share.",
                    ends.unstopped(),
                    ends.conversations(),
                    ends.last().keySet().stream()
                            .findFirst()
                            .map(PreflightRules::quoted)
                            .orElse("none")));
        }
        long doubled = facts.bos().tailMap(2).values().stream()
                .mapToLong(Long::longValue)
                .sum();
        if (doubled > 0) {
            refusals.add(String.format(
                    Locale.ROOT,
                    "%,d rows open with more than one BOS token. Take it out of the chat template or of the text: Plumb adds it"
                            + " where the tokenizer asks for it.",
                    doubled));
        }
        return refusals;
    }

    private static String faults(List<Preflight.LeftOut> faults, long read) {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "%,d of %,d rows cannot be learnt from. Mend them, or set data.on_bad_row=drop to leave them out.",
                faults.stream().mapToLong(Preflight.LeftOut::rows).sum(),
                read));
        for (Preflight.LeftOut fault : faults) {
            text.append(String.format(Locale.ROOT, "%n  %,d %s: %s", fault.rows(), fault.reason(), fault.remedy()));
            fault.examples()
                    .forEach(example ->
                            text.append(System.lineSeparator()).append("    ").append(example));
        }
        return text.toString();
    }

    private static List<String> notes(Preflight facts, Encoder encoder) {
        List<String> notes = new ArrayList<>();
        DataConfig config = encoder.config();
        long kept = facts.train() + facts.eval();
        if (facts.eval() == 0 && config.evalShare() > 0 && config.evalFiles().isEmpty() && kept > 0) {
            notes.add("No prompt falls into the held-out share, so nothing is evaluated. Raise data.eval_share or name"
                    + " data.eval_files.");
        }
        long left = facts.left().stream().mapToLong(Preflight.LeftOut::rows).sum();
        if (left > MANY * facts.read()) {
            notes.add(String.format(Locale.ROOT, "%.1f %% of the rows are left out.", 100.0 * left / facts.read()));
        }
        if (facts.repeats().rows() > MANY * kept) {
            notes.add(String.format(
                    Locale.ROOT,
                    "%.1f %% of the rows say what an earlier one says; they count as often as they stand there.",
                    100.0 * facts.repeats().rows() / kept));
        }
        if (facts.ends().conversations() == 0 && encoder.hasTemplate() && kept > 0) {
            notes.add(
                    "The model has a chat template, but the rows are plain text and do not go through it. Write them as"
                            + " messages if the model is to be used in conversations.");
        }
        if (config.addEos() && encoder.tokenizer().eos().isEmpty()) {
            notes.add("The tokenizer has no EOS token, so nothing marks the end of plain text.");
        }
        facts.answers()
                .filter(answers -> Math.abs(answers.chosenLonger() - 0.5) > LENGTH_BIAS - 0.5)
                .ifPresent(answers -> notes.add(String.format(
                        Locale.ROOT,
                        "The preferred answer is the longer one in %.0f %% of the pairs: length alone tells them apart, and the"
                                + " model may learn that.",
                        100 * answers.chosenLonger())));
        facts.labels().ifPresent(labels -> notes.addAll(balance(labels)));
        facts.steps().ifPresent(steps -> notes.addAll(steps(steps)));
        return notes;
    }

    private static List<String> steps(Preflight.Steps steps) {
        List<String> notes = new ArrayList<>();
        double share = (double) steps.good() / Math.max(1, steps.good() + steps.bad());
        if (share < ONE_SIDED || share > 1 - ONE_SIDED) {
            notes.add(String.format(
                    Locale.ROOT,
                    "%.1f %% of the labelled steps are good: a model learns little from labels that hardly differ.",
                    100 * share));
        }
        if (steps.merged() > 0) {
            notes.add(String.format(
                    Locale.ROOT,
                    "%,d solutions have more steps than max_solution_steps; what is left of them stays with the last step.",
                    steps.merged()));
        }
        return notes;
    }

    /** arXiv 2402.01306, equation 8: with weights λ and counts n, (λ_D n_D) / (λ_U n_U) is to lie between 1 and 4/3. */
    private static List<String> balance(Preflight.Labels labels) {
        if (labels.desirable() == 0 || labels.undesirable() == 0) {
            return List.of("All rows that are learnt are judged " + (labels.desirable() > 0 ? "good" : "bad")
                    + ": nothing shows the model what to keep apart. Add rows that are judged otherwise.");
        }
        if (labels.isBalanced()) {
            return List.of();
        }
        Preflight.Weights least = labels.weights(1);
        Preflight.Weights most = labels.weights(4.0 / 3);
        boolean raisesGood = least.desirable() != 1;
        return List.of(String.format(
                Locale.ROOT,
                "%,d answers that are judged good stand beside %,d that are judged bad. With kto, set %s between %.4g and %.4g, with"
                        + " %s: 1, so that the good ones weigh as much in all as the bad ones, or up to a third more.",
                labels.desirable(),
                labels.undesirable(),
                raisesGood ? "desirable_weight" : "undesirable_weight",
                raisesGood ? least.desirable() : most.undesirable(),
                raisesGood ? most.desirable() : least.undesirable(),
                raisesGood ? "undesirable_weight" : "desirable_weight"));
    }

    private static String quoted(String token) {
        return "'" + token + "'";
    }
}
