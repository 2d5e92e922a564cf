package dev.plumb.train;

import com.fasterxml.jackson.databind.JsonNode;
import dev.plumb.config.PlumbException;
import dev.plumb.hub.AtomicFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * A run as one page, {@code report.html}: results before and after, curves, answers to held-out prompts and some that were
 * learnt from, what was found in the data, the configuration and the provenance. The page is a single file without scripts and opens without a network.
 *
 * <p>The results come from {@code summary.json} if there is one: <pre>{@code
 * {"title": "...", "notes": ["..."], "next_commands": ["..."],
 *  "rows": [{"name": "...", "note": "...",
 *            "before": {"value": 0.5, "low": 0.4, "high": 0.6}, "after": {...}}]}
 * }</pre> where a row with more stages has {@code "values": [{"label": "...", "value": ...}, ...]} instead, and each line of
 * {@code samples.jsonl} may name its {@code "stage"}. Notes and intervals may be left out. Without that file they are the
 * first and the last evaluation in {@code metrics.jsonl}.
 */
public final class Report {
    private final RunRecord run;
    private final StringBuilder html = new StringBuilder(1 << 16);
    private final Map<String, String> sections = new LinkedHashMap<>();

    private Report(RunRecord run) {
        this.run = run;
    }

    /**
     * Writes the report of a run from the files in its folder, each of which may be missing.
     *
     * @param folder the run folder; the run may still be going on
     * @return the page
     * @throws PlumbException if it cannot be written
     */
    public static Path write(Path folder) {
        RunLayout layout = new RunLayout(folder);
        String page = new Report(RunRecord.read(layout)).page();
        try {
            AtomicFiles.writeString(layout.report(), page);
        } catch (IOException e) {
            throw new PlumbException(layout.report() + " cannot be written (" + RunFolder.reason(e) + ").", e);
        }
        return layout.report();
    }

    private String page() {
        section("Curves", run.entries().isEmpty() ? "" : new Curves(run.entries()).html());
        Answers answers = new Answers(run.samples());
        section("Answers", answers.isEmpty() ? "" : answers.html());
        section("Learnt from", Answers.bySteps(run.completions()));
        section("Data", run.preflight().isMissingNode() ? "" : JsonHtml.render(run.preflight()));
        section("Configuration", run.config().isBlank() ? "" : "<pre class=\"config\">" + config() + "</pre>");
        section("Provenance", run.provenance().isMissingNode() ? "" : JsonHtml.render(run.provenance()));

        alarms();
        results();
        String first = html.toString();
        return Html.page(
                title(),
                "run " + run.name(),
                facts(),
                first,
                sections,
                "Made from the files of this run\u2019s folder. Nothing is loaded from elsewhere.");
    }

    private void section(String name, String body) {
        if (!body.isEmpty()) {
            sections.put(name, body);
        }
    }

    private String title() {
        String given = run.summary().path("title").asText("");
        if (!given.isBlank()) {
            return given;
        }
        Optional<String> method = run.setting("method");
        Optional<String> model = run.model();
        return method.isPresent() && model.isPresent()
                ? method.get().toUpperCase(Locale.ROOT) + " on " + model.get()
                : "Run " + run.name();
    }

    /** A line of what one wants to know first. */
    private Map<String, String> facts() {
        Map<String, String> facts = new LinkedHashMap<>();
        run.setting("method").ifPresent(method -> facts.put("Method", method));
        run.model().ifPresent(model -> facts.put("Model", model));
        facts.putAll(run.amounts());
        text(run.provenance().path("outcome")).ifPresent(outcome -> facts.put("Outcome", outcome));
        return facts;
    }

    private static Optional<String> text(JsonNode node) {
        return node.asText("").isBlank() ? Optional.empty() : Optional.of(node.asText());
    }

    private void alarms() {
        List<String> alarms = new ArrayList<>(run.alarms());
        alarms.addAll(run.faults());
        if (!alarms.isEmpty()) {
            html.append("<section class=\"alarms\" role=\"note\"><h2>Look at this first</h2><ul>");
            alarms.forEach(
                    alarm -> html.append("<li>").append(Html.escape(alarm)).append("</li>"));
            html.append("</ul></section>");
        }
    }

    private void results() {
        JsonNode rows = run.summary().path("rows");
        String table = BeforeAfter.html(rows.isEmpty() ? BeforeAfter.fromLog(run.entries()) : rows);
        StringBuilder notes = new StringBuilder();
        lines(run.summary().path("notes"))
                .forEach(note -> notes.append("<p>").append(Html.escape(note)).append("</p>"));
        List<String> commands = lines(run.summary().path("next_commands"));
        if (!commands.isEmpty()) {
            notes.append("<h3>Next</h3><pre class=\"commands\">")
                    .append(Html.escape(String.join("\n", commands)))
                    .append("</pre>");
        }
        if (!table.isEmpty() || !notes.isEmpty()) {
            html.append("<section id=\"results\"><h2>Before and after</h2>")
                    .append(table)
                    .append(notes)
                    .append("</section>\n");
        }
    }

    /** A text, or a list of texts. */
    private static List<String> lines(JsonNode node) {
        List<String> lines = new ArrayList<>();
        if (node.isArray()) {
            node.forEach(line -> lines.add(line.asText()));
        } else {
            text(node).ifPresent(lines::add);
        }
        return lines;
    }

    private String config() {
        return Html.escape(run.config().stripTrailing())
                .replaceAll("(?m)^([ -]*)([A-Za-z0-9_./-]+:)(?= |$)", "$1<b>$2</b>")
                .replaceAll("(?m)(^|\\s)(#.*)$", "$1<i>$2</i>");
    }
}
