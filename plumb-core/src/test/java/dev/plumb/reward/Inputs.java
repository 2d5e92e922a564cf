package dev.plumb.reward;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Completions for tests, and the worked numbers of the specification. */
final class Inputs {
    private Inputs() {}

    static RewardInput of(String completion) {
        return of(completion, Map.of());
    }

    static RewardInput of(String completion, Map<String, Object> row) {
        return new RewardInput("", completion, 0, true, row);
    }

    static RewardInput ofLength(int tokens, String completion, Map<String, Object> row) {
        return new RewardInput("", completion, tokens, true, row);
    }

    static JsonNode vector(String name) throws IOException {
        try (InputStream in = Inputs.class.getResourceAsStream("/spec/rewards.json")) {
            for (JsonNode vector : new JsonMapper().readTree(in).get("vectors")) {
                if (vector.get("name").asText().equals(name)) {
                    return vector;
                }
            }
        }
        throw new IllegalArgumentException("no vector " + name);
    }

    static List<String> texts(JsonNode list) {
        List<String> texts = new ArrayList<>();
        list.forEach(item -> texts.add(item.isNull() ? "(none)" : item.asText()));
        return texts;
    }
}
