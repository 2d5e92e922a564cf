package dev.plumb.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole road by commands alone: train, look at the model, score with it. */
class TrainCommandTest {
    private static final JsonMapper JSON = new JsonMapper();

    @TempDir
    private Path folder;

    private Path model;
    private Path pairs;

    @BeforeEach
    void world() throws IOException {
        model = TinyModel.write(folder.resolve("my model"));
        pairs = folder.resolve("pairs.jsonl");
        StringBuilder rows = new StringBuilder();
        for (int i = 0; i < 24; i++) {
            rows.append(
                    "{\"prompt\": \"the %d\", \"chosen\": \" cat sat\", \"rejected\": \" dog ran\"}\n".formatted(i));
        }
        Files.writeString(pairs, rows);
    }

    @Test
    void dpoWithoutAFileThenResumeRefusesAndTheModelPrefersTheChosenAnswer() throws IOException {
        Path run = folder.resolve("run");
        Console trained = Console.run(
                "train",
                "dpo",
                "model=" + model,
                "data=" + pairs,
                "output=" + run,
                "learning_rate=0.01",
                "max_steps=12",
                "logging_steps=4",
                "device=cpu");
        assertThat(trained.err()).isEmpty();
        assertThat(trained.status()).isEqualTo(Exit.DONE);
        assertThat(trained.out()
                        .lines()
                        .filter(line -> line.startsWith("step "))
                        .map(line -> line.split("  ")[0]))
                .containsExactly("step 1/12", "step 4/12", "step 8/12", "step 12/12");
        assertThat(trained.out())
                .contains("model   " + run.resolve("final"), "report  " + run.resolve("report.html"))
                .contains("generate model=" + run.resolve("final") + " prompt=");
        assertThat(run.resolve("report.html")).exists();
        assertThat(JSON.readTree(run.resolve("provenance.json").toFile())
                        .path("command")
                        .toString())
                .contains("\"plumb\",\"train\",\"dpo\"");

        assertThat(Console.run("train", "dpo", "model=" + model, "data=" + pairs, "output=" + run)
                        .err())
                .contains("already holds a run");

        double before = margin(model);
        assertThat(margin(run.resolve("final"))).isGreaterThan(before + 1);
    }

    @Test
    void aRecipeIsTrainedByOneCommandAndGoneOnWithByTheSame() throws IOException {
        Path recipe = folder.resolve("recipe.yaml");
        Files.writeString(recipe, """
                shared: {device: cpu, max_steps: 3, learning_rate: 0.01}
                stages:
                  - {method: dpo}
                  - {method: reward, model: '${dpo}'}
                """);
        Path out = folder.resolve("out");
        String[] words = {
            "train", recipe.toString(), "model=" + model, "data=" + pairs, "output=" + out, "reward.max_steps=2"
        };
        Console checked = Console.run("check", recipe.toString(), "model=" + model, "data=" + pairs, "output=" + out);
        assertThat(checked.status()).as(checked.err()).isEqualTo(Exit.DONE);
        assertThat(checked.out()).contains("checking 1-dpo", "checking 2-reward", "would take 3 steps");
        assertThat(out).doesNotExist();

        Console trained = Console.run(words);
        assertThat(trained.err()).isEmpty();
        assertThat(trained.out())
                .contains("stage 2 of 2: reward", "dpo                   " + out.resolve("1-dpo/final"))
                .contains("report                " + out.resolve("index.html"));
        assertThat(Console.run(words).out()).contains("stage 1-dpo is finished", "stage 2-reward is finished");
        assertThat(Console.run("train", "--resume", out.toString()).err())
                .contains("is the folder of a recipe: to go on with it, call the command again");
        assertThat(Console.run("train", recipe.toString(), "dp.beta=1").err()).contains("did you mean 'dpo'?");
        assertThat(Console.run("explain", "rejection_sampling.min_reward").out())
                .contains("must earn");
    }

    @Test
    void anAdapterIsTrainedScoredAndMerged() throws IOException {
        Path run = folder.resolve("run");
        Path adapter = run.resolve("final");
        Path merged = folder.resolve("merged");
        Console trained = Console.run(
                "train",
                "dpo",
                "model=" + model,
                "data=" + pairs,
                "output=" + run,
                "learning_rate=0.02",
                "max_steps=12",
                "use_peft=true",
                "lora_target_modules=[q_proj, v_proj, down_proj]",
                "device=cpu");
        assertThat(trained.err()).isEmpty();
        assertThat(trained.status()).isEqualTo(Exit.DONE);
        assertThat(trained.out()).contains("merge model='" + model + "' adapter=" + adapter + " output=FOLDER");

        Console written = Console.run("merge", "model=" + model, "adapter=" + adapter, "output=" + merged);
        assertThat(written.err()).isEmpty();
        assertThat(written.status()).isEqualTo(Exit.DONE);
        assertThat(Console.run("merge", "adapter=" + adapter, "output=" + merged)
                        .err())
                .contains(merged + ": exists already");
        double before = margin(model);
        double with = margin(model, "adapter=" + adapter);
        assertThat(with).isGreaterThan(before + 1);
        assertThat(margin(adapter)).isEqualTo(with);
        assertThat(margin(merged)).isCloseTo(with, within(1e-4));
        assertThat(Console.run("generate", "model=" + adapter, "prompt=the 1", "max_new_tokens=4")
                        .out())
                .isEqualTo(Console.run("generate", "model=" + merged, "prompt=the 1", "max_new_tokens=4")
                        .out());
    }

    /** How much more probable a model finds the chosen answer, by the score command on rows of text. */
    private double margin(Path scored, String... more) throws IOException {
        Path rows = folder.resolve("answers.jsonl");
        Files.writeString(rows, """
                {"prompt": "the 99", "completion": " cat sat"}
                {"prompt": "the 99", "completion": " dog ran"}
                """);
        List<String> words = new ArrayList<>(List.of("score", "model=" + scored, "data=" + rows));
        words.addAll(List.of(more));
        List<JsonNode> scores = json(Console.run(words.toArray(new String[0])));
        return scores.get(0).get("sum").asDouble() - scores.get(1).get("sum").asDouble();
    }

    @Test
    void aFileIsResumedByItsFolder() throws IOException {
        Path yaml = folder.resolve("sft.yaml");
        Path texts = folder.resolve("texts.jsonl");
        Files.writeString(texts, "{\"text\": \"the cat sat\"}\n{\"text\": \"the dog ran\"}\n");
        Path run = folder.resolve("sft run");
        Files.writeString(
                yaml,
                "method: sft\nmodel: '%s'\ndata: {files: '%s', eval_share: 0}\noutput: '%s'\nsave_steps: 2\nmax_steps: 3\n"
                        .formatted(model, texts, run));
        assertThat(Console.run("train", yaml.toString()).status()).isEqualTo(Exit.DONE);
        assertThat(Console.run("train", run.toString()).err()).contains("add `--resume`");
        Console resumed = Console.run("train", "--resume", run.toString());
        assertThat(resumed.err()).isEmpty();
        assertThat(resumed.status()).isEqualTo(Exit.DONE);
        assertThat(resumed.out()).contains("model='" + run.resolve("final") + "'");
        assertThat(Console.run("train", "--resume", run.toString(), "seed=1").err())
                .contains("was started with other settings", "seed");
    }

    @Test
    void generateStreamsOnePromptAndWritesLinesForMany() throws IOException {
        Console one = Console.run("generate", "model=" + model, "prompt=the cat", "max_new_tokens=5", "chat=false");
        assertThat(one.err()).isEmpty();
        String rows = """
                {"prompt": "the cat"}

                {"messages": [{"role": "user", "content": "the cat"}]}
                {"prompt_ids": [116, 104]}
                """;
        Path file = folder.resolve("prompts.jsonl");
        Files.writeString(file, rows);
        List<JsonNode> lines =
                json(Console.run("generate", "model=" + model, "prompts=" + file, "max_new_tokens=5", "chat=false"));
        assertThat(lines).hasSize(3);
        assertThat(one.out()).isEqualTo(lines.get(0).get("completion").asText() + "\n");
        assertThat(lines.get(0).get("ids").size()).isLessThanOrEqualTo(5);
        assertThat(lines.get(0).get("logps").size())
                .isEqualTo(lines.get(0).get("ids").size());
        List<JsonNode> chat = json(Console.run("generate", "model=" + model, "prompts=" + file, "max_new_tokens=5"));
        assertThat(chat.get(0).get("ids"))
                .isEqualTo(chat.get(1).get("ids"))
                .isEqualTo(lines.get(1).get("ids"));

        InputStream in = System.in;
        try {
            System.setIn(new ByteArrayInputStream(rows.getBytes(StandardCharsets.UTF_8)));
            assertThat(json(Console.run("generate", "model=" + model, "prompts=-", "max_new_tokens=5", "chat=false")))
                    .isEqualTo(lines);
        } finally {
            System.setIn(in);
        }
    }

    @Test
    void samplingRepeatsWithItsSeed() {
        String[] words = {"generate", "model=" + model, "prompt=the", "max_new_tokens=20", "temperature=1.5", "seed=1"};
        String first = Console.run(words).out();
        assertThat(Console.run(words).out()).isEqualTo(first);
        words[5] = "seed=2";
        assertThat(Console.run(words).out()).isNotEqualTo(first);
    }

    @Test
    void scoreLeavesOutBadRowsOnlyWhenAsked() throws IOException {
        Path ids = folder.resolve("ids.jsonl");
        Files.writeString(ids, """
                {"input_ids": [5]}
                {"prompt_ids": [5, 6], "completion_ids": [7, 8]}
                {"input_ids": [5, 6, 7, 8], "labels": [-100, -100, 7, 9]}
                {"input_ids": [0, 5, 6, 7, 8, 0], "attention_mask": [0, 1, 1, 1, 1, 0]}
                """);
        Console strict = Console.run("score", "model=" + model, "data=" + ids);
        assertThat(strict.status()).isEqualTo(Exit.FAULT);
        assertThat(strict.err()).contains("ids.jsonl:3: label 9 at 3 is neither -100 nor the token there, 8.");
        Console lenient = Console.run("score", "model=" + model, "data=" + ids, "on_bad_row=drop");
        assertThat(lenient.err()).contains("could not be scored: 1.");
        List<JsonNode> rows = json(lenient);
        assertThat(rows.get(0).toString()).contains("\"logps\":[null]", "\"mean\":null", "\"tokens\":0");
        assertThat(rows.get(1).get("logps").get(1).isNull()).isTrue();
        JsonNode padded = rows.get(2).get("logps");
        assertThat(padded.get(1).isNull() && padded.get(5).isNull()).isTrue();
        assertThat(Math.abs(padded.get(3).asDouble()
                        - rows.get(1).get("logps").get(2).asDouble()))
                .isLessThan(1e-5);
    }

    private static List<JsonNode> json(Console console) throws IOException {
        assertThat(console.status()).as(console.err()).isEqualTo(Exit.DONE);
        List<JsonNode> rows = new ArrayList<>();
        for (String line : console.out().lines().toList()) {
            rows.add(JSON.readTree(line));
        }
        return rows;
    }
}
