package dev.plumb.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.plumb.config.PlumbException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** What the files beside a tokenizer say about it. Each of them may be missing. */
final class TokenizerConfig {
    private static final List<String> ROLES = List.of("bos", "eos", "unk", "sep", "pad", "cls", "mask");

    private final JsonNode tokenizerConfig;
    private final JsonNode specialTokensMap;
    private final JsonNode addedTokens;
    private final JsonNode modelConfig;
    private final JsonNode generationConfig;

    private TokenizerConfig(
            JsonNode tokenizerConfig,
            JsonNode specialTokensMap,
            JsonNode addedTokens,
            JsonNode modelConfig,
            JsonNode generationConfig) {
        this.tokenizerConfig = tokenizerConfig;
        this.specialTokensMap = specialTokensMap;
        this.addedTokens = addedTokens;
        this.modelConfig = modelConfig;
        this.generationConfig = generationConfig;
    }

    static TokenizerConfig none() {
        JsonNode missing = MissingNode.getInstance();
        return new TokenizerConfig(missing, missing, missing, missing, missing);
    }

    static TokenizerConfig read(Path folder) {
        Path main = folder.resolve("tokenizer_config.json");
        JsonNode tokenizerConfig = readIfThere(main);
        tokenizerConfig.path("added_tokens_decoder").fieldNames().forEachRemaining(id -> {
            if (!id.matches("\\d{1,9}")) {
                throw new PlumbException(main + ": '" + id + "' in added_tokens_decoder is not a token id");
            }
        });
        return new TokenizerConfig(
                tokenizerConfig,
                readIfThere(folder.resolve("special_tokens_map.json")),
                readIfThere(folder.resolve("added_tokens.json")),
                readIfThere(folder.resolve("config.json")),
                readIfThere(folder.resolve("generation_config.json")));
    }

    private static JsonNode readIfThere(Path file) {
        return Files.exists(file) ? TokenizerFiles.json(file) : MissingNode.getInstance();
    }

    /** The Python class that the tokenizer was saved from, without {@code Fast}; empty if not said. */
    String tokenizerClass() {
        String name = tokenizerConfig.path("tokenizer_class").asText();
        return name.endsWith("Fast") ? name.substring(0, name.length() - "Fast".length()) : name;
    }

    /** A switch of tokenizer_config.json such as {@code add_bos_token}. */
    Optional<Boolean> flag(String name) {
        JsonNode value = tokenizerConfig.path(name);
        return value.isBoolean() ? Optional.of(value.booleanValue()) : Optional.empty();
    }

    /** All tokens that these files add to the vocabulary or make special, those with a stated id first, by id. */
    List<AddedToken> addedTokens() {
        List<AddedToken> stated = new ArrayList<>();
        tokenizerConfig
                .path("added_tokens_decoder")
                .properties()
                .forEach(entry ->
                        stated.add(AddedToken.of(entry.getValue(), OptionalInt.of(Integer.parseInt(entry.getKey())))));
        addedTokens.properties().forEach(entry -> {
            if (stated.stream().noneMatch(token -> token.content().equals(entry.getKey()))) {
                stated.add(AddedToken.plain(entry.getKey(), true)
                        .withId(entry.getValue().asInt()));
            }
        });
        stated.sort(Comparator.comparingInt(token -> token.id().orElseThrow()));
        for (JsonNode file : List.of(tokenizerConfig, specialTokensMap)) {
            for (String role : ROLES) {
                text(file.path(role + "_token")).map(AddedToken::special).ifPresent(stated::add);
            }
            for (String list : List.of("additional_special_tokens", "extra_special_tokens")) {
                file.path(list)
                        .forEach(token -> text(token).map(AddedToken::special).ifPresent(stated::add));
            }
        }
        return stated;
    }

    private static Optional<String> text(JsonNode token) {
        String text = token.isObject() ? token.path("content").asText() : token.isTextual() ? token.textValue() : "";
        return text.isEmpty() ? Optional.empty() : Optional.of(text);
    }

    /**
     * The id of a role. A null in tokenizer_config.json says that there is none: Qwen has no BOS although its
     * config.json names one.
     */
    OptionalInt role(String role, TokenizerDefinition definition, Optional<String> byDefault) {
        for (JsonNode file : List.of(tokenizerConfig, specialTokensMap)) {
            JsonNode token = file.path(role + "_token");
            if (token.isNull()) {
                return OptionalInt.empty();
            }
            Optional<String> text = text(token).filter(definition::knows);
            if (text.isPresent()) {
                return OptionalInt.of(definition.ids().get(text.get()));
            }
        }
        if (byDefault.filter(definition::knows).isPresent()) {
            return OptionalInt.of(definition.ids().get(byDefault.get()));
        }
        for (JsonNode file : List.of(modelConfig, generationConfig)) {
            JsonNode id = file.path(role + "_token_id");
            JsonNode first = id.isArray() ? id.path(0) : id;
            if (first.isInt()) {
                return OptionalInt.of(first.intValue());
            }
        }
        return OptionalInt.empty();
    }
}
