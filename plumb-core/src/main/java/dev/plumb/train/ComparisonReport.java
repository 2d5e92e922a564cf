package dev.plumb.train;

import com.fasterxml.jackson.databind.JsonNode;
import dev.plumb.config.PlumbException;
import dev.plumb.hub.AtomicFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Several methods beside each other as one page, in the style of {@link Report}. It shows what this says: <pre>{@code
 * {"title": "...", "facts": {"Model": "...", ...}, "failed": {"ipo": "why", ...},
 *  "rows": [{"name": "...", "note": "...", "values": [{"label": "dpo", "value": 0.5, "low": 0.4, "high": 0.6}, ...]}],
 *  "comparisons": [{"first": "dpo", "second": "ipo", "difference": 0.1, "low": 0.0, "high": 0.2, "test": "...", "p": 0.04,
 *                   "p_holm": 0.1, "detectable": 0.1, "verdict": "..."}],
 *  "costs": [{"run": "dpo", "time_s": 12.5, "peak_rss_mb": 800, "steps": 48, "rows": 384, "tokens": 10000,
 *             "tokens_per_s": 800, "report": "dpo/report.html"}],
 *  "notes": ["..."]}
 * }</pre>
 */
public final class ComparisonReport {
    private ComparisonReport() {}

    /**
     * Writes the page.
     *
     * @param file where
     * @param comparison what is shown
     * @throws PlumbException if it cannot be written
     */
    public static void write(Path file, JsonNode comparison) {
        Map<String, String> facts = new LinkedHashMap<>();
        comparison
                .path("facts")
                .properties()
                .forEach(fact ->
                        facts.put(Html.escape(fact.getKey()), fact.getValue().asText()));
        Map<String, String> sections = new LinkedHashMap<>();
        sections.put("Measures", BeforeAfter.sideBySide(comparison.path("rows")) + notes(comparison));
        if (!comparison.path("comparisons").isEmpty()) {
            sections.put("Method against method", comparisons(comparison.path("comparisons")));
        }
        sections.put("What it took", costs(comparison.path("costs")));
        String page = Html.page(
                comparison.path("title").asText(),
                "comparison",
                facts,
                failed(comparison.path("failed")),
                sections,
                "Made from compare.json beside this page. Nothing is loaded from elsewhere.");
        try {
            AtomicFiles.writeString(file, page);
        } catch (IOException e) {
            throw new PlumbException(file + " cannot be written (" + RunFolder.reason(e) + ").", e);
        }
    }

    private static String failed(JsonNode failed) {
        StringBuilder html = new StringBuilder();
        failed.properties()
                .forEach(run -> html.append("<li>")
                        .append(Html.escape(run.getKey() + " did not finish: "
                                + run.getValue().asText()))
                        .append("</li>"));
        return html.isEmpty()
                ? ""
                : "<section class=\"alarms\" role=\"note\"><h2>Look at this first</h2><ul>" + html + "</ul></section>";
    }

    private static String notes(JsonNode comparison) {
        StringBuilder html = new StringBuilder();
        comparison
                .path("notes")
                .forEach(note ->
                        html.append("<p>").append(Html.escape(note.asText())).append("</p>"));
        return html.toString();
    }

    private static String comparisons(JsonNode comparisons) {
        StringBuilder html = head("", "Verdict", "Difference, points", "Test", "p", "p, Holm", "Detectable, points");
        for (JsonNode one : comparisons) {
            row(
                    html,
                    one.path("first").asText() + " against "
                            + one.path("second").asText(),
                    Html.escape(one.path("verdict").asText()),
                    "<b>" + points(one.path("difference")) + "</b><small>" + points(one.path("low")) + " \u2013 "
                            + points(one.path("high")) + "</small>",
                    Html.escape(one.path("test").asText()),
                    number(one.path("p")),
                    number(one.path("p_holm")),
                    points(one.path("detectable")));
        }
        return html.append("</tbody></table></div>").toString();
    }

    private static String costs(JsonNode costs) {
        StringBuilder html = head("", "Time, s", "Peak memory, MB", "Steps", "Rows", "Tokens", "Tokens/s", "Report");
        for (JsonNode run : costs) {
            String report = Html.escape(run.path("report").asText());
            row(
                    html,
                    run.path("run").asText(),
                    number(run.path("time_s")),
                    number(run.path("peak_rss_mb")),
                    number(run.path("steps")),
                    number(run.path("rows")),
                    number(run.path("tokens")),
                    number(run.path("tokens_per_s")),
                    "<a href=\"" + report + "\">" + report + "</a>");
        }
        return html.append("</tbody></table></div>").toString();
    }

    private static StringBuilder head(String... names) {
        StringBuilder html = new StringBuilder("<div class=\"scroll\"><table><thead><tr>");
        for (String name : names) {
            html.append("<th scope=\"col\">").append(name).append("</th>");
        }
        return html.append("</tr></thead><tbody>");
    }

    /** A heading, which is text, and cells, which are HTML. */
    private static void row(StringBuilder html, String heading, String... cells) {
        html.append("<tr><th scope=\"row\">").append(Html.escape(heading)).append("</th>");
        List.of(cells).forEach(cell -> html.append("<td>").append(cell).append("</td>"));
        html.append("</tr>");
    }

    private static String number(JsonNode node) {
        return node.isNumber() ? Html.number(node.doubleValue()) : "";
    }

    private static String points(JsonNode share) {
        return share.isNumber()
                ? String.format(Locale.ROOT, "%.1f", 100 * share.doubleValue()).replace('-', '\u2212')
                : "";
    }
}
