package dev.plumb.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.plumb.text.Message;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Turns of a conversation, in OpenAI's keys (role, content) or in ShareGPT's (from, value), with the roles of either. */
final class Turns {
    private static final Map<String, String> ROLES = Map.ofEntries(
            Map.entry("system", "system"),
            Map.entry("developer", "developer"),
            Map.entry("user", "user"),
            Map.entry("human", "user"),
            Map.entry("assistant", "assistant"),
            Map.entry("gpt", "assistant"),
            Map.entry("function_call", "assistant"),
            Map.entry("tool", "tool"),
            Map.entry("observation", "tool"));

    private Turns() {}

    /** Reads a list of turns, a single turn, or the JSON text of either, which is how a CSV file holds them. */
    static List<Message> read(Object value, String title) throws BadRow {
        Object parsed = value;
        if (value instanceof String text) {
            try {
                parsed = JsonText.parse(text);
            } catch (JsonProcessingException e) {
                throw wrong(title + " holds text where a list of turns is due");
            }
        }
        if (parsed instanceof Map<?, ?>) {
            return List.of(turn(JsonText.fields(parsed), title));
        }
        if (!(parsed instanceof List<?> list)) {
            throw wrong(title + " holds " + JsonText.kind(parsed) + " where a list of turns is due");
        }
        List<Message> turns = new ArrayList<>(list.size());
        for (Object element : list) {
            String place = "turn " + (turns.size() + 1) + " of " + title;
            if (!(element instanceof Map<?, ?>)) {
                throw wrong(place + " is " + JsonText.kind(element) + " where an object with role and content is due");
            }
            turns.add(turn(JsonText.fields(element), place));
        }
        return turns;
    }

    /** Refuses turns among which the assistant says nothing, or says something empty. */
    static void checkAnswers(List<Message> turns, String title) throws BadRow {
        boolean any = false;
        for (int i = 0; i < turns.size(); i++) {
            if (turns.get(i).role().equals("assistant")) {
                any = true;
                if (isEmpty(turns.get(i))) {
                    throw new BadRow(
                            BadRowReason.EMPTY_ANSWER,
                            "turn " + (i + 1) + " of " + title + ", the assistant's, is empty");
                }
            }
        }
        if (!any) {
            throw new BadRow(BadRowReason.NO_ASSISTANT_TURN, title + " has no turn of the assistant");
        }
    }

    /** Whether a turn says nothing, thinks nothing and calls nothing. */
    static boolean isEmpty(Message turn) {
        if (!turn.content().isBlank()) {
            return false;
        }
        for (String field : List.of("tool_calls", "reasoning_content", "thinking")) {
            Object value = turn.more().get(field);
            if (value instanceof List<?> list ? !list.isEmpty() : value instanceof String text && !text.isBlank()) {
                return false;
            }
        }
        return true;
    }

    private static Message turn(Map<String, @Nullable Object> fields, String place) throws BadRow {
        String roleKey = fields.get("role") == null && fields.containsKey("from") ? "from" : "role";
        String contentKey = fields.get("content") == null && fields.containsKey("value") ? "value" : "content";
        Object said = fields.get(roleKey);
        if (said == null) {
            throw new BadRow(
                    BadRowReason.MISSING_FIELD, place + " has no role; it has " + Cells.listed(fields.keySet()));
        }
        String role = said instanceof String name ? ROLES.get(name) : null;
        if (role == null) {
            throw new BadRow(
                    BadRowReason.UNKNOWN_ROLE,
                    place + " is spoken by " + said + "; roles are system, developer, user (human), assistant (gpt),"
                            + " function_call and tool (observation)");
        }
        Map<String, Object> more = new LinkedHashMap<>();
        fields.forEach((key, value) -> {
            if (value != null && !key.equals(roleKey) && !key.equals(contentKey)) {
                more.put(key, value);
            }
        });
        Object calls = more.get("tool_calls");
        if (calls != null) {
            more.put("tool_calls", ToolText.calls(calls, place));
        }
        Object content = fields.get(contentKey);
        if (said.equals("function_call")) {
            more.put("tool_calls", ToolText.calls(content == null ? "" : content, place));
            return new Message(role, "", more);
        }
        if (content == null && more.isEmpty()) {
            throw new BadRow(
                    BadRowReason.MISSING_FIELD, place + " has no content; it has " + Cells.listed(fields.keySet()));
        }
        return new Message(role, content == null ? "" : content(content, place), more);
    }

    private static String content(Object content, String place) throws BadRow {
        if (content instanceof String text) {
            return text;
        }
        if (!(content instanceof List<?> parts)) {
            throw wrong(place + " has " + JsonText.kind(content) + " as its content where text is due");
        }
        StringBuilder all = new StringBuilder();
        for (Object part : parts) {
            Object text =
                    part instanceof Map<?, ?> fields && "text".equals(fields.get("type")) ? fields.get("text") : part;
            if (!(text instanceof String)) {
                throw wrong(place + " has a part that is not text; images and sounds cannot be learnt from");
            }
            all.append(text);
        }
        return all.toString();
    }

    static BadRow wrong(String detail) {
        return new BadRow(BadRowReason.WRONG_TYPE, detail);
    }
}
