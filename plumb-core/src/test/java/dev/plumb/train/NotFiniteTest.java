package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.plumb.config.PlumbException;
import dev.plumb.data.Example;
import dev.plumb.data.TokenStore;
import dev.plumb.train.MetricsLog.Split;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is not a number ends a run, and does no harm before. */
class NotFiniteTest {
    @TempDir
    private Path folder;

    private TinyRun tiny;

    @BeforeEach
    void make() {
        tiny = TinyRun.make(folder);
    }

    @Test
    void aStepThatExplodesIsNamedWithItsRowsAndTheLastGoodCheckpoint() {
        // The first step moves every weight by the learning rate; the second meets what came of it.
        assertThatThrownBy(() -> tiny.train(
                        "sft", "run", "learning_rate: 1e30", "max_steps: 5", "save_steps: 1", "eval_steps: 0"))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("Step 2 gave")
                .hasMessageContaining("demonstrations.jsonl:")
                .hasMessageContaining("The last good checkpoint is")
                .hasMessageContaining("step-1");
        RunLayout run = tiny.layout("run");
        assertThat(TinyRun.steps(run, Split.TRAIN)).containsExactly(1L);
        assertThat(new Checkpoints(run).complete()).hasSize(1);
        assertThat(run.finalModel()).doesNotExist();
        assertThat(run.provenance()).content().contains("failed");
    }

    @Test
    void evaluationsOnTheWayDoNotHideIt() {
        assertThatThrownBy(() -> tiny.train("dpo", "run", "learning_rate: 1e30", "max_steps: 5", "eval_steps: 1"))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("Step 2 gave")
                .hasMessageContaining("pairs.jsonl:")
                .hasMessageContaining("No checkpoint was saved before it.");
    }

    @Test
    void aModelThatIsNoNumberIsRefusedAtTheFirstStep() {
        tiny.writeWeights(Double.POSITIVE_INFINITY);
        assertThatThrownBy(() -> tiny.train("dpo", "run", "max_steps: 5"))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining(
                        "logits are not finite: its weights are broken"); // when held-out prompts are answered
        assertThatThrownBy(() -> tiny.train("dpo", "unsampled", "max_steps: 5", "sample_prompts: 0"))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("Step 1 gave a loss of NaN");
    }

    @Test
    void theWeightsAreNotTouched() {
        Job job = TinyRun.job(tiny.yaml("sft", "run"));
        try (Workplace workplace = Workplace.open(job.run(), job.rows());
                Interrupt interrupt = new Interrupt();
                RunFolder runFolder = RunFolder.open(folder.resolve("run"), false);
                TrainingRun run = TrainingRun.open(
                        job.run(),
                        job.optimisation(),
                        new Schedule(workplace.dataset().order(1), job.optimisation(), job.pace(), 1e-3, 1),
                        workplace,
                        new NotANumber(),
                        Optional.empty(),
                        runFolder,
                        interrupt)) {
            Map<String, float[]> before = weights(workplace);
            assertThatThrownBy(() -> run.train())
                    .isInstanceOf(PlumbException.class)
                    .hasMessageContaining("Step 1 gave a loss of NaN and a gradient of length 4.0")
                    .hasMessageContaining(".jsonl:");
            weights(workplace).forEach((name, values) -> assertThat(values).containsExactly(before.get(name)));
            assertThat(Files.exists(run(job).finalModel())).isFalse();
        }
    }

    /** Learns a loss that is no number, with a gradient that is one. */
    private static final class NotANumber implements Loop {
        @Override
        public Metrics learn(AdamW optimizer, TokenStore store, List<Long> rows) {
            optimizer.gradient("model.norm.weight").addInPlace(1);
            return loss(Double.NaN);
        }

        @Override
        public Metrics evaluate(TokenStore store, List<Long> rows) {
            return loss(1);
        }

        @Override
        public int[] prompt(Example row) {
            return new int[0];
        }

        private static Metrics loss(double value) {
            Metrics measured = new Metrics();
            measured.total("loss", value);
            return measured;
        }
    }

    private static RunLayout run(Job job) {
        return new RunLayout(job.run().output().orElseThrow());
    }

    private static Map<String, float[]> weights(Workplace workplace) {
        Map<String, float[]> weights = new LinkedHashMap<>();
        workplace
                .checkpoint()
                .decoder()
                .weights()
                .all()
                .forEach((name, tensor) ->
                        weights.put(name, tensor.detach().reshape(-1).toFloats()));
        return weights;
    }
}
