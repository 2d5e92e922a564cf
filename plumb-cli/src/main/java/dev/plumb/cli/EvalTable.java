package dev.plumb.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.evaluate.Estimate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Estimates with their intervals, as a table and as JSON. */
final class EvalTable {
    private record Line(String slice, String name, Estimate estimate) {}

    private final List<Line> lines = new ArrayList<>();

    /** Adds an estimate over some rows. */
    void add(String slice, String name, Estimate estimate) {
        lines.add(new Line(slice, name, estimate));
    }

    String text() {
        StringBuilder out = new StringBuilder();
        String slice = null;
        for (Line line : lines) {
            if (!line.slice().equals(slice)) {
                slice = line.slice();
                out.append(String.format(
                        Locale.ROOT,
                        "%n%s (%d prompts)%n",
                        slice,
                        line.estimate().prompts()));
            }
            out.append(line(line.name(), line.estimate()));
        }
        return out.toString();
    }

    static String line(String name, Estimate e) {
        String interval = Double.isNaN(e.low())
                ? Double.isNaN(e.value()) ? "   does not vary" : "   no interval from one prompt"
                : String.format(Locale.ROOT, "   [%.4g, %.4g]", e.low(), e.high());
        return String.format(Locale.ROOT, "  %-28s %10.4g%s%n", name, e.value(), interval);
    }

    ObjectNode json() {
        ObjectNode all = Json.object();
        for (Line line : lines) {
            put(all.withObjectProperty(line.slice()).putObject(line.name()), line.estimate());
        }
        return all;
    }

    static void put(ObjectNode one, Estimate e) {
        if (Double.isNaN(e.value())) {
            one.putNull("value");
        } else {
            one.put("value", e.value());
        }
        one.put("prompts", e.prompts());
        if (!Double.isNaN(e.low())) {
            one.put("low", e.low()).put("high", e.high());
        }
    }
}
