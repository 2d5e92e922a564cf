package dev.plumb.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.plumb.config.PlumbException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TokenizerFaultsTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "tokenizer.json | `{\"model\": {` | not valid JSON at line 1, column 12",
                "tokenizer.json | `[]` | holds no JSON object",
                "tokenizer.json | `{\"a\": 1}` | no vocabulary at 'model.vocab'",
                "tokenizer.json | `{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": -1}}}` | the id of token 'a' is -1",
                "tokenizer.json | `{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"b\": 0}, \"merges\": []}}`"
                        + " | the tokens 'a' and 'b' have the same id 0",
                "tokenizer.json | `{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [\"x y\"]}}`"
                        + " | not a usable tokenizer: ",
                "tokenizer.json | `{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": []},"
                        + " \"added_tokens\": [{\"content\": \"b\", \"id\": 7}]}` | the added token 'b' is given id 7",
                "tokenizer.json | `version https://git-lfs.github.com/spec/v1` | this is a Git LFS pointer",
                "tokenizer.model | `hello` | not a SentencePiece model",
                "tokenizer.model | `` | not a SentencePiece model: it holds no pieces",
                "tokenizer.model | `AA== 0\nAQ== x\n` | tokenizer.model:2: a line is a token in base 64",
                "vocab.json | `{}` | the file that belongs to it, merges.txt, does not lie beside it",
            })
    void everyFaultIsOneSentenceThatNamesTheFile(String file, String content, String message) throws IOException {
        Files.writeString(folder.resolve(file), content.replace("\\n", "\n"));
        assertThatThrownBy(() -> Tokenizer.load(folder))
                .isInstanceOf(PlumbException.class)
                .hasMessageStartingWith(folder.resolve(file).toString())
                .hasMessageContaining(message.strip());
    }

    @Test
    void aBadMergeIsNamedByItsLine() throws IOException {
        Files.writeString(folder.resolve("vocab.json"), "{\"a\": 0, \"b\": 1, \"ab\": 2}");
        Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\na b\nab\n");
        assertThatThrownBy(() -> Tokenizer.load(folder))
                .isInstanceOf(PlumbException.class)
                .hasMessageStartingWith(folder.resolve("merges.txt") + ":3: a merge is two tokens");
    }

    @Test
    void aBrokenFileBesideTheTokenizerIsNamed() throws IOException {
        BytePairTrainer.train(SmallTokenizer.TEXTS, SmallTokenizer.plan(300), folder);
        Files.writeString(folder.resolve("special_tokens_map.json"), "{\"bos_token\":");
        assertThatThrownBy(() -> Tokenizer.load(folder))
                .isInstanceOf(PlumbException.class)
                .hasMessageStartingWith(folder.resolve("special_tokens_map.json") + ": not valid JSON");
        Path config = folder.resolve("tokenizer_config.json");
        Files.writeString(config, "{\"added_tokens_decoder\": {\"x\": {\"content\": \"<x>\"}}}");
        assertThatThrownBy(() -> Tokenizer.load(folder))
                .isInstanceOf(PlumbException.class)
                .hasMessage(config + ": 'x' in added_tokens_decoder is not a token id");
    }

    @Test
    void missingFilesAreNamed() {
        assertThatThrownBy(() -> Tokenizer.load(folder))
                .isInstanceOf(PlumbException.class)
                .hasMessageStartingWith(folder + ": the folder has no tokenizer; needed is tokenizer.json");
        Path nowhere = folder.resolve("nowhere");
        assertThatThrownBy(() -> Tokenizer.load(nowhere))
                .isInstanceOf(PlumbException.class)
                .hasMessageStartingWith(nowhere + ": there is no such folder");
        assertThatThrownBy(() -> Tokenizer.loadFile(nowhere.resolve("x.model")))
                .isInstanceOf(PlumbException.class)
                .hasMessage(nowhere.resolve("x.model") + ": there is no such file");
    }

    @Test
    void aSentencePieceModelThatWasCutShortIsRefused() throws IOException {
        byte[] whole = Files.readAllBytes(Resources.path("sentencepiece/bpe.model"));
        Path file = folder.resolve("tokenizer.model");
        for (int length = 1; length < whole.length; length += 97) {
            Files.write(file, Arrays.copyOf(whole, length));
            try (Tokenizer tokenizer = Tokenizer.load(folder)) {
                // Cut between two pieces the rest is a valid file; nothing can tell.
                tokenizer.encode("a");
            } catch (PlumbException e) {
                assertThat(e).hasMessageStartingWith(file.toString());
            }
        }
    }

    @Test
    void brokenNormalisationRulesDoNotBringTheProcessDown() throws IOException {
        byte[] model = Files.readAllBytes(Resources.path("sentencepiece/unigram.model"));
        Path file = folder.resolve("tokenizer.model");
        Random random = new Random(7);
        int refused = 0;
        for (int round = 0; round < 300; round++) {
            byte[] broken = model.clone();
            broken[random.nextInt(broken.length)] = (byte) random.nextInt(256);
            Files.write(file, broken);
            try (Tokenizer tokenizer = Tokenizer.loadFile(file)) {
                tokenizer.encode("ＡＢｃ… the cat 日本");
            } catch (PlumbException e) {
                assertThat(e).hasMessageStartingWith(file.toString());
                refused++;
            }
        }
        assertThat(refused).isPositive();
    }
}
