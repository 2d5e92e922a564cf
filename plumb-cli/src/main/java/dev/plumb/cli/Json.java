package dev.plumb.cli;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.PlumbException;
import dev.plumb.text.Message;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Parts of JSON rows as what they stand for, and back. */
final class Json {
    private static final JsonMapper JSON = new JsonMapper();

    private Json() {}

    static ObjectNode object() {
        return JSON.createObjectNode();
    }

    static ArrayNode array(int[] ids) {
        ArrayNode array = JSON.createArrayNode();
        for (int id : ids) {
            array.add(id);
        }
        return array;
    }

    static ArrayNode array(double[] numbers) {
        ArrayNode array = JSON.createArrayNode();
        for (double number : numbers) {
            array.add(number);
        }
        return array;
    }

    /** A list of whole numbers. */
    static int[] ids(JsonInput.Row row, String key) {
        JsonNode node = row.json().path(key);
        if (!node.isArray()) {
            throw new PlumbException(row.place() + ": `" + key + "` must be a list of whole numbers.");
        }
        int[] ids = new int[node.size()];
        for (int i = 0; i < ids.length; i++) {
            if (!node.get(i).isInt()) {
                throw new PlumbException(
                        row.place() + ": `" + key + "` holds " + node.get(i) + ", which is no token id.");
            }
            ids[i] = node.get(i).intValue();
        }
        return ids;
    }

    /** The turns of a conversation. */
    static List<Message> messages(JsonInput.Row row, String key) {
        List<Message> messages = new ArrayList<>();
        for (JsonNode turn : row.json().path(key)) {
            if (!turn.path("role").isTextual() || !turn.path("content").isTextual()) {
                throw new PlumbException(
                        row.place() + ": each message of `" + key + "` needs a role and a content, both texts.");
            }
            Map<String, Object> more = new LinkedHashMap<>(map(turn));
            more.remove("role");
            more.remove("content");
            messages.add(new Message(
                    turn.path("role").textValue(), turn.path("content").textValue(), more));
        }
        if (messages.isEmpty()) {
            throw new PlumbException(row.place() + ": `" + key + "` holds no message.");
        }
        return messages;
    }

    /** Tool descriptions; none if there are none. */
    static List<Map<String, Object>> tools(JsonInput.Row row) {
        List<Map<String, Object>> tools = new ArrayList<>();
        row.json().path("tools").forEach(tool -> tools.add(map(tool)));
        return tools;
    }

    /** The columns of a row that are not null. */
    static Map<String, Object> columns(JsonInput.Row row) {
        Map<String, Object> columns = map(row.json());
        columns.values().removeIf(Objects::isNull);
        return columns;
    }

    private static Map<String, Object> map(JsonNode object) {
        return JSON.convertValue(object, new TypeReference<LinkedHashMap<String, Object>>() {});
    }
}
