package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.plumb.config.PlumbException;
import dev.plumb.hub.Checkpoint;
import dev.plumb.hub.Safetensors;
import dev.plumb.tensor.Device;
import dev.plumb.train.MetricsLog.Split;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole runs of process and outcome reward models. */
class SolutionRunTest {
    @TempDir
    private Path folder;

    private TinyRun tiny;

    @BeforeEach
    void make() {
        tiny = TinyRun.make(folder);
        Solutions.write(folder);
    }

    private String[] settings(String file, String... more) {
        String columns = file.equals("outcomes.jsonl")
                ? ", columns: {prompt: question, completion: solution, label: is_correct}"
                : "";
        List<String> all = new ArrayList<>(List.of(
                "data: {files: [{path: " + folder.resolve(file) + columns + "}], eval_share: 0.2}",
                "micro_batch_tokens: 300",
                "per_device_train_batch_size: 8",
                "learning_rate: 1e-2",
                "num_train_epochs: 4",
                "eval_steps: 20",
                "save_steps: 20"));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    private static Map<String, Double> eval(RunLayout layout, boolean last) {
        List<MetricsLog.Entry> all = TinyRun.entries(layout, Split.EVAL);
        return all.get(last ? all.size() - 1 : 0).values();
    }

    @Test
    void stepsAreLearntAndTheModelIsOneThatOthersLoad() throws IOException {
        RunLayout run = tiny.train("prm", "one", settings("stepwise.jsonl"));
        Map<String, Double> before = eval(run, false);
        Map<String, Double> after = eval(run, true);
        assertThat(before.get("loss")).isBetween(0.6, 0.8); // near log 2: the fresh head says nothing
        assertThat(after.get("loss")).isLessThan(before.get("loss") / 2);
        assertThat(after.get("prm/step_auc")).isGreaterThan(0.95);
        assertThat(after.get("prm/step_accuracy")).isGreaterThan(0.9);
        assertThat(after.get("prm/first_error_accuracy")).isGreaterThan(0.8);
        assertThat(after.get("best_of_n/accuracy"))
                .isGreaterThan(after.get("best_of_n/at_random"))
                .isLessThanOrEqualTo(after.get("best_of_n/at_best"));

        JsonNode config = new JsonMapper()
                .readTree(run.finalModel().resolve("config.json").toFile());
        assertThat(config.at("/architectures/0").asText()).isEqualTo("LlamaForTokenClassification");
        assertThat(config.at("/id2label").toString()).isEqualTo("{\"0\":\"LABEL_0\",\"1\":\"LABEL_1\"}");
        try (Safetensors file = Safetensors.open(run.finalModel().resolve("model.safetensors"))) {
            assertThat(file.names()).contains("score.weight", "score.bias").doesNotContain("lm_head.weight");
            assertThat(file.shape("score.weight")).containsExactly(2, 16);
            assertThat(file.shape("score.bias")).containsExactly(2);
        }
        assertThat(run.finalModel().resolve("step_format.json"))
                .content()
                .isEqualToIgnoringNewLines("{\"step_separator\":\"\\n\",\"max_solution_steps\":64}");
        RunLayout on = tiny.train(
                "prm", "on", settings("stepwise.jsonl", "model: " + run.finalModel(), "max_steps: 1")); // goes on
        assertThat(eval(on, false)).isEqualTo(after);

        TinyRun.assertSame(tiny.train("prm", "two", settings("stepwise.jsonl")), run);
        TinyRun.assertSame(tiny.resumeFrom(20, "two"), run);
    }

    @Test
    void outcomesAreLearntAndMakeARewardModel() throws IOException {
        RunLayout run = tiny.train("orm", "one", settings("outcomes.jsonl"));
        Map<String, Double> before = eval(run, false);
        Map<String, Double> after = eval(run, true);
        assertThat(after.get("loss")).isLessThan(before.get("loss") / 2);
        assertThat(after.get("auc")).isGreaterThan(0.95);
        assertThat(after.get("accuracy")).isGreaterThan(0.9);
        assertThat(after.get("best_of_n/accuracy")).isGreaterThan(after.get("best_of_n/at_random"));
        JsonNode config = new JsonMapper()
                .readTree(run.finalModel().resolve("config.json").toFile());
        assertThat(config.at("/architectures/0").asText()).isEqualTo("LlamaForSequenceClassification");
    }

    @Test
    void aStepModelLearnsFromOutcomesToo() {
        RunLayout run = tiny.train("prm", "one", settings("outcomes.jsonl", "outcome_labels: all", "aggregate: last"));
        assertThat(eval(run, true).get("loss")).isLessThan(eval(run, false).get("loss"));
        assertThat(eval(run, true).get("prm/step_auc"))
                .isGreaterThan(eval(run, false).get("prm/step_auc"));
    }

    @Test
    void modelsOfOtherKindsAreRefused() {
        RunLayout steps = tiny.train("prm", "steps", settings("stepwise.jsonl", "max_steps: 1"));
        assertThatThrownBy(() -> tiny.train("sft", "a", "model: " + steps.finalModel()))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("is a reward model, which gives scores and writes nothing");
        assertThatThrownBy(() -> tiny.train("orm", "b", settings("outcomes.jsonl", "model: " + steps.finalModel())))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("is a process reward model, which judges steps");
        RunLayout outcomes = tiny.train("orm", "outcomes", settings("outcomes.jsonl", "max_steps: 1"));
        assertThatThrownBy(() -> tiny.train("prm", "c", settings("stepwise.jsonl", "model: " + outcomes.finalModel())))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("gives scores of whole answers; a process reward model gives two classes");
        assertThatThrownBy(() -> Checkpoint.loadForClassifying(
                        Path.of("src/test/resources/goldens/models/opt_unbiased"), Optional.empty(), Device.CPU, 1))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("of which transformers has no model that classifies tokens");
    }

    @Test
    void gpt2CallsItsHeadClassifier() {
        try (Checkpoint checkpoint = Checkpoint.loadForClassifying(
                Path.of("src/test/resources/goldens/models/gpt2_unscaled"), Optional.empty(), Device.CPU, 1)) {
            assertThat(checkpoint.decoder().weights().all()).containsKeys("classifier.weight", "classifier.bias");
            checkpoint.save(folder.resolve("saved"), checkpoint.storedType());
        }
        try (Checkpoint again =
                Checkpoint.loadForClassifying(folder.resolve("saved"), Optional.empty(), Device.CPU, 2)) {
            assertThat(again.decoder().architecture().isClassifying()).isTrue();
        }
    }
}
