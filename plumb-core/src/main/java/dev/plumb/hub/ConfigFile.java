package dev.plumb.hub;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.plumb.config.PlumbException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A JSON object of a checkpoint whose values are asked for by key; every fault names the file, the key and what is allowed. */
final class ConfigFile {
    private static final ObjectMapper JSON = new ObjectMapper().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);

    private final Path file;
    private final String prefix;
    private final JsonNode root;

    private ConfigFile(Path file, String prefix, JsonNode root) {
        this.file = file;
        this.prefix = prefix;
        this.root = root;
    }

    static ConfigFile read(Path file) {
        JsonNode root;
        try {
            root = JSON.readTree(Files.readAllBytes(file));
        } catch (JsonProcessingException e) {
            int line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
            throw new PlumbException(
                    file + ":" + line + ": this is not valid JSON: " + e.getOriginalMessage() + ".", e);
        } catch (IOException e) {
            throw new PlumbException(file + ": cannot be read: " + IoFault.reason(e) + ".", e);
        }
        if (!root.isObject()) {
            throw new PlumbException(file + ": a JSON object in braces is expected here.");
        }
        return new ConfigFile(file, "", root);
    }

    Path file() {
        return file;
    }

    /** Whether the key is there and not null. */
    boolean has(String key) {
        return root.hasNonNull(key);
    }

    /** Whether the key is there, null or not. */
    boolean names(String key) {
        return root.has(key);
    }

    boolean isText(String key) {
        return root.path(key).isTextual();
    }

    /** Whether the key holds anything but null, false or an empty list, object or text. */
    boolean isFilled(String key) {
        JsonNode value = root.path(key);
        return has(key)
                && !isFalse(key)
                && (value.isContainerNode() ? !value.isEmpty() : !value.asText().isEmpty());
    }

    boolean isFalse(String key) {
        return root.path(key).isBoolean() && !root.path(key).booleanValue();
    }

    /** A positive whole number. */
    int size(String key) {
        if (!has(key)) {
            throw fault(key, "is missing; a positive whole number is needed");
        }
        JsonNode value = root.get(key);
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 1) {
            throw fault(key, "is " + value + "; a positive whole number is needed");
        }
        return value.intValue();
    }

    int size(String key, int otherwise) {
        return has(key) ? size(key) : otherwise;
    }

    double number(String key) {
        JsonNode value = root.path(key);
        if (!value.isNumber()) {
            throw fault(
                    key, value.isMissingNode() ? "is missing; a number is needed" : "is " + value + ", not a number");
        }
        return value.doubleValue();
    }

    double number(String key, double otherwise) {
        return has(key) ? number(key) : otherwise;
    }

    boolean flag(String key, boolean otherwise) {
        if (!has(key)) {
            return otherwise;
        }
        JsonNode value = root.get(key);
        if (!value.isBoolean()) {
            throw fault(key, "is " + value + "; true or false is needed");
        }
        return value.booleanValue();
    }

    String text(String key, String otherwise) {
        if (!has(key)) {
            return otherwise;
        }
        JsonNode value = root.get(key);
        if (!value.isTextual()) {
            throw fault(key, "is " + value + "; a text in quotes is needed");
        }
        return value.textValue();
    }

    /** A list of texts; empty if the key is not there. */
    List<String> texts(String key) {
        List<String> all = new ArrayList<>();
        for (JsonNode each : root.path(key)) {
            if (!each.isTextual()) {
                throw fault(key, "holds " + each + "; only texts in quotes belong here");
            }
            all.add(each.textValue());
        }
        return all;
    }

    /** Whole numbers, given as one or as a list; empty if the key is not there. */
    List<Integer> integers(String key) {
        JsonNode value = root.path(key);
        List<Integer> all = new ArrayList<>();
        for (JsonNode each : value.isArray() ? value : has(key) ? List.of(value) : List.<JsonNode>of()) {
            if (!each.isIntegralNumber() || !each.canConvertToInt()) {
                throw fault(key, "holds " + each + "; only whole numbers belong here");
            }
            all.add(each.intValue());
        }
        return all;
    }

    Optional<ConfigFile> object(String key) {
        if (!has(key)) {
            return Optional.empty();
        }
        JsonNode value = root.get(key);
        if (!value.isObject()) {
            throw fault(key, "is " + value + "; an object in braces is needed");
        }
        return Optional.of(new ConfigFile(file, prefix + key + ".", value));
    }

    /** The object's keys in the order of the file. */
    List<String> keys() {
        List<String> keys = new ArrayList<>();
        root.fieldNames().forEachRemaining(keys::add);
        return keys;
    }

    /** Faults keys outside the given ones. */
    void allowOnly(Set<String> known) {
        for (String key : keys()) {
            if (!known.contains(key)) {
                throw fault(key, "is a setting that Plumb does not know here");
            }
        }
    }

    PlumbException fault(String key, String what) {
        return new PlumbException(file + ": " + prefix + key + " " + what + ".");
    }
}
