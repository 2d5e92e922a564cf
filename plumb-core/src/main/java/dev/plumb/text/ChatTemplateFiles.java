package dev.plumb.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.plumb.config.PlumbException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The files of a model folder that say how to render a conversation. */
final class ChatTemplateFiles {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String KEY = "chat_template";

    private final Path folder;
    private final JsonNode config;

    ChatTemplateFiles(Path folder) {
        this.folder = folder;
        this.config = json(folder.resolve("tokenizer_config.json"));
    }

    /**
     * A template as found.
     *
     * @param name the file, for errors
     * @param text the source
     */
    record Source(String name, String text) {}

    /** The template; a file of its own wins over the tokenizer's configuration, as in transformers. */
    Optional<Source> source() {
        Path own = folder.resolve("chat_template.jinja");
        if (Files.exists(own)) {
            return Optional.of(new Source(own.toString(), read(own)));
        }
        Path processor = folder.resolve("chat_template.json");
        return in(folder.resolve("tokenizer_config.json"), config).or(() -> in(processor, json(processor)));
    }

    private static Optional<Source> in(Path file, JsonNode config) {
        JsonNode template = config.path(KEY);
        if (template.isMissingNode() || template.isNull()) {
            return Optional.empty();
        } else if (template.isTextual()) {
            return Optional.of(new Source(file + " (chat_template)", template.textValue()));
        }
        List<String> names = new ArrayList<>();
        for (JsonNode named : template) {
            names.add(named.path("name").asText());
            if (named.path("name").asText().equals("default")
                    && named.path("template").isTextual()) {
                String text = named.path("template").textValue();
                return Optional.of(new Source(file + " (chat_template 'default')", text));
            }
        }
        throw new PlumbException(
                file + ": chat_template must be a string, or a list with a template named 'default'; it" + " has "
                        + (names.isEmpty() ? "neither" : "only " + String.join(", ", names)));
    }

    /** The special tokens, under the names that templates know them by. */
    Map<String, Object> tokens() {
        Map<String, Object> tokens = new LinkedHashMap<>();
        config.properties().forEach(field -> {
            JsonNode value = field.getValue();
            JsonNode token = value.isObject() ? value.path("content") : value;
            if (field.getKey().endsWith("_token") && token.isTextual()) {
                tokens.put(field.getKey(), token.textValue());
            }
        });
        return tokens;
    }

    private static JsonNode json(Path file) {
        if (!Files.exists(file)) {
            return JSON.createObjectNode();
        }
        try {
            return JSON.readTree(read(file));
        } catch (IOException e) {
            throw new PlumbException(file + " is not valid JSON: " + e.getMessage(), e);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new PlumbException(file + " cannot be read: " + e, e);
        }
    }
}
