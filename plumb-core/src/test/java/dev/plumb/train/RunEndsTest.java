package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.plumb.config.PlumbException;
import dev.plumb.train.MetricsLog.Split;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When a run looks, saves, ends early or cannot go on. */
class RunEndsTest {
    @TempDir
    private Path folder;

    private TinyRun tiny;

    @BeforeEach
    void make() {
        tiny = TinyRun.make(folder);
    }

    @Test
    void heldOutRowsAreMeasuredAtTheStartOnTheWayAndAtTheEnd() {
        RunLayout run = tiny.train("sft", "run", "max_steps: 11", "eval_steps: 4", "save_steps: 0");
        assertThat(TinyRun.steps(run, Split.EVAL)).containsExactly(0L, 4L, 8L, 11L);
        RunLayout other = tiny.train("dpo", "other", "max_steps: 4", "save_steps: 0");
        assertThat(TinyRun.steps(other, Split.EVAL)).containsExactly(0L, 4L);
        assertThat(new Checkpoints(run).complete()).isEmpty();
    }

    @Test
    void theNewestCheckpointsAndTheBestAreKept() {
        RunLayout run = tiny.train(
                "sft",
                "run",
                "max_steps: 12",
                "eval_steps: 2",
                "save_steps: 2",
                "save_total_limit: 2",
                "learning_rate: 0.3");
        Checkpoints checkpoints = new Checkpoints(run);
        List<Long> kept = checkpoints.complete().stream()
                .map(Checkpoints.Checkpoint::step)
                .toList();
        assertThat(kept).contains(10L, 12L).hasSizeLessThanOrEqualTo(3);
        assertThat(kept).contains(bestStep(run));
    }

    /** The step from 1 on with the smallest loss on held-out rows. */
    private static long bestStep(RunLayout run) {
        MetricsLog.Entry best = null;
        for (MetricsLog.Entry entry : TinyRun.entries(run, Split.EVAL)) {
            if (entry.step() > 0
                    && (best == null
                            || entry.values().get("loss") < best.values().get("loss"))) {
                best = entry;
            }
        }
        return best == null ? -1 : best.step();
    }

    @Test
    void aCheckpointHasTheScoreOfItsOwnWeightsOrNone() {
        RunLayout run =
                tiny.train("sft", "run", "max_steps: 6", "eval_steps: 2", "save_steps: 3", "save_total_limit: 9");
        List<Checkpoints.Checkpoint> all = new Checkpoints(run).complete();
        assertThat(all).extracting(Checkpoints.Checkpoint::step).containsExactly(3L, 6L);
        assertThat(all.get(0).score()).isEmpty();
        List<MetricsLog.Entry> eval = TinyRun.entries(run, Split.EVAL);
        assertThat(all.get(1).score())
                .isEqualTo(OptionalDouble.of(-eval.get(eval.size() - 1).values().get("loss")));
    }

    @Test
    void theFinalModelIsTheBestIfAskedFor() {
        RunLayout run = tiny.train(
                "sft",
                "run",
                "max_steps: 12",
                "eval_steps: 2",
                "save_steps: 2",
                "save_total_limit: 1",
                "learning_rate: 0.3",
                "load_best_model_at_end: true");
        Path best = run.checkpoints().resolve("step-" + bestStep(run)).resolve("model.safetensors");
        assertThat(bestStep(run)).isLessThan(12);
        assertThat(run.finalModel().resolve("model.safetensors")).hasSameBinaryContentAs(best);
    }

    @Test
    void aRunEndsEarlyAndStaysEndedWhenItIsTakenUpAgain() {
        String[] settings = {
            "max_steps: 40",
            "eval_steps: 1",
            "save_steps: 1",
            "save_total_limit: 50",
            "learning_rate: 0.5",
            "early_stopping_patience: 2"
        };
        RunLayout run = tiny.train("sft", "run", settings);
        List<Long> steps = TinyRun.steps(run, Split.EVAL);
        long last = steps.get(steps.size() - 1);
        assertThat(last).isLessThan(40);
        tiny.assertResumes(last, run);
        tiny.assertResumes(last - 1, run);
        assertThat(TinyRun.steps(run, Split.EVAL)).isEqualTo(steps);
    }

    @Test
    void aFolderThatCannotBeWrittenIsRefusedInOneSentence() {
        Path kernel = Path.of("/proc/sys");
        Assumptions.assumeTrue(Files.isDirectory(kernel), "skipped: no folder here that refuses even the superuser");
        Path yaml = tiny.yaml("sft", "run", "max_steps: 2");
        Job job = TinyRun.job(yaml, "output=" + kernel.resolve("plumb"));
        assertThatThrownBy(() -> new Training(job, false, List.of("test")).run())
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("The run folder /proc/sys/plumb cannot be written")
                .hasMessageContaining("choose another `output`");
    }

    /** A limit on the size of files stands for a full disk: both fail in the middle of a write. */
    @Test
    void aFullDiskLeavesTheLastGoodCheckpoint() throws Exception {
        Assumptions.assumeTrue(Files.exists(Path.of("/bin/bash")), "skipped: no shell that can limit files");
        String[] settings = {"max_steps: 8", "save_steps: 3", "save_total_limit: 9", "eval_steps: 4"};
        RunLayout want = tiny.train("sft", "want", settings);
        RunLayout run = tiny.train("sft", "run", settings);
        TinyRun.discardAfter(run, 3);
        Path yaml = folder.resolve("run.yaml");
        TrainingProcess process =
                TrainingProcess.start(yaml, true, "/bin/bash", "-c", "ulimit -f 60; exec \"$@\"", "limited");
        assertThat(process.end()).as(process.output()).isEqualTo(1);
        String said = process.output().substring(process.output().indexOf("plumb: "));
        assertThat(said.strip().lines()).as(said).hasSize(1);
        assertThat(said)
                .contains("The checkpoint of step 6 could not be written")
                .contains("The last good checkpoint is " + run.checkpoints().resolve("step-3"));
        assertThat(new Checkpoints(run).complete())
                .extracting(Checkpoints.Checkpoint::step)
                .containsExactly(3L);
        TinyRun.assertSame(tiny.resumeFrom(3, "run"), want);
    }
}
