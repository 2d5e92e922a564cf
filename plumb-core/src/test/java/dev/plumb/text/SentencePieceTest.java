package dev.plumb.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SentencePieceTest {
    static Stream<Arguments> cases() throws IOException {
        JsonNode cases = new JsonMapper()
                .readTree(Resources.path("sentencepiece/expected.json").toFile());
        return StreamSupport.stream(cases.spliterator(), false)
                .map(example -> Arguments.of(
                        example.get("model").asText(), example.get("text").asText(), ints(example.get("ids"))));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void idsAreThoseOfSentencePiece(String model, String text, int[] ids) {
        try (Tokenizer tokenizer = load(model)) {
            assertThat(tokenizer.encode(text)).isEqualTo(ids);
        }
    }

    @Test
    void textComesBackWithItsSpaces() {
        try (Tokenizer tokenizer = load("bpe.model")) {
            for (String text : new String[] {"The cat", "  two leading", "日本語 😀\n\n x", "a  b ", ""}) {
                assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
            }
        }
    }

    @Test
    void documentsBeginWithBosAndControlPiecesAreSpecial() {
        try (Tokenizer tokenizer = load("unigram.model")) {
            assertThat(tokenizer.bos()).isEqualTo(tokenizer.id("<s>"));
            assertThat(tokenizer.eos()).isEqualTo(tokenizer.id("</s>"));
            assertThat(tokenizer.encodeAsDocument("The cat"))
                    .startsWith(tokenizer.bos().orElseThrow())
                    .endsWith(tokenizer.encode("The cat"));
            assertThat(tokenizer.specialTokensIn("a <tool> and a <sep>")).containsExactly("<tool>");
            assertThat(tokenizer.decode(tokenizer.encode("the letter<sep><tool>"), true))
                    .isEqualTo("the letter<sep>");
        }
    }

    @Test
    void offsetsPointIntoTheTextAsItWasGiven() {
        String text = "The cat sees 😀 a boat";
        try (Tokenizer tokenizer = load("bpe.model")) {
            Encoded encoded = tokenizer.encodeWithOffsets(text);
            int last = encoded.ids().length - 1;
            assertThat(text.substring(encoded.starts()[last], encoded.ends()[last]))
                    .isEqualTo(tokenizer.token(encoded.ids()[last]).replace('\u2581', ' '));
            assertThat(encoded.starts()[0]).isZero();
        }
    }

    @Test
    void withoutLegacyOnlyTheFirstPartGetsThePrefix(@TempDir Path folder) throws IOException {
        Files.copy(Resources.path("sentencepiece/bpe.model"), folder.resolve("tokenizer.model"));
        int[] after;
        try (Tokenizer tokenizer = Tokenizer.load(folder)) {
            after = tokenizer.encode("</s>the cat");
            assertThat(tokenizer.token(after[1])).startsWith("\u2581");
        }
        Files.writeString(
                folder.resolve("tokenizer_config.json"),
                "{\"tokenizer_class\": \"LlamaTokenizer\", \"legacy\": false, \"add_bos_token\": false}");
        try (Tokenizer tokenizer = Tokenizer.load(folder)) {
            assertThat(tokenizer.token(tokenizer.encode("</s>the cat")[1])).doesNotStartWith("\u2581");
            assertThat(tokenizer.token(tokenizer.encode("the cat")[0])).startsWith("\u2581");
            assertThat(tokenizer.addsBos()).isFalse();
        }
    }

    private static Tokenizer load(String model) {
        return Tokenizer.loadFile(Resources.path("sentencepiece/" + model));
    }

    private static int[] ints(JsonNode ids) {
        return StreamSupport.stream(ids.spliterator(), false)
                .mapToInt(JsonNode::asInt)
                .toArray();
    }
}
