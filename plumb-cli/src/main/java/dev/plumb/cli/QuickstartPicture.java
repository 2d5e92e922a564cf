package dev.plumb.cli;

import dev.plumb.cli.QuickstartResult.Measure;
import dev.plumb.cli.QuickstartResult.Stage;
import dev.plumb.evaluate.Proportion;
import java.util.Locale;

/** A quickstart's result as a picture: bars with their intervals, an SVG that suits light and dark pages. */
final class QuickstartPicture {
    private static final int WIDTH = 720;
    private static final int HEIGHT = 300;
    private static final int TOP = 64;
    private static final int FLOOR = 236;
    private static final int BAR = 64;
    private static final String STYLE =
            "text{font:14px system-ui,sans-serif;fill:#24292f}.dim{fill:#57606a;font-size:12px}"
                    + ".title{font-weight:600}.value{font-weight:600;text-anchor:middle}.name{text-anchor:middle}"
                    + ".bar0{fill:#afb8c1}.bar1{fill:#54aeff}.bar2{fill:#0969da}line{stroke:#24292f;stroke-width:1.5}"
                    + ".floor{stroke:#d0d7de}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.dim{fill:#9198a1}"
                    + ".bar0{fill:#59636e}.bar1{fill:#388bfd}.bar2{fill:#79c0ff}line{stroke:#e6edf3}.floor{stroke:#3d444d}}";

    private QuickstartPicture() {}

    /** Draws. */
    static String svg(QuickstartResult result) {
        StringBuilder svg = new StringBuilder(String.format(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">%n"
                        + "<style>%s</style>%n",
                WIDTH,
                HEIGHT,
                result.table()
                        .lines()
                        .map(String::strip)
                        .reduce((a, b) -> a + "; " + b)
                        .orElse(""),
                STYLE));
        Measure[] measures = Measure.values();
        for (int m = 0; m < measures.length; m++) {
            int left = 24 + m * WIDTH / measures.length;
            svg.append(text("title", left, 24, measures[m].title()));
            svg.append(text("dim", left, 42, measures[m].note()));
            svg.append(String.format(
                    "<line class=\"floor\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>%n",
                    left, left + 310, FLOOR, FLOOR));
            for (int s = 0; s < result.stages().size(); s++) {
                svg.append(bar(result.stages().get(s), measures[m], s, left + 20 + s * 104));
            }
        }
        svg.append(
                text(
                        "dim",
                        24,
                        HEIGHT - 10,
                        "The same " + result.exam().questions().size()
                                + " questions for each model, none of them in a demonstration or pair; lines are 95 % intervals."));
        return svg.append("</svg>\n").toString();
    }

    private static String bar(Stage stage, Measure measure, int number, int left) {
        Proportion share = stage.share(measure);
        double middle = left + BAR / 2.0;
        return String.format(
                        Locale.ROOT,
                        "<rect class=\"bar%d\" x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\" rx=\"2\"/>%n"
                                + "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>%n",
                        number,
                        left,
                        at(share.value()),
                        BAR,
                        FLOOR - at(share.value()),
                        middle,
                        middle,
                        at(share.low()),
                        at(share.high()))
                + text("value", middle, at(share.high()) - 6, Math.round(100 * share.value()) + " %")
                + text("name", middle, FLOOR + 20, stage.name());
    }

    private static double at(double share) {
        return FLOOR - share * (FLOOR - TOP - 10);
    }

    private static String text(String kind, double x, double y, String text) {
        return String.format(Locale.ROOT, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>%n", kind, x, y, text);
    }
}
