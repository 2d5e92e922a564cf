package dev.plumb.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.DoubleStream;

/**
 * The table of results before and after, each with its interval drawn. It comes from {@code summary.json}; without one,
 * from the first and the last evaluation.
 */
final class BeforeAfter {
    private static final JsonMapper JSON = new JsonMapper();
    private static final List<String> TELLING = List.of(
            "loss",
            "rewards/accuracies",
            "rewards/margins",
            "reward",
            "judge/win_rate",
            "prm/mean_score",
            "accuracy",
            "margin",
            "ece",
            "length_baseline_accuracy",
            "mean_token_accuracy",
            "kl",
            "objective/kl",
            "completions/mean_length",
            "entropy");

    /** What is not plain from the names. */
    private static final Map<String, String> NOTES = Map.of(
            "reward", "mean over answers drawn to held-out prompts",
            "prm/mean_score", "mean over steps of answers drawn to held-out prompts",
            "kl", "from the reference, in nats a token",
            "objective/kl", "from the reference, in nats an answer",
            "completions/mean_length", "in tokens",
            "entropy", "of the next token, in nats",
            "ece", "distance of accuracy from confidence",
            "length_baseline_accuracy", "of preferring the longer answer");

    private BeforeAfter() {}

    /** A value at a stage of the run; without an interval, {@code low} and {@code high} are the value. */
    private record Estimate(String stage, double value, double low, double high) {
        static Estimate of(String stage, JsonNode node) {
            double value = node.isObject() ? node.path("value").asDouble(Double.NaN) : node.asDouble(Double.NaN);
            return new Estimate(
                    stage,
                    value,
                    node.path("low").asDouble(value),
                    node.path("high").asDouble(value));
        }

        boolean exact() {
            return !(high > low);
        }
    }

    /** The rows in the form of {@code summary.json}, made from the first and the last evaluation of a log. */
    static ArrayNode fromLog(List<MetricsLog.Entry> entries) {
        ArrayNode rows = JSON.createArrayNode();
        List<MetricsLog.Entry> evaluations = entries.stream()
                .filter(entry -> entry.split() == MetricsLog.Split.EVAL)
                .toList();
        if (evaluations.size() < 2) {
            return rows;
        }
        MetricsLog.Entry first = evaluations.get(0);
        MetricsLog.Entry last = evaluations.get(evaluations.size() - 1);
        for (String name : TELLING) {
            if (first.values().containsKey(name) && last.values().containsKey(name)) {
                ObjectNode row =
                        rows.addObject().put("name", name + ", held-out").put("note", NOTES.getOrDefault(name, ""));
                ArrayNode values = row.putArray("values");
                for (MetricsLog.Entry at : List.of(first, last)) {
                    values.addObject()
                            .put("label", "step " + at.step())
                            .put("value", at.values().get(name));
                }
            }
        }
        return rows;
    }

    /** Stages of one run: what changed from the first to the last. */
    static String html(JsonNode rows) {
        return html(rows, true);
    }

    /** Runs beside each other, of which none comes after another. */
    static String sideBySide(JsonNode rows) {
        return html(rows, false);
    }

    private static String html(JsonNode rows, boolean ordered) {
        List<List<Estimate>> table = new ArrayList<>();
        Set<String> stages = new LinkedHashSet<>();
        for (JsonNode row : rows) {
            List<Estimate> estimates = estimates(row);
            estimates.forEach(estimate -> stages.add(estimate.stage()));
            table.add(estimates);
        }
        if (stages.isEmpty()) {
            return "";
        }
        StringBuilder html = new StringBuilder(
                "<div class=\"scroll\"><table class=\"results\"><thead><tr>" + "<th scope=\"col\">Measure</th>");
        stages.forEach(stage -> html.append("<th scope=\"col\" class=\"number\">")
                .append(Html.escape(Html.words(stage)))
                .append("</th>"));
        html.append(ordered ? "<th scope=\"col\">Change</th>" : "")
                .append("<th scope=\"col\" class=\"picture\">Intervals</th></tr></thead><tbody>");
        for (int i = 0; i < table.size(); i++) {
            List<Estimate> estimates = table.get(i);
            html.append("<tr><th scope=\"row\">")
                    .append(Html.escape(rows.path(i).path("name").asText()));
            String note = rows.path(i).path("note").asText("");
            html.append(note.isEmpty() ? "" : "<small>" + Html.escape(note) + "</small>")
                    .append("</th>");
            int decimals = Html.decimals(estimates.stream()
                    .flatMapToDouble(e -> DoubleStream.of(e.value(), e.low(), e.high()))
                    .toArray());
            for (String stage : stages) {
                html.append("<td class=\"number\" data-label=\"" + Html.escape(Html.words(stage)) + "\">")
                        .append(estimates.stream()
                                .filter(e -> e.stage().equals(stage))
                                .map(e -> cell(e, decimals))
                                .findFirst()
                                .orElse(""))
                        .append("</td>");
            }
            if (ordered) {
                html.append("<td data-label=\"Change\">")
                        .append(change(estimates, decimals))
                        .append("</td>");
            }
            html.append("<td class=\"picture\">").append(picture(estimates, ordered));
            html.append("</td></tr>");
        }
        return html.append("</tbody></table></div>").toString();
    }

    private static List<Estimate> estimates(JsonNode row) {
        List<Estimate> estimates = new ArrayList<>();
        for (String stage : List.of("before", "after")) {
            if (row.has(stage)) {
                estimates.add(Estimate.of(stage, row.path(stage)));
            }
        }
        for (JsonNode value : row.path("values")) {
            estimates.add(Estimate.of(value.path("label").asText(), value));
        }
        return estimates;
    }

    private static String cell(Estimate e, int decimals) {
        String interval = e.exact()
                ? ""
                : "<small>" + Html.number(e.low(), decimals) + " \u2013 " + Html.number(e.high(), decimals)
                        + "</small>";
        return "<b>" + Html.number(e.value(), decimals) + "</b>" + interval;
    }

    private static String change(List<Estimate> estimates, int decimals) {
        if (estimates.size() < 2) {
            return "";
        }
        Estimate first = estimates.get(0);
        Estimate last = estimates.get(estimates.size() - 1);
        double by = last.value() - first.value();
        if (!Double.isFinite(by)) {
            return "<span class=\"alarm\">not a number</span>";
        }
        String amount = (by > 0 ? "+" : "") + Html.number(by, decimals);
        boolean measured = !first.exact() || !last.exact();
        boolean apart = last.low() > first.high() || last.high() < first.low();
        if (by == 0 || measured && !apart) {
            return "<span class=\"dim\">" + amount + "<small>" + (by == 0 ? "unchanged" : "intervals overlap")
                    + "</small></span>";
        }
        return "<span class=\"change\">" + (by > 0 ? "\u25b2 " : "\u25bc ") + amount
                + (measured ? "<small>intervals apart</small>" : "") + "</span>";
    }

    /** The estimates one below the other on a common scale: where they have an order, the last is full and the others hollow. */
    private static String picture(List<Estimate> estimates, boolean ordered) {
        double low = estimates.stream().mapToDouble(Estimate::low).min().orElse(0);
        double high = estimates.stream().mapToDouble(Estimate::high).max().orElse(1);
        if (!Double.isFinite(low) || !Double.isFinite(high)) {
            return "";
        }
        double margin = high > low ? (high - low) * 0.05 : 1;
        Scale scale = new Scale(low - margin, high + margin, 6, 174);
        int height = 6 + 14 * estimates.size();
        StringBuilder svg = new StringBuilder(String.format(
                Locale.ROOT, "<svg class=\"interval\" viewBox=\"0 0 180 %d\" aria-hidden=\"true\">", height));
        for (int i = 0; i < estimates.size(); i++) {
            Estimate e = estimates.get(i);
            int y = 10 + 14 * i;
            String kind = !ordered || i == estimates.size() - 1 ? "after" : "before";
            svg.append(String.format(
                    Locale.ROOT,
                    "<path class=\"%s\" d=\"M%.1f %dH%.1f\"/><circle class=\"%s\" cx=\"%.1f\" cy=\"%d\" r=\"4\"/>",
                    kind,
                    scale.at(e.low()),
                    y,
                    scale.at(e.high()),
                    kind,
                    scale.at(e.value()),
                    y));
        }
        return svg.append("</svg>").toString();
    }
}
