package dev.plumb.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.OptionalInt;

/**
 * A token that is found in the text before the model's own splitting, as tokenizer files describe it.
 *
 * @param content its text
 * @param id its id as stated; empty if no file states one
 * @param special left out when decoding without special tokens
 * @param singleWord found only as a word of its own
 * @param leftStrip takes the white space before it along
 * @param rightStrip takes the white space after it along
 * @param normalized looked for in the normalized text
 */
record AddedToken(
        String content,
        OptionalInt id,
        boolean special,
        boolean singleWord,
        boolean leftStrip,
        boolean rightStrip,
        boolean normalized) {

    static AddedToken special(String content) {
        return new AddedToken(content, OptionalInt.empty(), true, false, false, false, false);
    }

    static AddedToken plain(String content, boolean normalized) {
        return new AddedToken(content, OptionalInt.empty(), false, false, false, false, normalized);
    }

    /** From an entry of {@code added_tokens} or {@code added_tokens_decoder}. */
    static AddedToken of(JsonNode json, OptionalInt id) {
        boolean special = json.path("special").asBoolean(false);
        return new AddedToken(
                json.path("content").asText(),
                id,
                special,
                json.path("single_word").asBoolean(false),
                json.path("lstrip").asBoolean(false),
                json.path("rstrip").asBoolean(false),
                json.path("normalized").asBoolean(!special));
    }

    AddedToken withId(int newId) {
        return new AddedToken(content, OptionalInt.of(newId), special, singleWord, leftStrip, rightStrip, normalized);
    }

    void write(ObjectNode json, int newId) {
        json.put("id", newId);
        json.put("content", content);
        json.put("single_word", singleWord);
        json.put("lstrip", leftStrip);
        json.put("rstrip", rightStrip);
        json.put("normalized", normalized);
        json.put("special", special);
    }
}
