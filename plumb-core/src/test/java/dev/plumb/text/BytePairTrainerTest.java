package dev.plumb.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.plumb.config.PlumbException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BytePairTrainerTest {
    @TempDir
    private Path folder;

    @Test
    void joinsTheMostFrequentPairAndTheLowestIdsAmongEquals() throws IOException {
        // Words: "abab" once, " ab" 3 times. Pairs: ab 5, " a" 3, ba 1. Then " a"+"b" is counted as " "+"ab": 3.
        BytePairTrainer.train(List.of("abab ab ab ab"), plan(261), folder);
        JsonNode merges = json("tokenizer.json").get("model").get("merges");
        assertThat(merges).hasToString("[[\"a\",\"b\"],[\"Ġ\",\"ab\"]]");
        try (Tokenizer tokenizer = Tokenizer.load(folder)) {
            assertThat(tokenizer.vocabularySize()).isEqualTo(259);
            assertThat(tokenizer.encode("abab ab")).containsExactly(256, 256, 257);
            assertThat(tokenizer.encode("<s>")).containsExactly(258);
        }
    }

    @Test
    void pairsOfEqualCountAreJoinedInOrderOfTheirBytes() throws IOException {
        BytePairTrainer.train(List.of("yz yz", "bc bc", "mn mn"), plan(258), folder);
        // Six pairs occur as often: Ġb, Ġm, Ġy once each are left out; bc, mn, yz twice.
        assertThat(json("tokenizer.json").get("model").get("merges")).hasToString("[[\"b\",\"c\"]]");
    }

    @Test
    void theOrderOfTextsDoesNotMatter() throws IOException {
        BytePairTrainer.train(SmallTokenizer.TEXTS, SmallTokenizer.plan(330), folder.resolve("a"));
        List<String> turned = new ArrayList<>(SmallTokenizer.TEXTS);
        Collections.reverse(turned);
        BytePairTrainer.train(turned, SmallTokenizer.plan(330), folder.resolve("b"));
        assertThat(folder.resolve("a/tokenizer.json")).hasSameTextualContentAs(folder.resolve("b/tokenizer.json"));
    }

    @Test
    void anyTextComesBack() throws IOException {
        try (Tokenizer tokenizer = SmallTokenizer.make(folder)) {
            assertThat(tokenizer.vocabularySize()).isEqualTo(300);
            List<String> texts = new ArrayList<>(SmallTokenizer.TEXTS);
            texts.addAll(List.of("", " ", "\n\n\t x  ", "日本語 😀 \u0000 end", "<|im_start|>user\nhi<|im_end|>\n"));
            for (String text : texts) {
                assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
            }
            String known = SmallTokenizer.TEXTS.get(0);
            assertThat(tokenizer.encode(known)).hasSizeLessThan(known.length() / 2 + 5);
        }
        assertThat(json("tokenizer_config.json").get("chat_template").asText()).isEqualTo("{{ messages }}");
    }

    @Test
    void aSpecialTokenIsNeverMadeByMerging() {
        BytePairTrainer.Plan plan = new BytePairTrainer.Plan(300, List.of("ab", "<e>"), "<e>", "<e>", Optional.empty());
        BytePairTrainer.train(List.of("abab abab abc"), plan, folder);
        try (Tokenizer tokenizer = Tokenizer.load(folder)) {
            int size = tokenizer.vocabularySize();
            assertThat(tokenizer.id("ab")).hasValue(size - 2);
            assertThat(tokenizer.id("<e>")).hasValue(size - 1);
        }
    }

    @Test
    void impossiblePlansAreRefused() {
        assertThatThrownBy(() -> plan(256))
                .isInstanceOf(PlumbException.class)
                .hasMessage("a vocabulary of 256 has no room for 256 bytes and 1 special tokens");
        assertThatThrownBy(() -> new BytePairTrainer.Plan(300, List.of("<s>"), "<s>", "</s>", Optional.empty()))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("EOS '</s>'");
        assertThatThrownBy(() -> new BytePairTrainer.Plan(300, List.of("a", "a"), "a", "a", Optional.empty()))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("must differ");
    }

    private static BytePairTrainer.Plan plan(int size) {
        return new BytePairTrainer.Plan(size, List.of("<s>"), "<s>", "<s>", Optional.empty());
    }

    private JsonNode json(String file) throws IOException {
        return new JsonMapper().readTree(Files.readString(folder.resolve(file)));
    }
}
