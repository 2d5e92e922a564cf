package dev.plumb.train;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;

/**
 * A chart of one or a few courses over the steps, as an SVG that needs nothing else. Training rows are a line (a faint
 * raw one under a smooth one where there are many points), held-out rows a line with a mark at each point; a second
 * quantity is dashed and has square marks, so nothing is said by colour alone. Pointing at a step shows its values.
 */
final class LineChart {
    private static final int WIDTH = 400;
    private static final int HEIGHT = 190;
    private static final int LEFT = 46;
    private static final int RIGHT = 390;
    private static final int TOP = 20;
    private static final int BOTTOM = 164;
    private static final int STRETCHES = 150;
    private static final int MARKS = 40;
    private static final int BANDS = 72;
    private static final double FAR = 4; // times the range of the other values: a spike that would flatten them

    private final String title;
    private final List<Series> series;
    private final OptionalDouble reference;
    /** What differs by less of its size differs by rounding only. */
    private static final double ROUNDING = 1e-12;

    private final Scale across;
    private final Scale up;
    private final StringBuilder svg = new StringBuilder(1 << 14);
    private String spike = "";

    private LineChart(String title, List<Series> series, OptionalDouble reference) {
        this.title = title;
        this.series = series;
        this.reference = reference;
        double first = min(s -> s.x()[0]);
        double last = -min(s -> -s.x()[s.x().length - 1]);
        this.across = new Scale(first, last > first ? last : first + 1, LEFT, RIGHT);
        this.up = range();
    }

    /**
     * Draws a chart.
     *
     * @param title what is shown
     * @param series at least one, none of them empty
     * @param reference a value to mark by a line if it lies near the others, such as that of guessing
     * @return an HTML fragment: the legend, the SVG, and notes on what lies outside of it
     */
    static String draw(String title, List<Series> series, OptionalDouble reference) {
        LineChart chart = new LineChart(title, series, reference);
        return chart.legend() + chart.body() + chart.notes();
    }

    private double min(ToDoubleFunction<Series> of) {
        return series.stream().mapToDouble(of).min().orElseThrow();
    }

    private Scale range() {
        double[] all = series.stream()
                .flatMapToDouble(s -> Arrays.stream(s.finite()))
                .sorted()
                .toArray();
        if (all.length == 0) {
            return new Scale(0, 1, BOTTOM, TOP);
        }
        double low = all[0];
        double high = all[all.length - 1];
        double mostLow = all[all.length / 50];
        double mostHigh = all[all.length - 1 - all.length / 50];
        double usual = mostHigh - mostLow;
        if (usual > 0 && high - mostHigh > FAR * usual) {
            spike += " The highest value, " + Html.number(high) + ", lies above the frame.";
            high = mostHigh + usual * 0.3;
        }
        if (usual > 0 && mostLow - low > FAR * usual) {
            spike += " The lowest value, " + Html.number(low) + ", lies below the frame.";
            low = mostLow - usual * 0.3;
        }
        if (reference.isPresent()) {
            double mark = reference.getAsDouble();
            double near = 0.6 * (high - low);
            if (mark < low && low - mark <= near) {
                low = mark;
            } else if (mark > high && mark - high <= near) {
                high = mark;
            }
        }
        double size = Math.max(Math.abs(low), Math.abs(high));
        boolean flat = high - low <= Math.max(ROUNDING * size, Double.MIN_NORMAL);
        double margin = flat ? Math.max(size * 0.1, 1e-9) : (high - low) * 0.06;
        return new Scale(low - margin, high + margin, BOTTOM, TOP);
    }

    private String legend() {
        StringBuilder html = new StringBuilder("<ul class=\"legend\">");
        for (Series s : series) {
            html.append("<li><svg class=\"key\" viewBox=\"0 0 26 10\" aria-hidden=\"true\"><path class=\"")
                    .append(lineClass(s))
                    .append("\" d=\"M1 5H25\"/>");
            if (s.split() == MetricsLog.Split.EVAL) {
                html.append(mark(s, 13, 5));
            }
            html.append("</svg>")
                    .append(Html.escape(s.label()))
                    .append(" <b>")
                    .append(Html.number((s.rough() ? smooth(s) : s).last()))
                    .append("</b></li>");
        }
        return html.append("</ul>").toString();
    }

    private String body() {
        svg.append(String.format(
                Locale.ROOT,
                "<svg class=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">",
                WIDTH,
                HEIGHT,
                Html.escape(spoken())));
        axes();
        series.forEach(this::line);
        bands();
        return svg.append("</svg>").toString();
    }

    private String spoken() {
        StringBuilder text = new StringBuilder(title).append(": ");
        for (Series s : series) {
            text.append(s.label())
                    .append(" from ")
                    .append(Html.number(s.y()[0]))
                    .append(" at step ")
                    .append(Html.number(s.x()[0]))
                    .append(" to ")
                    .append(Html.number(s.last()))
                    .append(" at step ")
                    .append(Html.number(s.x()[s.x().length - 1]))
                    .append("; ");
        }
        return text.substring(0, text.length() - 2) + ".";
    }

    private void axes() {
        for (double tick : up.ticks(4)) {
            double y = up.at(tick);
            add("<path class=\"grid\" d=\"M%d %.1fH%d\"/>", LEFT, y, RIGHT);
            add(
                    "<text class=\"tick\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>",
                    LEFT - 6, y + 3.5, Scale.label(tick));
        }
        for (double tick : across.ticks(5)) {
            if (tick == Math.rint(tick)) {
                add(
                        "<text class=\"tick\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>",
                        Math.min(across.at(tick), RIGHT - 6), BOTTOM + 15, Scale.label(tick));
            }
        }
        add("<path class=\"axis\" d=\"M%d %dH%d\"/>", LEFT, BOTTOM, RIGHT);
        add("<text class=\"tick\" x=\"%d\" y=\"%d\" text-anchor=\"end\">step</text>", LEFT - 12, BOTTOM + 15);
        if (reference.isPresent() && inside(reference.getAsDouble())) {
            add("<path class=\"reference\" d=\"M%d %.1fH%d\"/>", LEFT, up.at(reference.getAsDouble()), RIGHT);
        }
    }

    private boolean inside(double y) {
        return y >= up.low() && y <= up.high();
    }

    private void line(Series whole) {
        if (whole.rough()) {
            add("<path class=\"raw c%d\" d=\"%s\"/>", whole.colour(), path(whole.thin(STRETCHES)));
            add(
                    "<path class=\"%s\" d=\"%s\"/>",
                    lineClass(whole), path(smooth(whole).thin(STRETCHES)));
        } else {
            add("<path class=\"%s\" d=\"%s\"/>", lineClass(whole), path(whole.thin(STRETCHES)));
        }
        boolean marked = whole.split() == MetricsLog.Split.EVAL && whole.x().length <= MARKS || whole.x().length == 1;
        for (int i = 0; i < whole.x().length; i++) {
            double x = across.at(whole.x()[i]);
            double y = whole.y()[i];
            if (!Double.isFinite(y)) {
                add("<path class=\"bad\" d=\"M%.1f %dl6 6m0 -6l-6 6\"/>", x - 3, BOTTOM - 8);
            } else if (marked && inside(y)) {
                svg.append(mark(whole, x, up.at(y)));
            }
        }
    }

    /** Smoothed without the spikes that the frame leaves out, which would bend the line far around them. */
    private Series smooth(Series s) {
        return s.clamped(up.low(), up.high()).smooth();
    }

    /** A line through the finite values; what lies outside the frame runs along its edge. */
    private String path(Series s) {
        StringBuilder d = new StringBuilder();
        boolean down = false;
        for (int i = 0; i < s.x().length; i++) {
            if (!Double.isFinite(s.y()[i])) {
                down = false;
                continue;
            }
            double y = Math.max(TOP - 2.0, Math.min(BOTTOM, up.at(s.y()[i])));
            d.append(String.format(Locale.ROOT, "%s%.1f %.1f", down ? "L" : "M", across.at(s.x()[i]), y));
            down = true;
        }
        return d.toString();
    }

    /** Upright bands over the plot, each of which shows the values of its step while it is pointed at. */
    private void bands() {
        Series steps = series.stream()
                .reduce((a, b) -> b.x().length > a.x().length ? b : a)
                .orElseThrow();
        int count = Math.min(BANDS, steps.x().length);
        for (int band = 0; band < count; band++) {
            int index = count == 1 ? 0 : (int) ((long) band * (steps.x().length - 1) / (count - 1));
            double step = steps.x()[index];
            double half = (RIGHT - LEFT) / 2.0 / Math.max(1, count - 1);
            double x = across.at(step);
            double from = Math.max(LEFT, x - half);
            svg.append("<g class=\"band\">");
            add(
                    "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>",
                    from, TOP, Math.min(RIGHT, x + half) - from, BOTTOM - TOP);
            add("<path d=\"M%.1f %dV%d\"/>", x, TOP, BOTTOM);
            StringBuilder text = new StringBuilder("step ").append(Html.number(step));
            for (Series s : series) {
                int nearest = s.nearest(step);
                if (Math.abs(across.at(s.x()[nearest]) - x) <= half + 0.1) {
                    double y = s.y()[nearest];
                    text.append(" \u00b7 ").append(s.label()).append(' ').append(Html.number(y));
                    if (Double.isFinite(y) && inside(y)) {
                        svg.append(mark(s, across.at(s.x()[nearest]), up.at(y)));
                    }
                }
            }
            add("<text x=\"%d\" y=\"11\" text-anchor=\"end\">%s</text></g>", RIGHT, Html.escape(text.toString()));
        }
    }

    private String notes() {
        StringBuilder bad = new StringBuilder();
        for (Series s : series) {
            long count = Arrays.stream(s.y()).filter(y -> !Double.isFinite(y)).count();
            if (count > 0) {
                int first = 0;
                while (Double.isFinite(s.y()[first])) {
                    first++;
                }
                bad.append(count == 1 ? " One value of " : " " + Html.grouped(count) + " values of ")
                        .append(Html.escape(s.label()))
                        .append(count == 1 ? " is not finite, at step " : " are not finite, first at step ")
                        .append(Html.number(s.x()[first]));
                bad.append(" (marked \u00d7).");
            }
        }
        String notes = (bad + spike).strip();
        return notes.isEmpty() ? "" : "<p class=\"note\">" + notes + "</p>";
    }

    private static String lineClass(Series s) {
        return "line " + s.split().text() + " c" + s.colour();
    }

    private static String mark(Series s, double x, double y) {
        return s.colour() % 2 == 0 || s.split() == MetricsLog.Split.TRAIN
                ? String.format(
                        Locale.ROOT, "<circle class=\"mark c%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>", s.colour(), x, y)
                : String.format(
                        Locale.ROOT,
                        "<rect class=\"mark c%d\" x=\"%.1f\" y=\"%.1f\" width=\"5.4\" height=\"5.4\"/>",
                        s.colour(),
                        x - 2.7,
                        y - 2.7);
    }

    private void add(String format, Object... values) {
        svg.append(String.format(Locale.ROOT, format, values));
    }
}
