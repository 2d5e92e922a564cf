package dev.plumb.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GenerateCommandTest {
    private static final JsonMapper JSON = new JsonMapper();

    @TempDir
    private static Path folder;

    @BeforeAll
    static void files() throws IOException {
        TinyModel.write(folder.resolve("model"));
        Files.writeString(
                folder.resolve("prompts.jsonl"),
                "{\"prompt\": \"the cat\"}\n{\"prompt\": \"the dog ran\"}\n{\"prompt_ids\": [5, 6, 7]}\n");
    }

    private static List<JsonNode> generate(String... words) {
        List<String> all = new ArrayList<>(
                List.of("generate", "model=" + folder.resolve("model"), "prompts=" + folder.resolve("prompts.jsonl")));
        all.addAll(List.of(words));
        Console console = Console.run(all.toArray(String[]::new));
        assertThat(console.err()).isEmpty();
        assertThat(console.status()).isEqualTo(Exit.DONE);
        return console.out()
                .lines()
                .map(line -> {
                    try {
                        return JSON.readTree(line);
                    } catch (IOException e) {
                        throw new AssertionError(line, e);
                    }
                })
                .toList();
    }

    @Test
    void everyCompletionOfEveryPromptIsALine() {
        List<JsonNode> rows = generate("num_generations=3", "temperature=1", "max_new_tokens=8", "top_k=9");
        assertThat(rows).hasSize(9);
        for (int i = 0; i < 9; i++) {
            JsonNode row = rows.get(i);
            assertThat(row.get("sample").asInt()).isEqualTo(i % 3);
            assertThat(row.get("ids")).hasSameSizeAs(row.get("logps")).hasSameSizeAs(row.get("sampling_logps"));
            for (int t = 0; t < row.get("ids").size(); t++) {
                // Among 9 tokens each is more probable than among all.
                assertThat(row.get("sampling_logps").get(t).asDouble())
                        .isGreaterThan(row.get("logps").get(t).asDouble());
            }
        }
        assertThat(rows.get(3).get("prompt").asText()).isEqualTo("the dog ran");
        assertThat(rows.get(0).get("ids")).isNotEqualTo(rows.get(1).get("ids"));
        for (String slots : List.of("1", "2", "5")) {
            List<JsonNode> others = generate(
                    "num_generations=3", "temperature=1", "max_new_tokens=8", "top_k=9", "batch_size=" + slots);
            for (int i = 0; i < 9; i++) {
                assertThat(others.get(i).get("ids")).isEqualTo(rows.get(i).get("ids"));
            }
        }
    }

    @Test
    void aStopStringOrTokenEndsACompletion() {
        JsonNode free =
                generate("temperature=0", "max_new_tokens=12", "chat=false").get(0);
        String text = free.get("completion").asText();
        String wanted = text.substring(2, 5);
        JsonNode stopped = generate(
                        "temperature=0",
                        "max_new_tokens=12",
                        "chat=false",
                        "stop_strings=[\"never\", " + quoted(wanted) + "]")
                .get(0);
        assertThat(stopped.get("stopped").asBoolean()).isTrue();
        assertThat(stopped.get("completion").asText()).contains(wanted);
        assertThat(text).startsWith(stopped.get("completion").asText());
        assertThat(stopped.get("ids").size()).isLessThan(free.get("ids").size());

        int id = free.get("ids").get(3).asInt();
        JsonNode byToken = generate("temperature=0", "max_new_tokens=12", "chat=false", "stop_token_ids=[" + id + "]")
                .get(0);
        assertThat(byToken.get("stopped").asBoolean()).isTrue();
        assertThat(byToken.get("ids").get(byToken.get("ids").size() - 1).asInt())
                .isEqualTo(id);
    }

    private static String quoted(String text) {
        return JSON.valueToTree(text).toString();
    }

    @Test
    void severalCompletionsOfOnePromptAreShownUnderTheirNumbers() {
        Console console = Console.run(
                "generate",
                "model=" + folder.resolve("model"),
                "prompt=the cat",
                "num_generations=2",
                "temperature=1",
                "max_new_tokens=4");
        assertThat(console.out()).contains("--- 0\n").contains("--- 1\n");
    }

    @Test
    void theSameTextSeveralTimesIsRefused() {
        Console console = Console.run(
                "generate", "model=" + folder.resolve("model"), "prompt=a", "num_generations=2", "max_new_tokens=4");
        assertThat(console.status()).isEqualTo(Exit.FAULT);
        assertThat(console.err()).contains("set a temperature").hasLineCount(1);
    }
}
