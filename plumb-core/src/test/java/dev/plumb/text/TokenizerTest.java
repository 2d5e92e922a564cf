package dev.plumb.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerTest {
    @TempDir
    private Path folder;

    private Tokenizer tokenizer;

    @BeforeEach
    void make() {
        tokenizer = SmallTokenizer.make(folder);
    }

    @AfterEach
    void close() {
        tokenizer.close();
    }

    @Test
    void offsetsAreJavaChars() {
        String text = "é😀 lamp 👍🏽 the\uD83D lamp";
        Encoded encoded = tokenizer.encodeWithOffsets(text);
        assertThat(encoded.ids()).isEqualTo(tokenizer.encode(text));
        int lamps = 0;
        for (int i = 0; i < encoded.ids().length; i++) {
            String piece = text.substring(encoded.starts()[i], encoded.ends()[i]);
            if (tokenizer.token(encoded.ids()[i]).equals("Ġlamp")) {
                assertThat(piece).isEqualTo(" lamp");
                lamps++;
            }
        }
        assertThat(lamps).isEqualTo(2);
        assertThat(encoded.starts()[2]).as("the emoji is two chars").isEqualTo(1);
        assertThat(encoded.ends()[2]).isEqualTo(3);
        assertThat(encoded.ends()[encoded.ids().length - 1]).isEqualTo(text.length());
    }

    @Test
    void longTextsAreNotCut() {
        String text = "The keeper reads. ".repeat(20_000);
        assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
    }

    @Test
    void specialTokensInTextAreFound() {
        assertThat(tokenizer.specialTokensIn("a <|im_end|> b <|im_start|> <|im_end|> <|im_en"))
                .containsExactly("<|im_end|>", "<|im_start|>");
        assertThat(tokenizer.specialTokensIn("plain < | text")).isEmpty();
        int end = tokenizer.id("<|im_end|>").orElseThrow();
        assertThat(tokenizer.encode("a<|im_end|>")).endsWith(end);
        assertThat(tokenizer.decode(tokenizer.encode("<|im_start|>a<|im_end|>"), true))
                .isEqualTo("a");
        assertThat(tokenizer.decode(new int[] {end}, false)).isEqualTo("<|im_end|>");
    }

    @Test
    void tokensAndIdsBelongTogether() {
        for (int id = 0; id < tokenizer.vocabularySize(); id++) {
            assertThat(tokenizer.id(tokenizer.token(id))).hasValue(id);
        }
        assertThat(tokenizer.id("no such token")).isEmpty();
        for (int id : new int[] {-1, tokenizer.vocabularySize()}) {
            assertThatThrownBy(() -> tokenizer.token(id)).hasMessageContaining("no token has id " + id);
            assertThat(tokenizer.decode(new int[] {id})).isEmpty();
        }
    }

    @Test
    void bosAndEosComeFromTheConfiguration() throws IOException {
        assertThat(tokenizer.bos()).isEqualTo(tokenizer.id("<|endoftext|>"));
        assertThat(tokenizer.eos()).isEqualTo(tokenizer.id("<|im_end|>"));
        assertThat(tokenizer.encodeAsDocument("lamp")).isEqualTo(tokenizer.encode("lamp"));

        config("{\"bos_token\": null, \"eos_token\": {\"content\": \"<|im_start|>\"}, \"add_eos_token\": true}");
        Files.writeString(folder.resolve("config.json"), "{\"bos_token_id\": 5}");
        try (Tokenizer other = Tokenizer.load(folder)) {
            assertThat(other.bos()).as("null says that there is none").isEmpty();
            int eos = other.id("<|im_start|>").orElseThrow();
            assertThat(other.eos()).hasValue(eos);
            assertThat(other.addsEos()).isTrue();
            assertThat(other.encodeAsDocument("lamp")).endsWith(eos);
        }

        config("{}");
        Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": [7, 8]}");
        try (Tokenizer other = Tokenizer.load(folder)) {
            assertThat(other.bos()).hasValue(5);
            assertThat(other.eos()).hasValue(7);
        }
    }

    @Test
    void aPostProcessorSaysWhatDocumentsGet() throws IOException {
        String json = Files.readString(folder.resolve("tokenizer.json"));
        String template = """
                {"type": "Sequence", "processors": [{"type": "ByteLevel", "trim_offsets": false, "add_prefix_space": false,
                  "use_regex": true}, {"type": "TemplateProcessing",
                  "single": [{"SpecialToken": {"id": "<b>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                    {"SpecialToken": {"id": "<c>", "type_id": 0}}],
                  "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                  "special_tokens": {"<b>": {"id": "<b>", "ids": [1, 2], "tokens": ["a", "b"]},
                    "<c>": {"id": "<c>", "ids": [3], "tokens": ["c"]}}}]}""";
        String changed = json.replace("\"post_processor\" : null", "\"post_processor\" : " + template);
        assertThat(changed).isNotEqualTo(json);
        Files.writeString(folder.resolve("tokenizer.json"), changed);
        try (Tokenizer other = Tokenizer.load(folder)) {
            assertThat(other.encodeAsDocument("")).containsExactly(1, 2, 3);
            assertThat(other.encode("")).isEmpty();
            assertThat(other.addsBos() && other.addsEos()).isTrue();
        }
    }

    @Test
    void tokensThatOnlyTheConfigurationNamesGetTheNextIds() throws IOException {
        int size = tokenizer.vocabularySize();
        config("{\"eos_token\": \"<end>\", \"added_tokens_decoder\": {\"" + size
                + "\": {\"content\": \"<think>\", \"special\": false}}}");
        try (Tokenizer other = Tokenizer.load(folder)) {
            assertThat(other.id("<think>")).hasValue(size);
            assertThat(other.eos()).hasValue(size + 1);
            assertThat(other.encode("<think><end>")).containsExactly(size, size + 1);
            assertThat(other.specialTokensIn("<think><end>")).containsExactly("<end>");
        }
    }

    @Test
    void streamedTextIsDecodedText() {
        Random random = new Random(3);
        String text = "el niño 😀😀 lamp\n<|im_end|> 日本語";
        for (int round = 0; round < 200; round++) {
            int[] ids = round == 0
                    ? tokenizer.encode(text)
                    : random.ints(30, 0, tokenizer.vocabularySize()).toArray();
            for (boolean skip : new boolean[] {false, true}) {
                DecodeStream stream = tokenizer.stream(skip);
                StringBuilder all = new StringBuilder();
                for (int id : ids) {
                    String piece = stream.push(id);
                    assertThat(piece).doesNotEndWith("\uFFFD");
                    all.append(piece);
                }
                assertThat(all.append(stream.finish()))
                        .as(Arrays.toString(ids))
                        .hasToString(tokenizer.decode(ids, skip));
            }
        }
    }

    @Test
    void aCodePointWaitsForItsLastByte() {
        int[] ids = tokenizer.encode("😀");
        assertThat(ids).hasSize(4);
        DecodeStream stream = tokenizer.stream(false);
        assertThat(Arrays.stream(ids).mapToObj(stream::push)).containsExactly("", "", "", "😀");
        assertThat(stream.push(ids[0])).isEmpty();
        assertThat(stream.finish()).isEqualTo("\uFFFD");
    }

    @Test
    void severalThreadsMayEncode() {
        List<String> texts = IntStream.range(0, 2_000)
                .mapToObj(i -> SmallTokenizer.TEXTS.get(i % SmallTokenizer.TEXTS.size()) + i)
                .toList();
        assertThat(texts.parallelStream().map(tokenizer::encode).map(tokenizer::decode))
                .containsExactlyElementsOf(texts);
    }

    private void config(String json) throws IOException {
        Files.writeString(folder.resolve("tokenizer_config.json"), json);
    }
}
