package dev.plumb.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.plumb.data.StepFormat;
import dev.plumb.hub.Checkpoint;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code plumb score} with models that judge steps or answers, and the best of several answers. */
class ScoreStepsTest {
    private static final JsonMapper JSON = new JsonMapper();

    @TempDir
    private Path folder;

    private Path steps;
    private Path rewards;

    @BeforeEach
    void make() {
        Path language = TinyModel.write(folder.resolve("language"));
        steps = folder.resolve("steps");
        rewards = folder.resolve("rewards");
        try (Checkpoint fresh = Checkpoint.loadForClassifying(language, Optional.of(DType.FLOAT32), Device.CPU, 3)) {
            fresh.save(steps, DType.FLOAT32);
        }
        try (Checkpoint fresh = Checkpoint.loadForScoring(language, Optional.of(DType.FLOAT32), Device.CPU, 3, 1)) {
            fresh.save(rewards, DType.FLOAT32);
        }
    }

    private List<JsonNode> score(Path model, List<String> rows, String... more) throws IOException {
        Path in = Files.write(folder.resolve("rows.jsonl"), rows);
        List<String> words = new ArrayList<>(List.of("score", "model=" + model, "data=" + in, "device=cpu"));
        words.addAll(List.of(more));
        Console console = Console.run(words.toArray(String[]::new));
        assertThat(console.err()).isEmpty();
        assertThat(console.status()).isEqualTo(Exit.DONE);
        List<JsonNode> out = new ArrayList<>();
        for (String line : console.out().lines().toList()) {
            out.add(JSON.readTree(line));
        }
        return out;
    }

    private static final List<String> ROWS = List.of(
            "{\"prompt\": \"the cat\", \"completions\": [\"sat on\", \"the mat\", \"ran\"]}",
            "{\"prompt\": \"the dog\", \"completions\": [\"ran\"]}",
            "{\"prompt\": \"the cat\", \"completions\": [\"the dog ran\"]}",
            "{\"prompt\": \"the cat\", \"completions\": [\"the dog ran\"]}");

    @ParameterizedTest
    @CsvSource({"min", "mean", "last", "prod", "geo_mean"})
    void eachStepHasAScoreAndTheBestAnswerIsNamed(String aggregate) throws IOException {
        List<JsonNode> all = score(steps, ROWS, "aggregate=" + aggregate);
        assertThat(all).hasSize(5);
        double[] scores = new double[4];
        for (int row = 0; row < 4; row++) {
            JsonNode line = all.get(row);
            assertThat(line.get("row").asText()).endsWith("rows.jsonl:" + (row + 1));
            assertThat(line.get("steps"))
                    .hasSize(row == 0 ? 3 : 1)
                    .allSatisfy(step -> assertThat(step.asDouble()).isBetween(0.0, 1.0));
            scores[row] = line.get("score").asDouble();
        }
        assertThat(scores[1]).isCloseTo(all.get(1).at("/steps/0").asDouble(), within(1e-12)); // of one step
        double first = all.get(0).at("/steps/0").asDouble();
        double second = all.get(0).at("/steps/1").asDouble();
        double third = all.get(0).at("/steps/2").asDouble();
        double want = switch (aggregate) {
            case "min" -> Math.min(first, Math.min(second, third));
            case "mean" -> (first + second + third) / 3;
            case "last" -> third;
            case "prod" -> first * second * third;
            default -> Math.cbrt(first * second * third);
        };
        assertThat(scores[0]).isCloseTo(want, within(1e-12));
        JsonNode best = all.get(4); // of the one prompt with several answers; of equal ones the first
        assertThat(best.get("best").asText()).endsWith(scores[0] > scores[2] ? ":1" : ":3");
        assertThat(best.get("answers").asInt()).isEqualTo(3);
        assertThat(best.get("score").asDouble()).isEqualTo(Math.max(scores[0], scores[2]));
    }

    @Test
    void oneTextIsCutIntoTheSameSteps() throws IOException {
        List<JsonNode> given = score(steps, ROWS.subList(0, 1));
        List<JsonNode> cut =
                score(steps, List.of("{\"prompt\": \"the cat\", \"completion\": \"sat on\\n\\nthe mat\\nran\\n\"}"));
        assertThat(cut.get(0).get("steps")).isEqualTo(given.get(0).get("steps"));
        assertThat(score(
                                steps,
                                List.of("{\"prompt\": \"the cat\", \"completion\": \"sat on\\nthe mat\\nran\"}"),
                                "max_solution_steps=2")
                        .get(0)
                        .get("steps"))
                .hasSize(2);
    }

    @Test
    void stepsEndAsTheModelsFolderSays() throws IOException {
        List<String> rows = List.of("{\"prompt\": \"the cat\", \"completion\": \"sat on\\nthe mat; ran\"}");
        assertThat(score(steps, rows).get(0).get("steps")).hasSize(2);
        new StepFormat("; ", 64).writeTo(steps);
        List<JsonNode> taught = score(steps, rows);
        assertThat(taught.get(0).get("steps")).hasSize(2);
        assertThat(taught).isEqualTo(score(steps, rows, "step_separator='; '"));
        Path in = folder.resolve("rows.jsonl");
        Console console = Console.run("score", "model=" + steps, "data=" + in, "step_separator=|", "device=cpu");
        assertThat(console.status()).isEqualTo(Exit.FAULT);
        assertThat(console.err()).contains("was taught with \"; \" and reads nothing else: leave it out");
    }

    @Test
    void aRewardModelNamesTheBestAnswerToo() throws IOException {
        List<JsonNode> all = score(
                rewards,
                List.of(
                        "{\"prompt\": \"the cat\", \"completion\": \" sat\"}",
                        "{\"prompt\": \"the cat\", \"completion\": \" ran on\"}",
                        "{\"prompt\": \"the dog\", \"completion\": \" ran\"}"));
        assertThat(all).hasSize(4);
        boolean first =
                all.get(0).get("reward").asDouble() > all.get(1).get("reward").asDouble();
        assertThat(all.get(3).get("best").asText()).endsWith(first ? ":1" : ":2");
        assertThat(all.get(3).get("answers").asInt()).isEqualTo(2);
        assertThat(score(rewards, List.of("{\"text\": \"the cat\"}", "{\"text\": \"the dog\"}")))
                .hasSize(2); // texts answer nothing
    }

    @Test
    void whatAStepModelCannotDoIsSaid() throws IOException {
        Path ids = Files.writeString(folder.resolve("ids.jsonl"), "{\"input_ids\": [1, 2, 3]}\n");
        Console console = Console.run("score", "model=" + steps, "data=" + ids, "device=cpu");
        assertThat(console.status()).isEqualTo(Exit.FAULT);
        assertThat(console.err()).contains("holds token ids, in which no step ends");
        Path rows = Files.writeString(
                folder.resolve("pairs.jsonl"), "{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": \"c\"}\n");
        console = Console.run("eval", "model=" + steps, "data=" + rows, "device=cpu");
        assertThat(console.status()).isEqualTo(Exit.FAULT);
        assertThat(console.err()).contains("is a process reward model, which is measured on held-out rows");
        console = Console.run("score", "model=" + rewards, "members=[" + steps + "]", "data=" + rows, "device=cpu");
        assertThat(console.err()).contains("must be reward models that score whole answers, and " + steps + " is none");
        console = Console.run("score", "model=" + steps, "data=" + rows, "normalisation=fit", "device=cpu");
        assertThat(console.err()).contains("normalisation=fit keeps the scale of one reward model");
        console = Console.run("generate", "model=" + steps, "prompt=a", "device=cpu");
        assertThat(console.err()).contains("is a reward model, which gives scores and writes nothing");
    }
}
