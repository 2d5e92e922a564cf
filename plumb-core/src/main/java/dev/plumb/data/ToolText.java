package dev.plumb.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Descriptions and calls of tools in the form that chat templates expect, {@code {"type": "function", "function": {…}}} with
 * arguments as an object, from that form, from bare functions, or from the JSON text of either.
 */
final class ToolText {
    private ToolText() {}

    /** Tool descriptions; none for an absent or blank column. */
    static List<Map<String, Object>> descriptions(@Nullable Object value, String title) throws BadRow {
        if (value == null || value instanceof String text && text.isBlank()) {
            return List.of();
        }
        List<Map<String, Object>> tools = new ArrayList<>();
        for (Object element : elements(value, title)) {
            tools.add(function(object(element, title)));
        }
        return List.copyOf(tools);
    }

    /** Tool calls of one turn. */
    static List<Map<String, Object>> calls(Object value, String place) throws BadRow {
        List<Map<String, Object>> calls = new ArrayList<>();
        for (Object element : elements(value, place)) {
            Map<String, Object> call = function(object(element, place));
            if (!(call.get("function") instanceof Map<?, ?> named) || !(named.get("name") instanceof String)) {
                throw Turns.wrong(place + " calls a tool without its name");
            }
            Map<String, Object> function = new LinkedHashMap<>(object(named, place));
            if (function.get("arguments") instanceof String text) {
                Object arguments = parsed(text, place);
                function.put("arguments", arguments instanceof Map<?, ?> ? arguments : text);
            }
            call.put("function", function);
            calls.add(call);
        }
        return List.copyOf(calls);
    }

    private static Map<String, Object> function(Map<String, Object> fields) {
        return fields.containsKey("name") && !fields.containsKey("function") && !"function".equals(fields.get("type"))
                ? new LinkedHashMap<>(Map.of("type", "function", "function", fields))
                : new LinkedHashMap<>(fields);
    }

    private static List<?> elements(Object value, String place) throws BadRow {
        Object parsed = value instanceof String text ? parsed(text, place) : value;
        return parsed instanceof List<?> list ? list : List.of(parsed);
    }

    private static Map<String, Object> object(@Nullable Object value, String place) throws BadRow {
        Object parsed = value instanceof String text ? parsed(text, place) : value;
        if (!(parsed instanceof Map<?, ?>)) {
            throw Turns.wrong(place + " holds " + JsonText.kind(parsed) + " where a tool or a call of one is due");
        }
        Map<String, Object> object = new LinkedHashMap<>();
        JsonText.fields(parsed).forEach((key, field) -> {
            if (field != null) {
                object.put(key, field);
            }
        });
        return object;
    }

    private static Object parsed(String json, String place) throws BadRow {
        try {
            Object value = JsonText.parse(json);
            return value == null ? "null" : value;
        } catch (JsonProcessingException e) {
            throw Turns.wrong(place + " holds a tool or a call of one that is not JSON");
        }
    }
}
