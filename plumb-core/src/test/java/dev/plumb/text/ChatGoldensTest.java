package dev.plumb.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.plumb.Shared;
import dev.plumb.config.PlumbException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Renders that Python's Jinja2 made, set up as transformers does, equal to the character. */
class ChatGoldensTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TestFactory
    Stream<DynamicTest> constructs() throws IOException {
        return read("jinja-constructs.json").valueStream().map(test -> check(test, map(test.path("inputs"))));
    }

    @TestFactory
    Stream<DynamicTest> pythonSemantics() throws IOException {
        JsonNode all = read("jinja-semantics.json");
        return all.get("cases").valueStream().map(test -> check(test, map(all.get("inputs"))));
    }

    @Test
    void ourCopyOfTheConstructsIsComplete() throws IOException {
        Path original = Shared.folder("goldens/chat/constructs.json");
        assertThat(read("jinja-constructs.json")).isEqualTo(JSON.readTree(original.toFile()));
    }

    @TestFactory
    Stream<DynamicTest> realTemplates() throws IOException {
        Path goldens = Shared.folder("goldens/chat");
        Path templates = Shared.folder("data/tokenizers/chat_templates");
        List<DynamicTest> tests = new ArrayList<>();
        try (Stream<Path> files = Files.list(goldens)) {
            for (Path file : files.sorted().toList()) {
                JsonNode golden = JSON.readTree(file.toFile());
                if (golden.isArray()) {
                    continue;
                }
                String name = golden.get("template").asText();
                ChatTemplate template = ChatTemplate.parse(name, Files.readString(templates.resolve(name)));
                for (JsonNode test : golden.get("cases")) {
                    tests.add(DynamicTest.dynamicTest(
                            name + " " + test.get("name").asText(), () -> checkConversation(template, test)));
                }
            }
        }
        assertThat(tests).hasSizeGreaterThanOrEqualTo(36);
        return tests.stream();
    }

    private static JsonNode read(String resource) throws IOException {
        try (InputStream in = ChatGoldensTest.class.getResourceAsStream(resource)) {
            return JSON.readTree(in);
        }
    }

    private static DynamicTest check(JsonNode test, Map<String, Object> inputs) {
        String template = test.get("template").asText();
        return DynamicTest.dynamicTest(template, () -> {
            if (test.has("output")) {
                assertThat(render(template, inputs))
                        .isEqualTo(test.get("output").asText());
                return;
            }
            String ours =
                    template.contains("raise_exception") ? test.get("error").asText() : "";
            assertThatThrownBy(() -> render(template, inputs))
                    .isInstanceOf(PlumbException.class)
                    .hasMessageStartingWith("golden:1:")
                    .hasMessageContaining(ours);
        });
    }

    private static String render(String template, Map<String, Object> inputs) {
        return JinjaTemplate.parse("golden", template)
                .render(inputs, () -> LocalDateTime.of(2024, 7, 6, 5, 4, 3))
                .text();
    }

    private static void checkConversation(ChatTemplate template, JsonNode test) {
        JsonNode inputs = test.get("inputs");
        Map<String, Object> variables = map(inputs);
        variables.keySet().removeAll(List.of("messages", "tools", "add_generation_prompt"));
        List<Message> messages = new ArrayList<>();
        inputs.get("messages").forEach(node -> messages.add(message(node)));
        List<Map<String, Object>> tools = new ArrayList<>();
        inputs.path("tools").forEach(tool -> tools.add(map(tool)));
        boolean prompt = inputs.get("add_generation_prompt").asBoolean();
        if (test.has("error")) {
            assertThatThrownBy(() -> template.render(messages, tools, prompt, variables))
                    .isInstanceOf(PlumbException.class)
                    .hasMessageContaining(test.get("error").asText());
        } else {
            assertThat(template.render(messages, tools, prompt, variables))
                    .isEqualTo(test.get("output").asText());
        }
    }

    private static Message message(JsonNode node) {
        Map<String, Object> more = map(node);
        more.keySet().removeAll(List.of("role", "content"));
        return new Message(node.get("role").asText(), node.path("content").asText(), more);
    }

    private static Map<String, Object> map(JsonNode node) {
        return JSON.convertValue(node, new TypeReference<LinkedHashMap<String, Object>>() {});
    }
}
