package dev.plumb.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.evaluate.Estimate;
import dev.plumb.evaluate.Holm;
import dev.plumb.evaluate.PairedDifference;
import dev.plumb.evaluate.Verdict;
import dev.plumb.evaluate.Welch;
import dev.plumb.train.Evaluation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;

/** The numbers of a comparison: a table of measures, every method against every other, and what each run took. */
final class CompareResult {
    private static final int COLUMN = 28;
    private static final int COLUMNS = 3;
    private static final double POWER_80 = 2.8;

    private final ComparePlan plan;
    private final Evaluation.Rows rows;
    private final CompareArm start;
    private final Map<String, List<CompareArm>> arms = new LinkedHashMap<>();
    private final Map<String, String> failed;
    private final List<Pairing> pairings;

    /**
     * One method against another.
     *
     * @param difference of their accuracies, first less second, with its interval
     * @param test which gave the p-value
     * @param detail gained and lost pairs, or the runs
     * @param detectable the least true difference that would have been found four times of five
     */
    private record Pairing(
            String first,
            String second,
            Estimate difference,
            String test,
            String detail,
            double p,
            double adjusted,
            double detectable,
            Verdict verdict) {}

    /**
     * Works the numbers out.
     *
     * @param plan what was to be compared
     * @param rows the held-out pairs
     * @param start the model that all started from
     * @param trained those that finished, in the order of the plan, at least one
     * @param failed why others did not, by name
     */
    CompareResult(
            ComparePlan plan,
            Evaluation.Rows rows,
            CompareArm start,
            List<CompareArm> trained,
            Map<String, String> failed) {
        this.plan = plan;
        this.rows = rows;
        this.start = start;
        trained.forEach(arm ->
                arms.computeIfAbsent(arm.method(), unseen -> new ArrayList<>()).add(arm));
        this.failed = failed;
        this.pairings = pairings();
    }

    private List<Pairing> pairings() {
        List<Pairing> found = new ArrayList<>();
        List<String> methods = List.copyOf(arms.keySet());
        for (int i = 0; i < methods.size(); i++) {
            for (int j = i + 1; j < methods.size(); j++) {
                found.add(
                        plan.overRuns() ? runs(methods.get(i), methods.get(j)) : pairs(methods.get(i), methods.get(j)));
            }
        }
        double[] adjusted = Holm.adjusted(found.stream().mapToDouble(Pairing::p).toArray());
        double margin = plan.settings().equivalenceMargin();
        List<Pairing> judged = new ArrayList<>();
        for (int i = 0; i < found.size(); i++) {
            Pairing one = found.get(i);
            Estimate d = one.difference();
            judged.add(new Pairing(
                    one.first(),
                    one.second(),
                    d,
                    one.test(),
                    one.detail(),
                    one.p(),
                    adjusted[i],
                    one.detectable(),
                    Verdict.of(d.low(), d.high(), adjusted[i], margin)));
        }
        return judged;
    }

    private Pairing pairs(String first, String second) {
        PairedDifference paired = PairedDifference.of(right(second), right(first), rows.prompt());
        return new Pairing(
                first,
                second,
                paired.estimate(),
                paired.exactMcNemar() ? "exact McNemar" : "sign flips by prompt",
                paired.outcomes().gained() + " pairs won, " + paired.outcomes().lost() + " lost",
                paired.pValue(),
                Double.NaN,
                paired.detectable(),
                Verdict.NO_EVIDENCE);
    }

    private double[] right(String method) {
        return plan.settings().yardstick().right(arms.get(method).get(0));
    }

    private Pairing runs(String first, String second) {
        double[] a = accuracies(first);
        double[] b = accuracies(second);
        Welch welch = Welch.of(a, b);
        return new Pairing(
                first,
                second,
                new Estimate(welch.difference(), welch.low(), welch.high(), a.length + b.length),
                "Welch's t over runs",
                percents(a) + " against " + percents(b),
                Double.isNaN(welch.pValue()) ? 1 : welch.pValue(),
                Double.NaN,
                POWER_80 * welch.standardError(),
                Verdict.NO_EVIDENCE);
    }

    private double[] accuracies(String method) {
        return values(plan.settings().yardstick().measure(), arms.get(method));
    }

    private static String percents(double[] shares) {
        return String.join(
                ", ",
                Arrays.stream(shares)
                        .mapToObj(share -> String.format(Locale.ROOT, "%.1f", 100 * share))
                        .toList());
    }

    private double[] values(CompareMeasure measure, List<CompareArm> runs) {
        return runs.stream()
                .map(run -> measure.of(run, rows))
                .flatMap(Optional::stream)
                .mapToDouble(Estimate::value)
                .toArray();
    }

    /** What a measure says of a method: over prompts for one run, over runs for several. */
    private Optional<Estimate> estimate(CompareMeasure measure, List<CompareArm> runs) {
        if (!plan.overRuns() || runs.equals(List.of(start))) {
            return measure.of(runs.get(0), rows);
        }
        double[] values = values(measure, runs);
        return values.length == 0 ? Optional.empty() : Optional.of(Welch.overRuns(values));
    }

    /** The start and the methods. */
    private Map<String, List<CompareArm>> all() {
        Map<String, List<CompareArm>> all = new LinkedHashMap<>();
        all.put(start.name(), List.of(start));
        all.putAll(arms);
        return all;
    }

    private int prompts() {
        return Arrays.stream(rows.prompt()).max().orElse(-1) + 1;
    }

    /** What must be read with the numbers. */
    private List<String> notes() {
        List<String> notes = new ArrayList<>();
        int pairs = rows.ids().size();
        notes.add(
                plan.overRuns()
                        ? plan.settings().seeds().size()
                                + " runs of each method: the unit is the run, intervals are Student's over runs,"
                                + " and cover the noise of training, not another choice of held-out prompts. The start is one"
                                + " model, with intervals over prompts."
                        : "One run each: the interval covers prompts, not training noise; seeds=[1, 2, 3] covers that. Shares have"
                                + " Wilson's interval, means a bootstrap over the " + prompts() + " prompts of " + pairs
                                + " held-out pairs.");
        notes.add(
                "Better and worse need a 95 % interval without 0 and a p-value below 0.05 after Holm's adjustment for "
                        + pairings.size() + (pairings.size() == 1 ? " comparison" : " comparisons")
                        + "; equivalent is an interval within ±"
                        + points(plan.settings().equivalenceMargin())
                        + " points; detectable is the true difference that would be found four times of five.");
        notes.add(
                "Every method had " + budget()
                        + ". Tokens are those that went through the model to learn from, prompts included; time and tokens/s are of the"
                        + " whole run, measuring and saving included; memory is the largest resident memory of the run's own process.");
        notes.add(
                "What a method itself compares: log p - log p of the start for dpo, ipo (a token) and kto, log p a token for"
                        + " simpo and orpo, log p for cpo. So preference accuracy says how well each did its own task, from where"
                        + " that began; methods are tested against each other by "
                        + plan.settings().yardstick().measure().title().replace(", %", "")
                        + (plan.settings().yardstick() == CompareSettings.Yardstick.OWN
                                ? "."
                                : ", which asks the same of all."));
        if (start.answered().lengths().length > 0) {
            notes.add("Greedy answers are to " + start.answered().lengths().length + " of " + prompts()
                    + " held-out prompts, of"
                    + " at most " + plan.runs().get(0).job().run().maxCompletionLength() + " tokens"
                    + (start.answered().lengths().length
                                    < Math.min(prompts(), plan.settings().lengthPrompts())
                            ? "; longer prompts leave the model no room to answer."
                            : "."));
        }
        return notes;
    }

    private String budget() {
        CompareArm.Learnt any = arms.values().iterator().next().get(0).learnt().orElseThrow();
        long pairs = plan.runs().stream()
                .mapToLong(run -> run.rowsPerStep() / (run.method().equals("kto") ? 2 : 1))
                .findFirst()
                .orElseThrow();
        return any.cost().steps() + " steps of " + pairs + " pairs"
                + (arms.containsKey("kto")
                        ? "; a pair counts as two rows for kto, a thumb up and a thumb down, which come in any order, and"
                                + " its prompt is read with each"
                        : "");
    }

    /** All of it for {@code compare.json} and the page. */
    ObjectNode json() {
        ObjectNode json = Json.object();
        json.put(
                "title",
                String.join(", ", arms.keySet()) + " on "
                        + plan.runs().get(0).job().run().model().getFileName());
        ObjectNode facts = json.putObject("facts");
        facts.put("Model", plan.runs().get(0).job().run().model().toString());
        facts.put("Held-out pairs", String.valueOf(rows.ids().size()));
        facts.put("Prompts", String.valueOf(prompts()));
        facts.put(
                "Runs",
                String.valueOf(arms.values().stream().mapToInt(List::size).sum()));
        ObjectNode lost = json.putObject("failed");
        failed.forEach(lost::put);
        ArrayNode table = json.putArray("rows");
        for (CompareMeasure measure : CompareMeasure.values()) {
            ObjectNode row = table.addObject();
            row.put("key", measure.key()).put("name", measure.title()).put("note", measure.note());
            ArrayNode values = row.putArray("values");
            all().forEach((name, runs) -> estimate(measure, runs).ifPresent(e -> {
                ObjectNode value = values.addObject().put("label", name).put("value", measure.scale() * e.value());
                if (Double.isFinite(e.low())) {
                    value.put("low", measure.scale() * e.low()).put("high", measure.scale() * e.high());
                }
                value.put(plan.overRuns() && runs.get(0) != start ? "runs" : "prompts", e.prompts());
            }));
        }
        ArrayNode against = json.putArray("comparisons");
        for (Pairing one : pairings) {
            ObjectNode node = against.addObject();
            node.put("first", one.first())
                    .put("second", one.second())
                    .put("measure", plan.settings().yardstick().measure().key());
            put(node, "difference", one.difference().value());
            put(node, "low", one.difference().low());
            put(node, "high", one.difference().high());
            node.put("test", one.test() + " (" + one.detail() + ")");
            put(node, "p", one.p());
            put(node, "p_holm", one.adjusted());
            put(node, "detectable", one.detectable());
            node.put("verdict", one.verdict().words());
        }
        ArrayNode costs = json.putArray("costs");
        arms.values().stream().flatMap(List::stream).forEach(arm -> {
            CompareArm.Learnt learnt = arm.learnt().orElseThrow();
            ObjectNode cost = costs.addObject().put("run", arm.name());
            time(arm).ifPresent(time -> cost.put("time_s", time));
            learnt.cost().peakMb().ifPresent(peak -> cost.put("peak_rss_mb", peak));
            cost.put("steps", learnt.cost().steps());
            cost.put("rows", learnt.rows());
            cost.put("tokens", learnt.cost().tokens());
            time(arm).ifPresent(time -> cost.put("tokens_per_s", learnt.cost().tokens() / time));
            cost.put("report", arm.name() + "/report.html");
        });
        ArrayNode runs = json.putArray("runs");
        arms.values().stream().flatMap(List::stream).forEach(arm -> {
            ObjectNode run = runs.addObject().put("run", arm.name()).put("method", arm.method());
            ObjectNode measures = run.putObject("measures");
            for (CompareMeasure measure : CompareMeasure.values()) {
                measure.of(arm, rows).ifPresent(e -> measures.put(measure.key(), measure.scale() * e.value()));
            }
        });
        notes().forEach(json.putArray("notes")::add);
        return json;
    }

    private static void put(ObjectNode node, String name, double value) {
        if (Double.isFinite(value)) {
            node.put(name, value);
        }
    }

    private static OptionalDouble time(CompareArm arm) {
        return arm.learnt().orElseThrow().cost().time().stream()
                .mapToDouble(time -> Math.max(1, time.toMillis()) / 1000.0)
                .findFirst();
    }

    /** All of it for a terminal. */
    String text() {
        StringBuilder out = new StringBuilder(String.format(
                "%nheld-out pairs, n = %d (%d prompts), with 95 %% intervals%n",
                rows.ids().size(), prompts()));
        CompareMeasure[] measures = CompareMeasure.values();
        for (int from = 0; from < measures.length; from += COLUMNS) {
            List<CompareMeasure> block = List.of(measures).subList(from, Math.min(measures.length, from + COLUMNS));
            out.append(String.format("%n%-10s", ""));
            block.forEach(measure -> out.append(String.format("%" + COLUMN + "s", measure.title())));
            all().forEach((name, runs) -> {
                out.append(String.format("%n%-10s", name));
                block.forEach(measure -> out.append(String.format(
                        "%" + COLUMN + "s",
                        estimate(measure, runs).map(e -> cell(measure, e)).orElse("-"))));
            });
            out.append('\n');
        }
        out.append(String.format(
                "%n%-14s%10s%12s%8s%10s%12s%12s%n", "", "time s", "peak MB", "steps", "rows", "tokens", "tokens/s"));
        arms.values().stream().flatMap(List::stream).forEach(arm -> out.append(cost(arm)));
        if (!pairings.isEmpty()) {
            out.append(String.format(
                    "%nmethod against method by %s, in points%n",
                    plan.settings().yardstick().measure().title().replace(", %", "")));
            pairings.forEach(one -> out.append(line(one)));
        }
        out.append('\n');
        notes().forEach(note ->
                out.append(Text.wrapped(note, 0, Text.columns())).append('\n'));
        return out.toString();
    }

    private static String cell(CompareMeasure measure, Estimate e) {
        String value = measure.scale() == 100 ? "%.1f" : Math.abs(e.value()) < 10 ? "%.3f" : "%.1f";
        String interval = Double.isFinite(e.low()) ? " [" + value + ", " + value + "]" : "";
        Object[] numbers = Stream.of(e.value(), e.low(), e.high())
                .map(number -> measure.scale() * number)
                .toArray();
        return String.format(Locale.ROOT, value + interval, numbers);
    }

    private static String cost(CompareArm arm) {
        CompareArm.Learnt learnt = arm.learnt().orElseThrow();
        OptionalDouble time = time(arm);
        return String.format(
                Locale.ROOT,
                "%-14s%10s%12s%8d%10d%12d%12s%n",
                arm.name(),
                time.isPresent() ? String.format(Locale.ROOT, "%.1f", time.getAsDouble()) : "-",
                learnt.cost().peakMb().isPresent()
                        ? String.valueOf(learnt.cost().peakMb().getAsLong())
                        : "-",
                learnt.cost().steps(),
                learnt.rows(),
                learnt.cost().tokens(),
                time.isPresent()
                        ? String.format(Locale.ROOT, "%.0f", learnt.cost().tokens() / time.getAsDouble())
                        : "-");
    }

    private static String line(Pairing one) {
        Estimate d = one.difference();
        String interval =
                Double.isFinite(d.low()) ? " [" + points(d.low()) + ", " + points(d.high()) + "]" : " (too few runs)";
        return String.format(
                Locale.ROOT,
                "  %-18s %s: %s%s%n%21s%s; %s p = %s, with Holm %s; detectable %s%n",
                one.first() + " - " + one.second(),
                one.verdict().words(),
                points(d.value()),
                interval,
                "",
                one.detail(),
                one.test(),
                p(one.p()),
                p(one.adjusted()),
                Double.isFinite(one.detectable()) ? points(one.detectable()) : "-");
    }

    private static String p(double p) {
        return p < 1e-4 ? "< 0.0001" : String.format(Locale.ROOT, "%.4f", p);
    }

    private static String points(double share) {
        return String.format(Locale.ROOT, "%.1f", 100 * share);
    }
}
