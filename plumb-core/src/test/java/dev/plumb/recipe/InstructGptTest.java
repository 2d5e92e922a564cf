package dev.plumb.recipe;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.plumb.config.YamlSource;
import dev.plumb.hub.Sha256;
import dev.plumb.train.MetricsLog;
import dev.plumb.train.RunLayout;
import dev.plumb.train.TinyRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** InstructGPT from a base model to an aligned one: half of the demonstrations hold a storm, which nobody prefers. */
class InstructGptTest {
    private static final String[] FIRST = {" the", " a", " old", " grey"};
    private static final double TARGET = 3; // nats an answer

    @TempDir
    private static Path folder;

    private static RecipeRun.Outcome outcome;

    @BeforeAll
    static void runTheRecipe() throws IOException {
        TinyRun tiny = TinyRun.make(folder);
        Random random = new Random(3);
        List<String> told = new ArrayList<>();
        List<String> pairs = new ArrayList<>();
        for (int row = 0; row < 200; row++) {
            String good = FIRST[random.nextInt(4)] + " sea";
            String bad = FIRST[random.nextInt(4)] + " storm";
            told.add("{\"prompt\": \"row %d\", \"completion\": \"%s\"}".formatted(row, row % 2 == 0 ? good : bad));
            pairs.add("{\"prompt\": \"row %d\", \"chosen\": \"%s\", \"rejected\": \"%s\"}".formatted(row, good, bad));
        }
        Files.write(folder.resolve("told.jsonl"), told);
        Files.write(folder.resolve("pairs.jsonl"), pairs);
        Path yaml = Files.writeString(folder.resolve("instructgpt.yaml"), """
                output: DIR/out
                shared:
                  model: MODEL
                  data: {files: DIR/pairs.jsonl, eval_share: 0.2}
                  device: cpu
                  per_device_train_batch_size: 16
                  micro_batch_tokens: 400
                  learning_rate: 1e-2
                  sample_prompts: 2
                stages:
                  - {method: sft, data: {files: DIR/told.jsonl}, num_train_epochs: 4}
                  - {method: reward, model: '${sft}', num_train_epochs: 2}
                  - method: ppo
                    model: ${sft}
                    reward_models: ${reward}
                    value_model: ${reward}
                    learning_rate: 3e-3
                    critic_learning_rate: 1e-2
                    kl_coef: 0.1
                    kl_controller: adaptive
                    kl_target: 3
                    kl_horizon: 300
                    num_mini_batches: 2
                    max_completion_length: 10
                    max_steps: 20
                """.replace("DIR", folder.toString())
                .replace("MODEL", tiny.model().toString()));
        outcome = new RecipeRun(Recipe.read(YamlSource.file(yaml)), List.of("test")).run();
    }

    private static RunLayout stage(String name) {
        return new RunLayout(folder.resolve("out").resolve(name));
    }

    /** What was measured on held-out rows, before the stage and after it. */
    private static List<Map<String, Double>> held(String name) {
        List<Map<String, Double>> all = MetricsLog.read(stage(name).metrics()).stream()
                .filter(entry -> entry.split() == MetricsLog.Split.EVAL)
                .map(MetricsLog.Entry::values)
                .toList();
        return List.of(all.get(0), all.get(all.size() - 1));
    }

    @Test
    void theRewardOfHeldOutPromptsRisesAndTheKlStaysWithinItsTarget() {
        assertThat(held("1-sft").get(1).get("loss"))
                .isLessThan(held("1-sft").get(0).get("loss") / 2);
        assertThat(held("2-reward").get(1).get("accuracy")).isGreaterThan(0.9);
        Map<String, Double> before = held("3-ppo").get(0);
        Map<String, Double> after = held("3-ppo").get(1);
        assertThat(after.get("reward")).isGreaterThan(before.get("reward") + 1);
        assertThat(before.get("objective/kl")).isZero();
        assertThat(after.get("objective/kl")).isBetween(0.1, TARGET);
        assertThat(after.get("kl")).isPositive();
    }

    @Test
    void thePageLinksTheReportOfEachStageAndTellsHowMuchWasHeldOut() throws IOException {
        String page = Files.readString(outcome.page());
        for (String name : List.of("1-sft", "2-reward", "3-ppo")) {
            assertThat(page).contains("href=\"" + name + "/report.html\"", "<code>" + name + "/final</code>");
            assertThat(stage(name).report()).exists();
        }
        assertThat(page).contains("<dt>Held out</dt>", "reward, held-out", "objective/kl, held-out");
        assertThat(page).contains("from the reference, in nats an answer");
        assertThat(outcome.last()).contains(stage("3-ppo").finalModel());
    }

    @Test
    void theRecordNamesTheModelsThatJudged() throws IOException {
        JsonNode provenance =
                new JsonMapper().readTree(Files.readString(stage("3-ppo").provenance()));
        Path weights = stage("2-reward").finalModel().resolve("model.safetensors");
        for (String setting : List.of("reward_models", "value_model")) {
            assertThat(provenance.path(setting)).anySatisfy(file -> {
                assertThat(file.path("path").asText()).isEqualTo(weights.toString());
                assertThat(file.path("sha256").asText()).isEqualTo(Sha256.of(weights));
            });
        }
        assertThat(provenance.has("process_reward_model")).isFalse();
    }
}
