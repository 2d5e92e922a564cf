package dev.plumb.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.plumb.config.PlumbException;
import dev.plumb.config.YamlSource;
import dev.plumb.train.RunLayout;
import dev.plumb.train.TinyRun;
import dev.plumb.train.TrainingProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Recipes from the first stage to the last, with breaks between and inside. */
class RecipeRunTest {
    private static final String REWARD = "reward_funcs: [{name: regex, regex: {pattern: 'a'}}]";

    @TempDir
    private Path folder;

    private TinyRun tiny;

    @BeforeEach
    void make() {
        tiny = TinyRun.make(folder);
    }

    /** A process that runs a recipe. */
    public static void main(String[] words) {
        try {
            run(Path.of(words[0]));
        } catch (PlumbException e) {
            System.err.println("plumb: " + e.getMessage());
            System.exit(1);
        }
    }

    private static RecipeRun.Outcome run(Path yaml, String... words) {
        return new RecipeRun(Recipe.read(YamlSource.file(yaml).with(List.of(words))), List.of("test")).run();
    }

    private Path yaml(String output, String stages) throws IOException {
        String head = """
                output: %s
                shared:
                  model: %s
                  data: {eval_share: 0.15}
                  device: cpu
                  per_device_train_batch_size: 8
                  micro_batch_tokens: 80
                  learning_rate: 3e-3
                  sample_prompts: 1
                  max_completion_length: 6
                  save_steps: 5
                stages:
                """.formatted(folder.resolve(output), tiny.model());
        return Files.writeString(folder.resolve(output + ".yaml"), head + stages.replace("DIR", folder.toString()));
    }

    private RunLayout stage(String output, String name) {
        return new RunLayout(folder.resolve(output).resolve(name));
    }

    private static final String THREE = """
              - {method: sft, max_steps: 6, data: DIR/demonstrations.jsonl}
              - {method: dpo, model: '${sft}', max_steps: 60, data: DIR/pairs.jsonl}
              - method: grpo
                model: ${dpo}
                max_steps: 6
                num_generations: 4
                data: DIR/prompts.jsonl
                %s
            """.formatted(REWARD);

    @Test
    void aRecipeThatIsKilledInItsSecondStageEndsWithTheSameBytes() throws IOException {
        Path left = yaml("left", THREE);
        Path killed = yaml("killed", THREE);
        TrainingProcess whole = TrainingProcess.start(RecipeRunTest.class, left, List.of(left.toString()));
        assertThat(whole.end()).as(whole.output()).isZero();

        TrainingProcess process = TrainingProcess.start(RecipeRunTest.class, killed, List.of(killed.toString()));
        assertThat(process.killWhen(
                        () -> TrainingProcess.lines(stage("killed", "2-dpo").metrics()) > 20))
                .as(process.output())
                .isTrue();
        assertThat(stage("killed", "2-dpo").finalModel()).doesNotExist();
        FileTime first =
                Files.getLastModifiedTime(stage("killed", "1-sft").finalModel().resolve("model.safetensors"));
        TrainingProcess again = TrainingProcess.start(RecipeRunTest.class, killed, List.of(killed.toString()));
        assertThat(again.end()).as(again.output()).isZero();

        assertThat(Files.getLastModifiedTime(
                        stage("killed", "1-sft").finalModel().resolve("model.safetensors")))
                .isEqualTo(first);
        for (String name : List.of("1-sft", "2-dpo", "3-grpo")) {
            assertThat(stage("killed", name).finalModel().resolve("model.safetensors"))
                    .hasSameBinaryContentAs(stage("left", name).finalModel().resolve("model.safetensors"));
            assertThat(stage("killed", name).metrics())
                    .hasSameTextualContentAs(stage("left", name).metrics());
        }
        JsonNode provenance = json(Files.readString(stage("killed", "2-dpo").provenance()));
        assertThat(provenance.path("resumed_step").asLong()).isPositive(); // and was not trained anew
        assertThat(Files.mismatch(
                        stage("left", "2-dpo").finalModel().resolve("model.safetensors"),
                        stage("left", "1-sft").finalModel().resolve("model.safetensors")))
                .isNotNegative();
    }

    private static final String SAMPLED = """
              - name: draw
                method: rejection_sampling
                data: DIR/many.jsonl
                %s
                min_reward: 1
                num_generations: 6
                keep_per_prompt: 2
                keep_cut: true
              - {method: sft, max_steps: 12, data: {files: '${draw}'}}
            """.formatted(REWARD);

    private void manyPrompts() throws IOException {
        Files.write(
                folder.resolve("many.jsonl"),
                IntStream.range(0, 100)
                        .mapToObj(row -> "{\"prompt\": \"row " + row + " the lamp\", \"answer\": \"sea\"}")
                        .toList());
    }

    @Test
    void acceptedAnswersAreLearntByTheNextStage() throws IOException {
        manyPrompts();
        RecipeRun.Outcome outcome = run(yaml("r", SAMPLED));
        Path rows = folder.resolve("r/1-draw/accepted.jsonl");
        List<JsonNode> kept =
                Files.readAllLines(rows).stream().map(RecipeRunTest::json).toList();
        assertThat(kept).hasSizeBetween(20, 200);
        assertThat(kept).allSatisfy(row -> {
            assertThat(row.path("completion").asText()).contains("a");
            assertThat(row.path("reward").asDouble()).isEqualTo(1);
            assertThat(row.path("source").asText()).contains("many.jsonl:");
        });
        kept.stream()
                .collect(Collectors.groupingBy(row -> row.path("prompt").asText()))
                .forEach((prompt, of) -> {
                    Set<String> texts = new HashSet<>();
                    assertThat(of)
                            .hasSizeLessThanOrEqualTo(2)
                            .allMatch(row -> texts.add(
                                    row.path("completion").asText().strip().replaceAll("\\s+", " ")));
                });
        assertThat(outcome.last()).contains(stage("r", "2-sft").finalModel());
        assertThat(Files.readString(outcome.page()))
                .contains(
                        "<h2>1-draw</h2>",
                        "reward of an answer, mean",
                        "href=\"2-sft/report.html\"",
                        "loss, held-out",
                        "sft on model, finished");
        assertThat(stage("r", "1-draw").provenance()).content().contains("\"outcome\" : \"finished\"", "many.jsonl");
        assertThat(stage("r", "1-draw").report()).content().contains("of the answers were accepted");
        assertThat(folder.resolve("r/recipe.yaml"))
                .content()
                .startsWith("# test\n")
                .contains("rejection_sampling");
        JsonNode preflight = json(Files.readString(stage("r", "2-sft").preflight()));
        assertThat(preflight.path("rows_train").asLong()
                        + preflight.path("rows_eval").asLong())
                .isEqualTo(kept.size());
    }

    @Test
    void promptsThatAreTooEasyAreNotKept() throws IOException {
        manyPrompts();
        String six = SAMPLED.replace("keep_per_prompt: 2", "keep_per_prompt: 6");
        run(yaml("all", six));
        run(yaml("some", six.replace("min_reward: 1", "min_reward: 1\n    max_success_rate: 0.2")));
        Map<String, List<JsonNode>> all = bySource("all");
        Map<String, List<JsonNode>> some = bySource("some");
        assertThat(some.values()).allSatisfy(rows -> assertThat(rows).hasSize(1));
        assertThat(some.size()).isBetween(1, all.size() - 1);
        some.forEach((source, rows) -> assertThat(all.get(source)).isEqualTo(rows));
        assertThat(all.entrySet().stream()
                        .filter(prompt -> prompt.getValue().size() > 1)
                        .toList())
                .isNotEmpty()
                .noneMatch(prompt -> some.containsKey(prompt.getKey()));
        assertThat(stage("some", "1-draw").summary()).content().contains("with more right ones than max_success_rate");
        Path none = yaml("none", six.replace("min_reward: 1", "min_reward: 0\n    max_success_rate: 0.9"));
        assertThatThrownBy(() -> run(none)).hasMessageContaining("more than the share of max_success_rate: 0.9");
    }

    private Map<String, List<JsonNode>> bySource(String output) throws IOException {
        return Files.readAllLines(folder.resolve(output).resolve("1-draw/accepted.jsonl")).stream()
                .map(RecipeRunTest::json)
                .collect(Collectors.groupingBy(row -> row.path("source").asText()));
    }

    @Test
    void theLongestAnswersAreLeftOut() throws IOException {
        List<String> rows = IntStream.of(9, 1, 2, 3, 4, 5, 6, 7, 8, 10)
                .mapToObj(tokens -> "{\"completion_tokens\":" + tokens + "}")
                .toList();
        assertThat(Rejection.withoutLongest(rows, 1)).isEqualTo(rows);
        assertThat(Rejection.withoutLongest(rows, 0.8)).hasSize(8).isEqualTo(rows.subList(1, 9));
        assertThat(Rejection.withoutLongest(rows, 0.01)).containsExactly(rows.get(1));
        assertThat(Rejection.withoutLongest(rows.subList(0, 1), 0.99)).hasSize(1);
    }

    private static JsonNode json(String text) {
        try {
            return new JsonMapper().readTree(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aSamplingThatWasStoppedGoesOnToTheSameRows() throws IOException {
        manyPrompts();
        run(yaml("whole", SAMPLED));
        Path yaml = yaml("broken", SAMPLED);
        run(yaml);
        Path stage = folder.resolve("broken/1-draw");
        Path first = stage.resolve("portions/00000000.jsonl");
        FileTime written = Files.getLastModifiedTime(first);
        Files.delete(stage.resolve("accepted.jsonl")); // as if it had been killed in the second portion
        Files.delete(stage.resolve("portions/00000001.jsonl"));
        assertThatThrownBy(() -> run(yaml)).hasMessageContaining("holds a stage that was begun, but");
        Files.move(folder.resolve("broken/2-sft"), folder.resolve("elsewhere"));
        run(yaml);
        assertThat(Files.getLastModifiedTime(first)).isEqualTo(written);
        assertThat(stage.resolve("accepted.jsonl"))
                .hasSameTextualContentAs(folder.resolve("whole/1-draw/accepted.jsonl"));
    }

    @Test
    void aFinishedStageIsPassedOverOnlyWithTheSettingsThatItHad() throws IOException {
        manyPrompts();
        Path yaml = yaml("r", SAMPLED);
        run(yaml);
        FileTime made = Files.getLastModifiedTime(folder.resolve("r/1-draw/accepted.jsonl"));
        run(yaml); // all of it is finished
        assertThat(Files.getLastModifiedTime(folder.resolve("r/1-draw/accepted.jsonl")))
                .isEqualTo(made);
        assertThatThrownBy(() -> run(yaml, "draw.seed=1")).hasMessageContaining("drawn with other settings");
        assertThatThrownBy(() -> run(yaml, "sft.seed=1"))
                .hasMessageContaining("started with other settings")
                .hasMessageContaining("now `seed: 1`");
    }

    @Test
    void whatALaterStageWouldRefuseIsRefusedBeforeTheFirst() throws IOException {
        assertThatThrownBy(() -> run(yaml("a", THREE.replace("prompts.jsonl", "missing.jsonl"))))
                .hasMessageContaining("missing.jsonl");
        assertThatThrownBy(() -> run(yaml("b", THREE), "grpo.max_completion_length=600"))
                .hasMessageContaining("more than the model's context of 512 tokens");
        String judged = """
                  - {method: reward, max_steps: 2, data: DIR/pairs.jsonl}
                  - method: grpo
                    max_steps: 2
                    num_generations: 4
                    data: DIR/prompts.jsonl
                    reward_models: ['${reward}', %s]
                """;
        String model = tiny.model().toString();
        assertThatThrownBy(() -> run(yaml("c", judged.formatted(folder.resolve("none")))))
                .hasMessageContaining("none: there is no such folder");
        assertThatThrownBy(() -> run(yaml("d", judged.formatted(model))))
                .hasMessageContaining(model + " is no reward model");
        assertThatThrownBy(
                        () -> run(yaml("e", SAMPLED.replace("many", "prompts").replace(REWARD, "reward_models: none"))))
                .hasMessageContaining("none: there is no such folder");
        for (String output : List.of("a", "b", "c", "d")) {
            assertThat(folder.resolve(output)).doesNotExist();
        }
    }

    @Test
    void aRewardModelThatIsStillToBeMadeIsNotLookedFor() throws IOException {
        Path yaml = yaml("r", """
                  - {method: sft, max_steps: 2, data: DIR/demonstrations.jsonl}
                  - {method: reward, model: '${sft}', max_steps: 2, data: DIR/pairs.jsonl}
                  - method: grpo
                    model: ${sft}
                    max_steps: 2
                    num_generations: 4
                    data: DIR/prompts.jsonl
                    reward_models: ['${reward}']
                """);
        Recipe recipe = Recipe.read(YamlSource.file(yaml));
        RecipeRun first = new RecipeRun(recipe, List.of("test"));
        first.check();
        run(yaml);
        first.check(); // all is there
        Files.move(folder.resolve("r/3-grpo"), folder.resolve("elsewhere"));
        Files.move(folder.resolve("r/2-reward"), folder.resolve("elsewhere-too"));
        first.check(); // the first stage is finished, the second is not
    }

    @Test
    void nothingGoodEnoughIsAFault() throws IOException {
        manyPrompts();
        assertThatThrownBy(() -> run(yaml("r", SAMPLED.replace("min_reward: 1", "min_reward: 2"))))
                .hasMessageContaining("None of 600 answers earned min_reward: 2.0; the best earned 1.0");
    }
}
