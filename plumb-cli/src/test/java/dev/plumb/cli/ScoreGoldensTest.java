package dev.plumb.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.Shared;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** {@code plumb score} on token ids against the log-probabilities and rewards that other software computed. */
class ScoreGoldensTest {
    private static final JsonMapper JSON = new JsonMapper();

    @TempDir
    private Path folder;

    @TestFactory
    Stream<DynamicTest> own() throws IOException {
        return tests(Path.of("..", "plumb-core", "src", "test", "resources", "goldens", "models"));
    }

    @TestFactory
    Stream<DynamicTest> shared() throws IOException {
        return tests(Shared.folder("goldens/models"));
    }

    @TestFactory
    Stream<DynamicTest> further() throws IOException {
        String named = System.getProperty("plumb.goldens", "");
        Assumptions.assumeFalse(named.isEmpty(), "skipped: no further folder was named with -Dplumb.goldens");
        Path path = Path.of(named);
        return tests((Files.exists(path) ? path : Path.of("..").resolve(path)).resolve("models"));
    }

    private Stream<DynamicTest> tests(Path models) throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        try (Stream<Path> found = Files.list(models)) {
            for (Path model : found.sorted().toList()) {
                JsonNode golden = JSON.readTree(model.resolve("goldens.json").toFile());
                for (JsonNode one : golden.path("cases")) {
                    String name = model.getFileName() + " " + one.get("name").asText();
                    tests.add(DynamicTest.dynamicTest(name, () -> logProbs(name, model, one)));
                }
                if (golden.has("rewards")) {
                    String name = model.getFileName() + " rewards";
                    tests.add(DynamicTest.dynamicTest(name, () -> rewards(name, model, golden)));
                }
            }
        }
        assertThat(tests).isNotEmpty();
        return tests.stream();
    }

    private void logProbs(String name, Path model, JsonNode golden) throws IOException {
        List<JsonNode> rows = score(name, model, golden);
        for (int r = 0; r < rows.size(); r++) {
            JsonNode expected = golden.get("token_logprobs").get(r);
            JsonNode actual = rows.get(r).get("logps");
            assertThat(actual.size()).isEqualTo(expected.size() + 1);
            assertThat(actual.get(0).isNull()).isTrue();
            double sum = 0;
            for (int t = 0; t < expected.size(); t++) {
                String place = name + " row " + r + " token " + (t + 1);
                assertThat(actual.get(t + 1).isNull())
                        .as(place)
                        .isEqualTo(expected.get(t).isNull());
                if (!expected.get(t).isNull()) {
                    assertThat(actual.get(t + 1).asDouble())
                            .as(place)
                            .isCloseTo(expected.get(t).asDouble(), within(2e-4));
                    sum += actual.get(t + 1).asDouble();
                }
            }
            assertThat(rows.get(r).get("sum").asDouble()).isCloseTo(sum, within(1e-9));
        }
    }

    private void rewards(String name, Path model, JsonNode golden) throws IOException {
        List<JsonNode> rows = score(name, model, golden);
        for (int r = 0; r < rows.size(); r++) {
            assertThat(rows.get(r).get("reward").asDouble())
                    .as(name + " row " + r)
                    .isCloseTo(golden.get("rewards").get(r).asDouble(), within(2e-4));
        }
    }

    /** Writes the rows of a golden file as a user would have them, scores them by the command and reads what it wrote. */
    private List<JsonNode> score(String name, Path model, JsonNode golden) throws IOException {
        Path in = folder.resolve(name.replace(' ', '-') + ".jsonl");
        Path out = folder.resolve(name.replace(' ', '-') + "-scores.jsonl");
        StringBuilder lines = new StringBuilder();
        for (int r = 0; r < golden.get("input_ids").size(); r++) {
            ObjectNode row = JSON.createObjectNode();
            for (String key : List.of("input_ids", "attention_mask", "labels")) {
                if (golden.has(key)) {
                    row.set(key, golden.get(key).get(r));
                }
            }
            lines.append(row).append('\n');
        }
        Files.writeString(in, lines);
        Console console = Console.run("score", "model=" + model, "data=" + in, "output=" + out, "device=cpu");
        assertThat(console.err()).isEmpty();
        assertThat(console.status()).isEqualTo(Exit.DONE);
        List<JsonNode> rows = new ArrayList<>();
        for (String line : Files.readAllLines(out)) {
            rows.add(JSON.readTree(line));
        }
        assertThat(rows).hasSize(golden.get("input_ids").size());
        return rows;
    }
}
