package dev.plumb.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;

/**
 * The primary log of a run, {@code metrics.jsonl}: one object for each logged step and split, with {@code step},
 * {@code epoch}, {@code split} and the metrics by name. JSON has no numbers for what is not finite, so these stand as
 * the strings {@code "NaN"}, {@code "inf"} and {@code "-inf"}. A step occurs once for each split, also after kills and
 * resumes: what a resumed run repeats is cut off first.
 */
public final class MetricsLog implements AutoCloseable {
    private final StepLines lines;
    private final Map<Split, Long> last;

    private MetricsLog(StepLines lines, Map<Split, Long> last) {
        this.lines = lines;
        this.last = last;
    }

    /** Which rows a metric was measured on. */
    public enum Split {
        /** Rows that are trained on. */
        TRAIN,
        /** Held-out rows. */
        EVAL;

        /**
         * The name in files.
         *
         * @return {@code train} or {@code eval}
         */
        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * One line of the log.
     *
     * @param step the number of optimiser steps done
     * @param epoch how often the data has been gone through, with its fraction
     * @param split which rows were measured
     * @param values the metrics by name
     */
    public record Entry(long step, double epoch, Split split, Map<String, Double> values) {}

    /**
     * Opens the log.
     *
     * @param file the file, created if it is not there
     * @param resumedStep the step of the checkpoint that the run goes on from: later lines are dropped. Empty for a new
     *     run: all lines are dropped
     * @return the log
     * @throws dev.plumb.config.PlumbException if it cannot be written, or a line other than the last is no JSON object
     */
    public static MetricsLog open(Path file, OptionalLong resumedStep) {
        Map<Split, Long> last = new EnumMap<>(Split.class);
        StepLines lines = StepLines.open(file, resumedStep.orElse(Long.MIN_VALUE), kept -> {
            Entry entry = entry(kept);
            last.put(entry.split(), entry.step());
        });
        return new MetricsLog(lines, last);
    }

    /**
     * Appends a line. Write the metrics of a step before its checkpoint is saved, or a kill between the two loses them.
     *
     * @param step the number of optimiser steps done; larger than at the last call for this split
     * @param epoch how often the data has been gone through, with its fraction
     * @param split which rows were measured
     * @param values the metrics by name
     * @throws IllegalArgumentException if the split was logged at this or a later step already
     * @throws dev.plumb.config.PlumbException if it cannot be written
     */
    public void write(long step, double epoch, Split split, Map<String, Double> values) {
        if (last.containsKey(split) && step <= last.get(split)) {
            throw new IllegalArgumentException(
                    split.text() + " metrics of step " + step + " after those of step " + last.get(split));
        }
        ObjectNode object = StepLines.JSON.createObjectNode();
        object.put("step", step);
        put(object, "epoch", epoch);
        object.put("split", split.text());
        values.forEach((name, value) -> put(object, name, value));
        lines.append(object);
        last.put(split, step);
    }

    @Override
    public void close() {
        lines.close();
    }

    /**
     * Reads a log, also one that is being written.
     *
     * @param file the file
     * @return its lines; a torn last one is passed over
     * @throws dev.plumb.config.PlumbException if it cannot be read or another line is no JSON object
     */
    public static List<Entry> read(Path file) {
        List<Entry> entries = new ArrayList<>();
        StepLines.objects(file, object -> entries.add(entry(object)));
        return entries;
    }

    private static Entry entry(JsonNode object) {
        Map<String, Double> values = new LinkedHashMap<>();
        object.properties().forEach(field -> {
            if (!List.of("step", "epoch", "split").contains(field.getKey())) {
                values.put(field.getKey(), number(field.getValue()));
            }
        });
        Split split = object.path("split").asText("train").equals("eval") ? Split.EVAL : Split.TRAIN;
        return new Entry(object.path("step").asLong(0), number(object.path("epoch")), split, values);
    }

    static void put(ObjectNode object, String name, double value) {
        if (Double.isNaN(value)) {
            object.put(name, "NaN");
        } else if (Double.isInfinite(value)) {
            object.put(name, value > 0 ? "inf" : "-inf");
        } else if (value == Math.rint(value) && Math.abs(value) < 1e15) {
            object.put(name, (long) value);
        } else {
            object.put(name, value);
        }
    }

    private static double number(JsonNode node) {
        return switch (node.asText()) {
            case "inf" -> Double.POSITIVE_INFINITY;
            case "-inf" -> Double.NEGATIVE_INFINITY;
            default -> node.isNumber() ? node.doubleValue() : Double.NaN;
        };
    }
}
