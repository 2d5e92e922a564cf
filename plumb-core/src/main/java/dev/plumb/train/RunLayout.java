package dev.plumb.train;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The names inside a run folder. Only names: nothing is created, read or locked.
 *
 * @param root the folder
 */
public record RunLayout(Path root) {
    /**
     * The resolved configuration.
     *
     * @return {@code config.yaml}
     */
    public Path config() {
        return root.resolve("config.yaml");
    }

    /**
     * What was found in the data before step 0.
     *
     * @return {@code preflight.json}
     */
    public Path preflight() {
        return root.resolve("preflight.json");
    }

    /**
     * One JSON object for each logged step, see {@link MetricsLog}.
     *
     * @return {@code metrics.jsonl}
     */
    public Path metrics() {
        return root.resolve("metrics.jsonl");
    }

    /**
     * The folder of TensorBoard event files.
     *
     * @return {@code events}
     */
    public Path events() {
        return root.resolve("events");
    }

    /**
     * Answers sampled during the run, see {@link SampleLog}.
     *
     * @return {@code samples.jsonl}
     */
    public Path samples() {
        return root.resolve("samples.jsonl");
    }

    /**
     * Answers that the run learnt from, in the form of {@link SampleLog}; {@code step} is the first step that did.
     *
     * @return {@code completions.jsonl}
     */
    public Path completions() {
        return root.resolve("completions.jsonl");
    }

    /**
     * Results before and after with their confidence intervals, see {@link Report}.
     *
     * @return {@code summary.json}
     */
    public Path summary() {
        return root.resolve("summary.json");
    }

    /**
     * The folder of checkpoints, {@code step-N} each.
     *
     * @return {@code checkpoints}
     */
    public Path checkpoints() {
        return root.resolve("checkpoints");
    }

    /**
     * The trained model.
     *
     * @return {@code final}
     */
    public Path finalModel() {
        return root.resolve("final");
    }

    /**
     * What the run was made from, see {@link Provenance}.
     *
     * @return {@code provenance.json}
     */
    public Path provenance() {
        return root.resolve("provenance.json");
    }

    /**
     * The page for people, see {@link Report}.
     *
     * @return {@code report.html}
     */
    public Path report() {
        return root.resolve("report.html");
    }

    Path lock() {
        return root.resolve("run.lock");
    }

    /** The files that a start writes anew, all but the configuration, which may be the user's own. */
    List<Path> derived() {
        return List.of(preflight(), metrics(), samples(), completions(), summary(), provenance(), report());
    }

    /**
     * Whether there is something that a second start would destroy.
     *
     * @return true once a run has measured, saved or finished here
     */
    public boolean holdsRun() {
        return hasContent(metrics())
                || Files.exists(finalModel())
                || !new Checkpoints(this).complete().isEmpty();
    }

    private static boolean hasContent(Path file) {
        return file.toFile().length() > 0;
    }
}
