package dev.plumb.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

class SentencePieceTest {
    @Test
    void idsAreThoseOfSentencePiece() throws IOException {
        List<String> bad = new ArrayList<>();
        for (JsonNode example : new JsonMapper()
                .readTree(Resources.path("sentencepiece/expected.json").toFile())) {
            try (Tokenizer tokenizer = Tokenizer.loadFile(
                    Resources.path("sentencepiece/" + example.get("model").asText()))) {
                int[] expected = StreamSupport.stream(example.get("ids").spliterator(), false)
                        .mapToInt(JsonNode::asInt)
                        .toArray();
                int[] got = tokenizer.encode(example.get("text").asText());
                if (!java.util.Arrays.equals(expected, got))
                    bad.add(example + "\n   " + java.util.Arrays.toString(got));
            }
        }
        assertThat(bad).isEmpty();
    }
}
