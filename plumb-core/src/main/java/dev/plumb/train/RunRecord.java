package dev.plumb.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.plumb.config.PlumbException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the files of a run folder say, as far as they are there.
 *
 * @param name the name of the folder
 * @param config the resolved configuration as text, empty without one
 * @param preflight missing without one
 * @param entries the logged metrics
 * @param samples the sampled answers
 * @param completions answers that were learnt from
 * @param provenance missing without one
 * @param summary missing without one
 * @param faults files that are there but cannot be read, as sentences
 */
record RunRecord(
        String name,
        String config,
        JsonNode preflight,
        List<MetricsLog.Entry> entries,
        List<JsonNode> samples,
        List<JsonNode> completions,
        JsonNode provenance,
        JsonNode summary,
        List<String> faults) {

    static RunRecord read(RunLayout layout) {
        List<String> faults = new ArrayList<>();
        List<JsonNode> samples = new ArrayList<>();
        List<JsonNode> completions = new ArrayList<>();
        List<MetricsLog.Entry> entries = new ArrayList<>();
        if (Files.exists(layout.metrics())) {
            attempt(faults, () -> entries.addAll(MetricsLog.read(layout.metrics())));
        }
        if (Files.exists(layout.samples())) {
            attempt(faults, () -> StepLines.objects(layout.samples(), samples::add));
        }
        if (Files.exists(layout.completions())) {
            attempt(faults, () -> StepLines.objects(layout.completions(), completions::add));
        }
        return new RunRecord(
                layout.root().toAbsolutePath().normalize().getFileName().toString(),
                text(layout.config(), faults),
                json(layout.preflight(), faults),
                entries,
                samples,
                completions,
                json(layout.provenance(), faults),
                json(layout.summary(), faults),
                faults);
    }

    /** The value of a key at the top of the configuration, if it is a plain one. */
    Optional<String> setting(String key) {
        return find("^" + Pattern.quote(key) + ":[ \\t]+");
    }

    /** The model that the run began with: the configuration's {@code model}, or the {@code path} in it. */
    Optional<String> model() {
        return setting("model")
                .or(() -> find("^model:[ \\t]*\\n(?:[ ]+.*\\n)*?[ ]+path:[ \\t]+"))
                .map(path -> path.replaceAll("/+$", "").replaceAll(".*/", ""));
    }

    private Optional<String> find(String start) {
        Matcher line = Pattern.compile("(?m)" + start + "([^\\s#].*)$").matcher(config);
        return line.find() ? Optional.of(line.group(1).strip().replaceAll("^([\"'])(.*)\\1$", "$2")) : Optional.empty();
    }

    /** How much it learnt from, and how long that took, by name. */
    Map<String, String> amounts() {
        Map<String, String> facts = new LinkedHashMap<>();
        entries.stream()
                .mapToLong(MetricsLog.Entry::step)
                .max()
                .ifPresent(step -> facts.put("Steps", Html.grouped(step)));
        rows("rows_train").ifPresent(rows -> facts.put("Rows", rows));
        rows("rows_eval").ifPresent(rows -> facts.put("Held out", rows));
        rows("rows_left_out").ifPresent(rows -> facts.put("Left out", rows));
        entries.stream()
                .map(entry -> entry.values().get("num_tokens"))
                .filter(Objects::nonNull)
                .reduce((a, b) -> b)
                .ifPresent(tokens -> facts.put("Tokens", Html.number(tokens)));
        RunCost.time(provenance).ifPresent(time -> facts.put("Time", Progress.time(time.toSeconds())));
        return facts;
    }

    /** A count of rows in the preflight, or the sum of counts by reason; none if it is zero. */
    private Optional<String> rows(String name) {
        JsonNode found = preflight.path(name);
        long rows = found.asLong(0);
        for (JsonNode reason : found) {
            rows += reason.path("rows").asLong(0);
        }
        return rows == 0 ? Optional.empty() : Optional.of(Html.grouped(rows));
    }

    /** The first steps at which a metric was not finite, as sentences. */
    List<String> alarms() {
        List<String> alarms = new ArrayList<>();
        List<String> told = new ArrayList<>();
        for (MetricsLog.Entry entry : entries) {
            entry.values().forEach((name, value) -> {
                if (!Double.isFinite(value) && !told.contains(name)) {
                    told.add(name);
                    alarms.add(name + " was " + Html.number(value) + " at step " + entry.step() + " ("
                            + entry.split().text() + ").");
                }
            });
        }
        return alarms;
    }

    private static void attempt(List<String> faults, Runnable reading) {
        try {
            reading.run();
        } catch (PlumbException e) {
            faults.add(e.getMessage());
        }
    }

    private static String text(Path file, List<String> faults) {
        try {
            return Files.exists(file) ? Files.readString(file) : "";
        } catch (IOException e) {
            faults.add(file + " cannot be read (" + RunFolder.reason(e) + ").");
            return "";
        }
    }

    private static JsonNode json(Path file, List<String> faults) {
        String text = text(file, faults);
        try {
            return text.isBlank() ? MissingNode.getInstance() : StepLines.JSON.readTree(text);
        } catch (IOException e) {
            faults.add(file + " is not JSON: it was changed or damaged.");
            return MissingNode.getInstance();
        }
    }
}
