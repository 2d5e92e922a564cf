package dev.plumb.data;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** JSON as Python writes it: strict, but for NaN and Infinity; a key given twice is a fault. */
final class JsonText {
    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxStringLength(Integer.MAX_VALUE)
                            .build())
                    .build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private JsonText() {}

    /** The columns of a row that is written as a JSON object. */
    static Map<String, @Nullable Object> columns(String json) throws BadRow {
        Object value;
        try {
            value = parse(json);
        } catch (JsonProcessingException e) {
            throw new BadRow(BadRowReason.MALFORMED_JSON, fault(e));
        }
        if (!(value instanceof Map<?, ?>)) {
            throw new BadRow(
                    BadRowReason.NOT_AN_OBJECT, "the row is " + kind(value) + ", not an object with named columns");
        }
        if (json.contains("\\u")) {
            checkUnicode(value);
        }
        return fields(value);
    }

    /** Columns as a JSON object. */
    static String write(Map<String, Object> columns) {
        try {
            return MAPPER.writeValueAsString(columns);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("a row cannot be written as JSON", e);
        }
    }

    /** Any JSON value. */
    static @Nullable Object parse(String json) throws JsonProcessingException {
        return MAPPER.readValue(json, Object.class);
    }

    /** A JSON object by its keys; only for what is known to be one. */
    @SuppressWarnings("unchecked") // an object of JSON has no keys but strings
    static Map<String, @Nullable Object> fields(@Nullable Object object) {
        return (Map<String, @Nullable Object>) object;
    }

    /** What a value is, with its article. */
    static String kind(@Nullable Object value) {
        if (value == null) {
            return "null";
        }
        if (value instanceof String) {
            return "a text";
        }
        if (value instanceof List<?>) {
            return "a list";
        }
        if (value instanceof Map<?, ?>) {
            return "an object";
        }
        return value instanceof Boolean ? "true or false" : "a number";
    }

    private static String fault(JsonProcessingException e) {
        String message = e.getOriginalMessage().lines().findFirst().orElse("it cannot be parsed");
        JsonLocation place = e.getLocation();
        if (place == null) {
            return message;
        }
        String line = place.getLineNr() > 1 ? "line " + place.getLineNr() + " of the row, " : "";
        return message + " (" + line + "column " + place.getColumnNr() + ")";
    }

    private static void checkUnicode(@Nullable Object value) throws BadRow {
        if (value instanceof Map<?, ?> map) {
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                checkUnicode(entry.getKey());
                checkUnicode(entry.getValue());
            }
        } else if (value instanceof List<?> list) {
            for (Object element : list) {
                checkUnicode(element);
            }
        } else if (value instanceof String text) {
            for (int i = 0; i < text.length(); i++) {
                if (Character.isSurrogate(text.charAt(i))) {
                    if (!Character.isHighSurrogate(text.charAt(i))
                            || i + 1 == text.length()
                            || !Character.isLowSurrogate(text.charAt(i + 1))) {
                        throw new BadRow(
                                BadRowReason.NOT_UTF8,
                                String.format(
                                        "\\u%04x is half of a surrogate pair, which is no character",
                                        (int) text.charAt(i)));
                    }
                    i++;
                }
            }
        }
    }
}
