package dev.plumb.reward;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaException;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion;
import dev.plumb.config.PlumbException;
import dev.plumb.config.Setting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * 1 if the answer is JSON that fits a schema, else 0; without a schema, any JSON will do. Looked at is what follows {@code </think>};
 * a fence of three backticks around all of it is taken off. Schemas are of draft 2020-12; references outside the schema are refused, so nothing is
 * fetched.
 */
final class JsonReward implements Rule {
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private final Optional<JsonSchema> schema;

    JsonReward(Config config) {
        this.schema = config.schemaFile()
                .map(JsonReward::read)
                .or(() -> config.schema().isEmpty()
                        ? Optional.empty()
                        : Optional.of(compile("json.schema", JSON.valueToTree(config.schema()))));
    }

    /**
     * Settings of the JSON reward.
     *
     * @param schema a JSON schema in place
     * @param schemaFile a JSON schema in a file
     */
    record Config(
            @Setting(doc = "A JSON schema, written in place.")
            Map<String, Object> schema,

            @Setting(doc = "The file of a JSON schema.") Optional<Path> schemaFile) {
        /** Checks that there is one schema. */
        Config {
            if (!schema.isEmpty() && schemaFile.isPresent()) {
                throw new IllegalArgumentException("both schema and schema_file are given, take one");
            }
        }
    }

    @Override
    public Score score(RewardInput input) {
        JsonNode value;
        try {
            value = JSON.readTree(unfenced(Reasoning.answer(input.completion()).strip()));
        } catch (JsonProcessingException e) {
            return Score.of(0, "no_json");
        }
        if (value.isMissingNode()) {
            return Score.of(0, "no_json");
        }
        boolean fits = schema.map(it -> it.validate(value).isEmpty()).orElse(true);
        return fits ? Score.of(1) : Score.of(0, "unfit_json");
    }

    private static String unfenced(String text) {
        int line = text.indexOf('\n');
        return text.startsWith("```") && text.endsWith("```") && line > 0 && line < text.length() - 3
                ? text.substring(line + 1, text.length() - 3)
                : text;
    }

    private static JsonSchema read(Path file) {
        try {
            return compile(file.toString(), JSON.readTree(Files.readAllBytes(file)));
        } catch (JsonProcessingException e) {
            throw new PlumbException(file + ": not JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new PlumbException(file + ": the JSON schema cannot be read (" + e.getMessage() + ")", e);
        }
    }

    private static JsonSchema compile(String name, JsonNode schema) {
        JsonSchemaFactory factory = JsonSchemaFactory.getInstance(
                SpecVersion.VersionFlag.V202012,
                builder -> builder.schemaLoaders(loaders -> loaders.values(list -> list.add(location -> {
                    if (location.toString().startsWith("https://json-schema.org/")) {
                        return null; // the drafts' own schemas lie in the library
                    }
                    throw new JsonSchemaException("refers to " + location + ", which lies outside it");
                }))));
        try {
            JsonSchema compiled = factory.getSchema(
                    schema, SchemaValidatorsConfig.builder().failFast(false).build());
            compiled.initializeValidators();
            return compiled;
        } catch (JsonSchemaException e) {
            throw new PlumbException(name + ": not a JSON schema that can be used: " + e.getMessage(), e);
        }
    }
}
