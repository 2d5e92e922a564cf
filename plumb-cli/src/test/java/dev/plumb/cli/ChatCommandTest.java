package dev.plumb.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tiny model reads 64 tokens, about as many letters. */
class ChatCommandTest {
    @TempDir
    private static Path folder;

    private static Path model;

    @BeforeAll
    static void files() {
        model = TinyModel.write(folder.resolve("model"));
    }

    private static Console chat(String said, String... words) {
        InputStream before = System.in;
        try {
            System.setIn(new ByteArrayInputStream(said.getBytes(StandardCharsets.UTF_8)));
            List<String> all = new ArrayList<>(List.of("chat"));
            all.addAll(List.of(words));
            if (all.stream().noneMatch(word -> word.startsWith("model="))) {
                all.add("model=" + model);
            }
            return Console.run(all.toArray(String[]::new));
        } finally {
            System.setIn(before);
        }
    }

    /** What generate answers to the same conversation, given as messages. */
    private static String generated(int maxNewTokens, String... turns) throws IOException {
        JsonMapper json = new JsonMapper();
        ObjectNode row = json.createObjectNode();
        for (int i = 0; i < turns.length; i += 2) {
            row.withArray("messages").addObject().put("role", turns[i]).put("content", turns[i + 1]);
        }
        Path file = Files.writeString(Files.createTempFile(folder, "turns", ".jsonl"), row + "\n");
        Console console = Console.run(
                "generate", "model=" + model, "prompts=" + file, "temperature=0", "max_new_tokens=" + maxNewTokens);
        assertThat(console.err()).isEmpty();
        return json.readTree(console.out()).get("completion").asText();
    }

    @Test
    void eachAnswerFollowsFromTheWholeConversation() throws IOException {
        String first = generated(3, "user", "the cat");
        String second = generated(3, "user", "the cat", "assistant", first, "user", "a dog");
        Console console = chat("the cat\n\na dog\n/exit\nnever said\n", "temperature=0", "max_new_tokens=3");
        assertThat(console.status()).isEqualTo(Exit.DONE);
        assertThat(console.out()).isEqualTo(first + "\n" + second + "\n");
    }

    @Test
    void resetForgetsAndSystemBeginsAnew() throws IOException {
        String told = generated(3, "system", "be", "user", "a dog");
        Console console = chat(
                "the cat\n/reset\nthe cat\n/system be\na dog\n/reset\na dog\n/system\nthe cat\n",
                "temperature=0",
                "max_new_tokens=3");
        String first = generated(3, "user", "the cat");
        assertThat(console.out()).isEqualTo(String.join("\n", first, first, told, told, first) + "\n");
        assertThat(chat("a dog\n", "temperature=0", "max_new_tokens=3", "system=be")
                        .out())
                .isEqualTo(told + "\n");
    }

    @Test
    void whatNoLongerFitsIsForgottenOldestFirstAndThatIsSaid() throws IOException {
        Console console = chat("the cat sat\n".repeat(6), "temperature=0", "max_new_tokens=4");
        assertThat(console.err()).contains("(The context is full: the oldest exchange is forgotten.)");
        assertThat(console.out().lines().count()).isGreaterThanOrEqualTo(6);
        assertThat(console.status()).isEqualTo(Exit.DONE);

        Console tooLong =
                chat("the cat sat on the mat ".repeat(20) + "\nthe cat\n", "temperature=0", "max_new_tokens=3");
        assertThat(tooLong.err()).contains("and the model reads 64 with its answer: shorten it.");
        assertThat(tooLong.out()).isEqualTo(generated(3, "user", "the cat") + "\n");
    }

    @Test
    void whatCannotBeSaidIsExplainedAndTheTalkGoesOn() throws IOException {
        Console console = chat("/rest\n<|end|>\nthe cat\n", "temperature=0", "max_new_tokens=3");
        assertThat(console.err()).contains("There is no command /rest; there are /reset, /system TEXT and /exit");
        assertThat(console.err()).contains("<|end|>");
        assertThat(console.err()).contains("(Cut after 3 tokens: raise max_new_tokens");
        assertThat(console.out()).isEqualTo(generated(3, "user", "the cat") + "\n");
    }

    @Test
    void aBaseModelIsRefusedWithTheRemedy() throws IOException {
        Path base = TinyModel.write(folder.resolve("base"));
        JsonMapper json = new JsonMapper();
        Path config = base.resolve("tokenizer_config.json");
        ObjectNode settings = (ObjectNode) json.readTree(config.toFile());
        settings.remove("chat_template");
        Files.writeString(config, settings.toString());
        Files.deleteIfExists(base.resolve("chat_template.jinja"));
        Console console = chat("hi\n", "model=" + base);
        assertThat(console.status()).isEqualTo(Exit.FAULT);
        assertThat(console.err())
                .contains("has no chat template, as base models have none")
                .contains("plumb generate model=" + base)
                .contains("plumb train sft")
                .contains("chat_template=")
                .hasLineCount(1);
        assertThat(console.out()).isEmpty();
    }
}
