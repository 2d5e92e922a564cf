package dev.plumb.text;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One turn of a conversation.
 *
 * @param role who speaks: {@code system}, {@code user}, {@code assistant}, {@code tool}
 * @param content what is said; empty if the turn only calls tools
 * @param more further fields that templates read, such as {@code tool_calls}; never null values
 */
public record Message(String role, String content, Map<String, Object> more) {
    /** Makes an unmodifiable copy of the further fields. */
    public Message {
        more = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(more));
    }

    /**
     * A plain turn.
     *
     * @param role who speaks
     * @param content what is said
     */
    public Message(String role, String content) {
        this(role, content, Map.of());
    }

    /**
     * The turn as a chat template sees it.
     *
     * @return role, content and the further fields
     */
    public Map<String, Object> fields() {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("role", role);
        all.put("content", content);
        all.putAll(more);
        return all;
    }
}
