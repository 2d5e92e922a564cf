package dev.plumb.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.plumb.Shared;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ids of real tokenizers, in every format, as other software gave them. */
class TokenizerReferenceTest {
    private static final JsonMapper JSON = new JsonMapper();

    @TempDir
    private Path folder;

    @Test
    void gpt2FromItsTwoFiles() throws IOException {
        Path files = Shared.folder("data/tokenizers/gpt2");
        try (Tokenizer tokenizer = Tokenizer.load(files)) {
            assertThat(tokenizer.vocabularySize()).isEqualTo(50_257);
            assertThat(tokenizer.eos()).hasValue(50_256);
            assertThat(tokenizer.encode("Hello world")).containsExactly(15496, 995);
            for (JsonNode example : JSON.readTree(files.resolve("expected.json").toFile())) {
                String text = example.get("text").asText();
                assertThat(tokenizer.encode(text)).as(text).isEqualTo(ints(example.get("ids")));
                assertThat(tokenizer.decode(ints(example.get("ids")))).isEqualTo(text);
            }
            assertThat(tokenizer.encode("a<|endoftext|>")).containsExactly(64, 50_256);
            assertThat(tokenizer.encodeAsDocument("Hello world")).containsExactly(15496, 995);
        }
    }

    @Test
    void chatMlFromTokenizerJson() throws IOException {
        JsonNode expected = expected("tiny_bpe");
        try (Tokenizer tokenizer = Tokenizer.loadFile(torchtune("tiny_bpe_tokenizer.json"))) {
            int[] ids = tokenizer.encode(expected.get("text").asText());
            assertThat(ids).isEqualTo(ints(expected.get("ids")));
            assertThat(tokenizer.decode(ids)).isEqualTo(expected.get("text").asText());
            assertThat(tokenizer.vocabularySize()).isEqualTo(2003);
        }
    }

    @Test
    void chatMlFromVocabularyAndMerges() throws IOException {
        JsonNode expected = expected("tiny_bpe");
        Files.copy(torchtune("tiny_bpe_vocab.json"), folder.resolve("vocab.json"));
        Files.copy(torchtune("tiny_bpe_merges.txt"), folder.resolve("merges.txt"));
        Files.writeString(folder.resolve("tokenizer_config.json"), """
                {"tokenizer_class": "Qwen2Tokenizer", "bos_token": null, "eos_token": "<|im_end|>",
                 "added_tokens_decoder": {
                   "2001": {"content": "<|im_start|>", "special": true},
                   "2000": {"content": "<|endoftext|>", "special": true},
                   "2002": {"content": "<|im_end|>", "special": true}}}
                """);
        Files.writeString(folder.resolve("config.json"), "{\"bos_token_id\": 2000, \"eos_token_id\": 2000}");
        try (Tokenizer tokenizer = Tokenizer.load(folder)) {
            assertThat(tokenizer.encode(expected.get("text").asText())).isEqualTo(ints(expected.get("ids")));
            assertThat(tokenizer.bos()).isEmpty();
            assertThat(tokenizer.eos()).hasValue(2002);
        }
    }

    @Test
    void sentencePieceUnigramModel() throws IOException {
        JsonNode expected = expected("m_model");
        try (Tokenizer tokenizer = Tokenizer.loadFile(torchtune("m.model"))) {
            for (JsonNode example : expected.get("plain")) {
                assertThat(tokenizer.encode(example.get("text").asText())).isEqualTo(ints(example.get("ids")));
            }
            assertThat(tokenizer.bos()).hasValue(1);
            assertThat(tokenizer.eos()).hasValue(2);
            int[] ids = ints(expected.get("ids"));
            int[] prompt = tokenizer.encodeAsDocument(
                    expected.get("messages").get(0).get("content").asText());
            int[] answer = tokenizer.encode(
                    expected.get("messages").get(1).get("content").asText());
            assertThat(prompt).hasSize(expected.get("masked_prompt_tokens").asInt());
            IntStream both = IntStream.concat(Arrays.stream(prompt), Arrays.stream(answer));
            assertThat(IntStream.concat(both, IntStream.of(2)).toArray()).isEqualTo(ids);
            assertThat(tokenizer.decode(tokenizer.encode("Hello world!"))).isEqualTo("Hello world!");
        }
    }

    @Test
    void tiktokenRanks() throws IOException {
        JsonNode expected = expected("tiktoken_small");
        String text = expected.get("text").asText();
        try (Tokenizer tokenizer = Tokenizer.loadFile(torchtune("tiktoken_small.model"))) {
            assertThat(tokenizer.encode(text)).isEqualTo(ints(expected.get("ids")));
        }
        // The same vocabulary with the merges written out.
        try (Tokenizer tokenizer = Tokenizer.loadFile(torchtune("tokenizer.json"))) {
            assertThat(tokenizer.encode(text)).isEqualTo(ints(expected.get("ids")));
        }
    }

    @Test
    void tokensThatOnlyTheConfigurationNamesAreAdded() {
        try (Tokenizer tokenizer = Tokenizer.load(Shared.folder("data/tokenizers/torchtune"))) {
            assertThat(tokenizer.bos()).isPresent();
            assertThat(tokenizer.eos()).isPresent();
            assertThat(tokenizer.encode("<|begin_of_sentence|>"))
                    .containsExactly(tokenizer.bos().getAsInt());
            assertThat(tokenizer.addsBos()).isFalse();
        }
    }

    @Test
    void storiesModel() throws IOException {
        Path model = Shared.folder("data/models/stories260K");
        JsonNode reference = JSON.readTree(model.resolve("reference.json").toFile());
        try (Tokenizer tokenizer = Tokenizer.load(model)) {
            assertThat(tokenizer.encodeAsDocument(reference.get("prompt").asText()))
                    .isEqualTo(ints(reference.get("prompt_ids")));
            for (JsonNode example : reference.get("texts")) {
                assertThat(tokenizer.encodeAsDocument(example.get("text").asText()))
                        .isEqualTo(ints(example.get("ids")));
            }
            assertThat(tokenizer.bos()).hasValue(1);
            assertThat(tokenizer.eos()).hasValue(2);
            assertThat(tokenizer.addsBos()).isTrue();
            assertThat(tokenizer.addsEos()).isFalse();
            for (String road : new String[] {"greedy_from_bos", "greedy_from_prompt"}) {
                int[] ids = ints(reference.get(road).get("ids"));
                String text = tokenizer.decode(ids, true);
                assertThat(text).isEqualTo(reference.get(road).get("text").asText());
                DecodeStream stream = tokenizer.stream(true);
                StringBuilder pieces = new StringBuilder();
                for (int id : ids) {
                    pieces.append(stream.push(id));
                }
                assertThat(pieces.append(stream.finish())).hasToString(text);
            }
        }
    }

    private static Path torchtune(String file) {
        return Shared.folder("data/tokenizers/torchtune").resolve(file);
    }

    private static JsonNode expected(String name) throws IOException {
        return JSON.readTree(torchtune("expected.json").toFile()).get(name);
    }

    private static int[] ints(JsonNode ids) {
        return StreamSupport.stream(ids.spliterator(), false)
                .mapToInt(JsonNode::asInt)
                .toArray();
    }
}
