package dev.plumb.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.PlumbException;
import java.nio.file.Path;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A tokenizer as the content of a {@code tokenizer.json}, whichever file it was read from, with what is needed to know
 * its ids: they are given out as the Hugging Face runtime does when it loads the same content.
 */
final class TokenizerDefinition {
    /**
     * What a format says by itself, where the files beside it say nothing.
     *
     * @param bos the token that opens a document
     * @param eos the token that closes one
     * @param addsBos whether documents get it
     */
    record Defaults(Optional<String> bos, Optional<String> eos, boolean addsBos) {
        static final Defaults NONE = new Defaults(Optional.empty(), Optional.empty(), false);
    }

    private final ObjectNode json;
    private final Path source;
    private final Defaults defaults;
    private final Map<String, Integer> ids = new LinkedHashMap<>();
    private final Map<String, ObjectNode> added = new LinkedHashMap<>();
    private final int modelSize;
    private int largestAdded = -1;

    TokenizerDefinition(ObjectNode json, Path source, Defaults defaults) {
        this.json = json;
        this.source = source;
        this.defaults = defaults;
        readVocabulary(json.path("model").path("vocab"));
        modelSize = json.path("model").path("vocab").size();
        JsonNode listed = json.path("added_tokens");
        ArrayNode kept = json.putArray("added_tokens");
        for (JsonNode token : listed) {
            add(kept, AddedToken.of(token, statedId(token.path("id"))));
        }
        // Settings of the program that saved the file: a text is never cut or padded here.
        json.putNull("truncation");
        json.putNull("padding");
    }

    private static OptionalInt statedId(JsonNode id) {
        return id.isInt() ? OptionalInt.of(id.intValue()) : OptionalInt.empty();
    }

    private void readVocabulary(JsonNode vocabulary) {
        if (vocabulary.isArray()) {
            int id = 0;
            for (JsonNode piece : vocabulary) {
                ids.put(piece.path(0).asText(), id++);
            }
        } else if (vocabulary.isObject()) {
            vocabulary.properties().forEach(entry -> {
                if (!entry.getValue().isInt() || entry.getValue().intValue() < 0) {
                    throw new PlumbException(source + ": the id of token '" + entry.getKey() + "' is "
                            + entry.getValue() + ", which is not a whole number of 0 or more");
                }
                ids.put(entry.getKey(), entry.getValue().intValue());
            });
        } else {
            throw new PlumbException(
                    source + ": no vocabulary at 'model.vocab', so this is not a tokenizer.json of Hugging Face");
        }
    }

    /** Adds a token, or makes a known one special if this one is. */
    void add(AddedToken token) {
        add((ArrayNode) json.get("added_tokens"), token);
    }

    private void add(ArrayNode list, AddedToken token) {
        ObjectNode known = added.get(token.content());
        if (known != null) {
            if (token.special()) {
                known.put("special", true);
            }
            return;
        }
        int id = ids.computeIfAbsent(token.content(), content -> Math.max(largestAdded + 1, modelSize));
        if (token.id().isPresent() && token.id().getAsInt() != id) {
            throw new PlumbException(source + ": the added token '" + token.content() + "' is given id "
                    + token.id().getAsInt() + ", but the vocabulary makes it " + id
                    + "; the tokenizer files do not belong together");
        }
        largestAdded = Math.max(largestAdded, id);
        ObjectNode entry = list.addObject();
        token.write(entry, id);
        added.put(token.content(), entry);
    }

    /** Refuses compiled normalisation rules that would bring the runtime down. */
    void checkRules() {
        for (String rules : json.path("normalizer").findValuesAsText("precompiled_charsmap")) {
            boolean good;
            try {
                good = Charsmap.wellFormed(Base64.getDecoder().decode(rules));
            } catch (IllegalArgumentException e) {
                good = false;
            }
            if (!good) {
                throw new PlumbException(
                        source + ": its compiled normalisation rules (precompiled_charsmap) are broken");
            }
        }
    }

    ObjectNode json() {
        return json;
    }

    Path source() {
        return source;
    }

    Defaults defaults() {
        return defaults;
    }

    /** All tokens, added ones included, with their ids. */
    Map<String, Integer> ids() {
        return ids;
    }

    /** The texts of the special tokens, in order of definition. */
    Iterable<String> specialTokens() {
        return added.entrySet().stream()
                .filter(entry -> entry.getValue().path("special").asBoolean())
                .map(Map.Entry::getKey)
                .toList();
    }

    boolean knows(String token) {
        return ids.containsKey(token);
    }
}
