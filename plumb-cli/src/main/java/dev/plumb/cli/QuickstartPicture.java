package dev.plumb.cli;

import dev.plumb.cli.QuickstartRoad.Stage;
import dev.plumb.evaluate.Proportion;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A quickstart's result as a picture: bars with their intervals, an SVG that suits light and dark pages. */
final class QuickstartPicture {
    private static final int WIDTH = 780;
    private static final int HEIGHT = 300;
    private static final int TOP = 64;
    private static final int FLOOR = 236;
    private static final int BAR = 48;
    private static final String STYLE =
            "text{font:14px system-ui,sans-serif;fill:#24292f}.dim{fill:#57606a;font-size:12px}"
                    + ".title{font-weight:600}.value{font-weight:600;text-anchor:middle}.name{text-anchor:middle}"
                    + ".bar0{fill:#afb8c1}.bar1{fill:#54aeff}.bar2{fill:#0969da}line{stroke:#24292f;stroke-width:1.5}"
                    + ".floor{stroke:#d0d7de}@media(prefers-color-scheme:dark){text{fill:#e6edf3}.dim{fill:#9198a1}"
                    + ".bar0{fill:#59636e}.bar1{fill:#388bfd}.bar2{fill:#79c0ff}line{stroke:#e6edf3}.floor{stroke:#3d444d}}";

    private QuickstartPicture() {}

    /** What is counted in which models. */
    private record Panel(QuickstartRoad road, Merit merit) {}

    /** Draws. */
    static String svg(QuickstartResult result) {
        List<Panel> panels = new ArrayList<>();
        for (QuickstartRoad road : List.of(result.village(), result.sums())) {
            road.exam().merits().forEach(merit -> panels.add(new Panel(road, merit)));
        }
        StringBuilder svg = new StringBuilder(String.format(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">%n"
                        + "<style>%s</style>%n",
                WIDTH,
                HEIGHT,
                (result.village().table() + "\n" + result.sums().table())
                        .lines()
                        .map(line -> line.strip().replaceAll(" {2,}", "  "))
                        .reduce((a, b) -> a + "; " + b)
                        .orElse(""),
                STYLE));
        for (int p = 0; p < panels.size(); p++) {
            Panel panel = panels.get(p);
            int left = 16 + p * WIDTH / panels.size();
            svg.append(text("title", left, 24, panel.merit().title()));
            svg.append(text("dim", left, 42, panel.merit().note()));
            svg.append(String.format(
                    "<line class=\"floor\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>%n",
                    left, left + WIDTH / panels.size() - 24, FLOOR, FLOOR));
            List<Stage> stages = panel.road().stages();
            for (int s = 0; s < stages.size(); s++) {
                svg.append(bar(stages.get(s), panel.merit(), s, left + 10 + s * 74));
            }
        }
        svg.append(text(
                "dim",
                16,
                HEIGHT - 10,
                "The same " + result.village().exam().questions().size() + " questions and "
                        + result.sums().exam().questions().size()
                        + " sums for each model, none of them in its training; lines are 95 % intervals."));
        return svg.append("</svg>\n").toString();
    }

    private static String bar(Stage stage, Merit merit, int number, int left) {
        Proportion share = stage.share(merit);
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
