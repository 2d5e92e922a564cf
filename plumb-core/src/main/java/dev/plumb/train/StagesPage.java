package dev.plumb.train;

import dev.plumb.config.PlumbException;
import dev.plumb.hub.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The stages of a recipe as one page, {@code index.html}: each with its results before and after and its own report. */
public final class StagesPage {
    private StagesPage() {}

    /**
     * Writes the page from what is in the stages' folders, each of which may be missing.
     *
     * @param output the recipe's folder
     * @param stages the stages' folders, inside it, in their order
     * @return the page
     * @throws PlumbException if it cannot be written
     */
    public static Path write(Path output, List<Path> stages) {
        String name = output.toAbsolutePath().normalize().getFileName().toString();
        StringBuilder html = new StringBuilder(
                        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>")
                .append(Html.escape(name))
                .append("</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")
                .append("<meta name=\"color-scheme\" content=\"light dark\"><style>")
                .append(Html.style())
                .append("</style></head><body><header><p class=\"eyebrow\">Plumb \u00b7 recipe</p><h1>")
                .append(Html.escape(name))
                .append("</h1></header><main>");
        stages.forEach(stage -> stage(html, stage));
        html.append("</main><footer>Made from the files of the stages\u2019 folders. Nothing is loaded from elsewhere.")
                .append("</footer></body></html>\n");
        Path page = output.resolve("index.html");
        try {
            AtomicFiles.writeString(page, html.toString());
        } catch (IOException e) {
            throw new PlumbException(page + " cannot be written (" + RunFolder.reason(e) + ").", e);
        }
        return page;
    }

    private static void stage(StringBuilder html, Path folder) {
        RunLayout layout = new RunLayout(folder);
        String name = folder.getFileName().toString();
        html.append("<section id=\"")
                .append(Html.escape(name))
                .append("\"><h2>")
                .append(Html.escape(name))
                .append("</h2>");
        if (!Files.exists(layout.config())) {
            html.append("<p>Not begun.</p></section>\n");
            return;
        }
        RunRecord run = RunRecord.read(layout);
        html.append("<p>")
                .append(run.setting("method").map(Html::escape).orElse("Rejection sampling"))
                .append(run.setting("model")
                        .map(model -> " on " + Html.escape(brief(model)))
                        .orElse(""));
        String outcome = run.provenance().path("outcome").asText("");
        html.append(outcome.isEmpty() ? "" : ", " + Html.escape(outcome)).append('.');
        if (Files.exists(layout.report())) {
            html.append(" <a href=\"").append(Html.escape(name)).append("/report.html\">Report</a>.");
        }
        if (Files.exists(layout.finalModel())) {
            html.append(" The model is in <code>")
                    .append(Html.escape(name + "/" + layout.finalModel().getFileName()))
                    .append("</code>.");
        }
        html.append("</p>").append(Html.strip(run.amounts()));
        run.alarms()
                .forEach(alarm -> html.append("<p>").append(Html.escape(alarm)).append("</p>"));
        html.append(BeforeAfter.html(
                        run.summary().path("rows").isEmpty()
                                ? BeforeAfter.fromLog(run.entries())
                                : run.summary().path("rows")))
                .append("</section>\n");
    }

    /** The last name of a model's path; of another stage's model, that stage. */
    private static String brief(String model) {
        return model.replaceAll("/(final)?/*$", "").replaceAll(".*/", "");
    }
}
