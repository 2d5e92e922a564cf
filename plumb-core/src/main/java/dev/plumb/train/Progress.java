package dev.plumb.train;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * How far a run is. On a terminal one line that is redrawn at most five times a second; in a pipe a plain line after so
 * many steps, and after the first and the last. It has no thread: it draws when told of a step. Close it before printing anything else.
 */
public final class Progress implements AutoCloseable {
    private static final long REDRAW_NANOS = 200_000_000L;
    private static final double WINDOW_SECONDS = 20;
    private static final int BAR = 10;
    private static final String CLEAR = "\r\u001b[K";

    /** The metrics worth a place on one line, most telling first, with their short labels. */
    private static final Map<String, String> SHOWN = shown();

    private final Terminal terminal;
    private final PrintStream out;
    private final LongSupplier nanos;
    private final long total;
    private final int loggingSteps;
    private final long firstStep;
    private final long started;

    private long step;
    private long lastUpdate;
    private long lastDrawn = Long.MIN_VALUE;
    private double windowSeconds;
    private double windowSteps;
    private double windowTokens;
    private boolean drawn;
    private final Map<String, Double> metrics = new HashMap<>();

    Progress(Terminal terminal, PrintStream out, LongSupplier nanos, long firstStep, long total, int loggingSteps) {
        this.terminal = terminal;
        this.out = out;
        this.nanos = nanos;
        this.firstStep = firstStep;
        this.total = total;
        this.loggingSteps = loggingSteps;
        this.step = firstStep;
        this.started = nanos.getAsLong();
        this.lastUpdate = started;
    }

    /**
     * Starts to show progress on the standard output.
     *
     * @param terminal what that can show
     * @param firstStep the number of steps done already, 0 for a new run
     * @param total the number of steps when the run is done
     * @param loggingSteps steps from one plain line to the next where no person watches
     * @return the progress
     */
    public static Progress start(Terminal terminal, long firstStep, long total, int loggingSteps) {
        return new Progress(terminal, System.out, System::nanoTime, firstStep, total, loggingSteps);
    }

    /**
     * Tells of steps done.
     *
     * @param stepsDone the number of optimiser steps done, at most the total
     * @param values the metrics of the last step by name
     * @param tokens the number of tokens that went through the model since the last call
     */
    public void update(long stepsDone, Map<String, Double> values, long tokens) {
        long now = nanos.getAsLong();
        double seconds = Math.max(1e-9, (now - lastUpdate) * 1e-9);
        // The first step pays for warming up, so the window begins anew after it.
        double kept = step <= firstStep + 1 ? 0 : Math.exp(-seconds / WINDOW_SECONDS);
        windowSeconds = kept * windowSeconds + seconds;
        windowSteps = kept * windowSteps + (stepsDone - step);
        windowTokens = kept * windowTokens + tokens;
        step = stepsDone;
        lastUpdate = now;
        metrics.putAll(values); // what was measured of a rollout stands until the next one
        boolean due = terminal.live() ? now - lastDrawn >= REDRAW_NANOS : step % loggingSteps == 0;
        if (lastDrawn == Long.MIN_VALUE || due || step >= total) {
            draw(now);
        }
    }

    /**
     * Prints a line that stays, above the bar.
     *
     * @param line the line
     */
    public void note(String line) {
        if (drawn) {
            out.print(CLEAR);
        }
        out.println(line);
        if (drawn) {
            draw(nanos.getAsLong());
        }
        out.flush();
    }

    /** Draws the last state and ends the line. */
    @Override
    public void close() {
        if (drawn) {
            draw(nanos.getAsLong());
            out.println();
            out.flush();
            drawn = false;
        }
    }

    private void draw(long now) {
        lastDrawn = now;
        if (terminal.live()) {
            out.print(CLEAR + bar() + fitted(parts(now), terminal.columns() - 1 - BAR - 1));
            out.flush();
            drawn = true;
        } else {
            out.println(String.join("  ", parts(now)));
            out.flush();
        }
    }

    /** What to say, in the order of reading. */
    private List<String> parts(long now) {
        List<String> parts = new ArrayList<>();
        parts.add((terminal.live() ? "" : "step ") + step + "/" + total);
        SHOWN.forEach((name, label) -> {
            Double value = metrics.get(name);
            if (value != null) {
                parts.add(label + " " + number(value));
            }
        });
        if (windowTokens > 0) {
            parts.add(rate(windowTokens / windowSeconds) + " tok/s");
        }
        long elapsed = (now - started) / 1_000_000_000L;
        parts.add(step >= total ? "took " + time(elapsed) : time(elapsed) + " gone");
        if (step < total && windowSteps > 0) {
            parts.add(time(Math.round(windowSeconds / windowSteps * (total - step))) + " left");
        }
        return parts;
    }

    /** Leaves out the time gone and then metrics, last ones first, until the rest fits. */
    private static String fitted(List<String> parts, int columns) {
        List<String> kept = new ArrayList<>(parts);
        if (String.join("  ", kept).length() > columns) {
            kept.removeIf(part -> part.endsWith(" gone"));
        }
        int lastMetric = (int) kept.stream()
                .filter(p -> p.matches("[a-z ]+ (-?\\d.*|NaN|-?inf)"))
                .count();
        while (lastMetric > 1 && String.join("  ", kept).length() > columns) {
            kept.remove(lastMetric--);
        }
        String line = String.join("  ", kept);
        return line.length() <= columns ? line : line.substring(0, Math.max(0, columns));
    }

    private String bar() {
        double share = total <= 0 ? 1 : Math.min(1, (double) step / total);
        StringBuilder bar = new StringBuilder();
        int eighths = (int) Math.round(share * BAR * 8);
        for (int cell = 0; cell < BAR; cell++) {
            int filled = Math.max(0, Math.min(8, eighths - 8 * cell));
            if (terminal.unicode()) {
                bar.append(
                        filled == 0 ? '\u00b7' : (char) ('\u2590' - filled)); // left eighths: U+258F (1) to U+2588 (8)
            } else {
                bar.append(filled >= 4 ? '#' : '.');
            }
        }
        return terminal.colour() ? "\u001b[36m" + bar + "\u001b[0m " : bar + " ";
    }

    private static String number(double value) {
        if (Double.isNaN(value)) {
            return "NaN";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "inf" : "-inf";
        }
        double size = Math.abs(value);
        if (size != 0 && size < 1e-3 || size >= 1e5) {
            return String.format(Locale.ROOT, "%.1e", value);
        }
        return String.format(Locale.ROOT, size < 10 ? "%.3f" : "%.1f", value);
    }

    private static String rate(double perSecond) {
        if (perSecond < 999.5) {
            return Long.toString(Math.round(perSecond));
        }
        return perSecond < 999_950
                ? String.format(Locale.ROOT, "%.1fk", perSecond / 1e3)
                : String.format(Locale.ROOT, "%.1fM", perSecond / 1e6);
    }

    /** A duration as m:ss, or h:mm:ss from an hour on. */
    static String time(long seconds) {
        return seconds < 3600
                ? String.format(Locale.ROOT, "%d:%02d", seconds / 60, seconds % 60)
                : String.format(Locale.ROOT, "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }

    private static Map<String, String> shown() {
        Map<String, String> shown = new LinkedHashMap<>();
        shown.put("loss", "loss");
        shown.put("rewards/accuracies", "accuracy");
        shown.put("rewards/margins", "margin");
        shown.put("accuracy", "accuracy");
        shown.put("margin", "margin");
        shown.put("reward", "reward");
        shown.put("online/tie_rate", "ties");
        shown.put("prm/mean_score", "step score");
        shown.put("kl", "kl");
        shown.put("objective/kl", "kl of answers");
        shown.put("mean_token_accuracy", "token accuracy");
        shown.put("grad_norm", "grad norm");
        return shown;
    }
}
