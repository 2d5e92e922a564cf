package dev.plumb.data;

import static dev.plumb.data.Bytes.alone;
import static dev.plumb.data.Bytes.answered;
import static dev.plumb.data.Bytes.chat;
import static dev.plumb.data.Bytes.pair;
import static dev.plumb.data.Bytes.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.plumb.config.PlumbException;
import dev.plumb.data.Bytes.Settings;
import dev.plumb.text.Tokenizer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlainEncodingTest {
    private static Tokenizer tokenizer;

    @BeforeAll
    static void load() {
        tokenizer = Bytes.tokenizer();
    }

    @AfterAll
    static void close() {
        tokenizer.close();
    }

    private static EncodedRow encode(Settings settings, Row row) {
        return settings.encoder(tokenizer).encode(row);
    }

    private static String drawn(Settings settings, Row row) {
        EncodedRow encoded = encode(settings, row);
        assertThat(encoded).isInstanceOf(EncodedRow.Kept.class);
        return Drawing.marked(tokenizer, (TokenSequence) ((EncodedRow.Kept) encoded).example());
    }

    private static TokenPair pairOf(Settings settings, Row row) {
        EncodedRow encoded = encode(settings, row);
        assertThat(encoded).isInstanceOf(EncodedRow.Kept.class);
        return (TokenPair) ((EncodedRow.Kept) encoded).example();
    }

    private static void refused(EncodedRow row, EncodingFault fault, String detail) {
        assertThat(row).isInstanceOf(EncodedRow.Refused.class);
        EncodedRow.Refused refused = (EncodedRow.Refused) row;
        assertThat(refused.fault()).isEqualTo(fault);
        assertThat(refused.detail()).contains(detail);
    }

    @Test
    void onlyTheCompletionIsTrainedWithItsEndToken() {
        assertThat(drawn(new Settings(), answered(text("Is it:\n"), text("42"))))
                .isEqualTo("<s>Is it:\n[[42</s>]]");
        assertThat(drawn(new Settings(), answered(text("Is it?"), text(" Yes"))))
                .isEqualTo("<s>Is it?[[ Yes</s>]]");
    }

    @Test
    void theWholeOfAPlainTextIsTrainedButItsFirstToken() {
        assertThat(drawn(new Settings(), alone(text("the use")))).isEqualTo("<s>[[the use</s>]]");
    }

    @Test
    void everyTokenIsTrainedIfAskedFor() {
        assertThat(drawn(new Settings().trainOn(TrainOn.ALL), answered(text("Is it?"), text(" Yes"))))
                .isEqualTo("<s>[[Is it? Yes</s>]]");
    }

    @Test
    void noEndTokenIsAddedTwiceOrUnasked() {
        Settings spelled = new Settings().allowSpecialTokens();
        assertThat(drawn(spelled, answered(text("Is it?"), text(" Yes</s>")))).isEqualTo("<s>Is it?[[ Yes</s>]]");
        assertThat(drawn(new Settings().withoutEos(), answered(text("Is it?"), text(" Yes"))))
                .isEqualTo("<s>Is it?[[ Yes]]");
    }

    @Test
    void bosIsNeverDoubled() {
        Settings spelled = new Settings().allowSpecialTokens();
        assertThat(drawn(spelled, answered(text("<s>Is it?"), text(" Yes")))).isEqualTo("<s>Is it?[[ Yes</s>]]");
        assertThat(drawn(spelled, alone(text("<s>the")))).isEqualTo("<s>[[the</s>]]");
    }

    @Test
    void bosIsNotInventedForATokenizerThatAddsNone(@TempDir Path folder) {
        try (Tokenizer bare = Bytes.tokenizer(folder, "{\"bos_token\": \"<s>\", \"eos_token\": \"</s>\"}")) {
            EncodedRow.Kept kept =
                    (EncodedRow.Kept) new Settings().encoder(bare).encode(answered(text("Is it?"), text(" Yes")));
            assertThat(Drawing.marked(bare, (TokenSequence) kept.example())).isEqualTo("Is it?[[ Yes</s>]]");
        }
    }

    @Test
    void aTokenAcrossTheBorderOfTheAnswerIsReported() {
        EncodedRow row = encode(new Settings(), answered(text("Answer: 4"), text("2")));
        refused(row, EncodingFault.BOUNDARY_MERGE, "the token ' 42' lies across the border of the answer");
        refused(
                encode(new Settings(), pair(text("It is "), text("Yes"), text("42"))),
                EncodingFault.BOUNDARY_MERGE,
                "the token ' Yes'");
    }

    @Test
    void spelledSpecialTokensAreReported() {
        refused(
                encode(new Settings(), answered(text("ignore <|im_end|> and"), text(" Yes"))),
                EncodingFault.SPECIAL_TOKEN_IN_TEXT,
                "the text spells <|im_end|>");
        refused(
                encode(new Settings(), pair(text("a"), text(" Yes</s><s>"), text(" No"))),
                EncodingFault.SPECIAL_TOKEN_IN_TEXT,
                "the text spells </s> and <s>");
    }

    @Test
    void pairsShareTheTokensOfThePrompt() {
        TokenPair pair = pairOf(new Settings(), pair(text("Is it?"), text(" Yes"), text(" No")));
        assertThat(tokenizer.decode(pair.prompt())).isEqualTo("<s>Is it?");
        assertThat(tokenizer.decode(pair.chosen())).isEqualTo(" Yes</s>");
        assertThat(tokenizer.decode(pair.rejected())).isEqualTo(" No</s>");
    }

    @Test
    void rowsWithNothingToLearnAreReported() {
        refused(
                encode(new Settings(), pair(text("a"), text(" Yes"), text(" Yes"))),
                EncodingFault.SAME_TOKENS,
                "the same tokens");
        Settings bare = new Settings().withoutEos();
        refused(encode(bare, answered(text("a"), text(""))), EncodingFault.NOTHING_TRAINED, "no token of the row");
        refused(encode(bare, pair(text("a"), text(""), text(" No"))), EncodingFault.NOTHING_TRAINED, "no token");
        refused(encode(bare, answered(text(""), text("a"))), EncodingFault.EMPTY_PROMPT, "no token");
        refused(
                encode(new Settings().trainOn(TrainOn.ASSISTANT), alone(text("a"))),
                EncodingFault.NOT_A_CONVERSATION,
                "plain text");
        refused(
                encode(new Settings().template("plain"), answered(chat("user", "a"), text("b"))),
                EncodingFault.MIXED_FORMS,
                "the prompt is a conversation");
        refused(
                encode(new Settings().template("plain"), answered(text("a"), chat("assistant", "b"))),
                EncodingFault.MIXED_FORMS,
                "the prompt is plain text");
    }

    @Test
    void longRowsAreReportedUnlessCuttingIsAskedFor() {
        Row row = answered(text("0123456789"), text("abcde"));
        refused(
                encode(new Settings().maxLength(16, Truncation.ERROR), row),
                EncodingFault.TOO_LONG,
                "17 tokens (prompt 11, answer 6), where 16 are the limit");
        refused(encode(new Settings().maxLength(16, Truncation.DROP), row), EncodingFault.TOO_LONG, "17 tokens");
        assertThat(drawn(new Settings().maxLength(17, Truncation.ERROR), row)).isEqualTo("<s>0123456789[[abcde</s>]]");
    }

    @Test
    void keepingTheStartLosesTheEndOfTheAnswer() {
        Row row = answered(text("0123456789"), text("abcde"));
        Settings settings = new Settings().maxLength(14, Truncation.KEEP_START);
        assertThat(drawn(settings, row)).isEqualTo("<s>0123456789[[abc]]");
        assertThat(((EncodedRow.Kept) encode(settings, row)).cut()).isEqualTo(new EncodedRow.Cut(0, 3));
        refused(
                encode(new Settings().maxLength(11, Truncation.KEEP_START), row),
                EncodingFault.NOTHING_TRAINED,
                "behind the first 11 of its 17 tokens");
    }

    @Test
    void keepingTheEndLosesTheStartOfThePromptButNotBos() {
        Row row = answered(text("0123456789"), text("abcde"));
        Settings settings = new Settings().maxLength(14, Truncation.KEEP_END);
        assertThat(drawn(settings, row)).isEqualTo("<s>3456789[[abcde</s>]]");
        assertThat(((EncodedRow.Kept) encode(settings, row)).cut()).isEqualTo(new EncodedRow.Cut(3, 0));
        refused(
                encode(new Settings().maxLength(8, Truncation.KEEP_END), answered(text("01"), text("abcdefgh"))),
                EncodingFault.TOO_LONG,
                "answer 9");
        assertThat(drawn(new Settings().maxLength(8, Truncation.KEEP_END), alone(text("abcdefgh"))))
                .isEqualTo("<s>[[cdefgh</s>]]");
    }

    @Test
    void pairsLoseTheStartOfThePromptAndNeverAPartOfAnAnswerUnasked() {
        Row row = pair(text("0123456789"), text("abcde"), text("xyz"));
        Settings end = new Settings().maxLength(12, Truncation.KEEP_END);
        TokenPair pair = pairOf(end, row);
        assertThat(tokenizer.decode(pair.prompt())).isEqualTo("<s>56789");
        assertThat(tokenizer.decode(pair.chosen())).isEqualTo("abcde</s>");
        assertThat(tokenizer.decode(pair.rejected())).isEqualTo("xyz</s>");
        assertThat(((EncodedRow.Kept) encode(end, row)).cut()).isEqualTo(new EncodedRow.Cut(5, 0));
        refused(
                encode(new Settings().maxLength(8, Truncation.KEEP_END), pair(text("01"), text("abcdefgh"), text("x"))),
                EncodingFault.TOO_LONG,
                "answer 9");

        Settings start = new Settings().maxLength(14, Truncation.KEEP_START);
        TokenPair cut = pairOf(start, row);
        assertThat(tokenizer.decode(cut.prompt())).isEqualTo("<s>0123456789");
        assertThat(tokenizer.decode(cut.chosen())).isEqualTo("abc");
        assertThat(tokenizer.decode(cut.rejected())).isEqualTo("xyz");
        assertThat(((EncodedRow.Kept) encode(start, row)).cut()).isEqualTo(new EncodedRow.Cut(0, 4));
        refused(
                encode(start, pair(text("0123456789"), text("abcde"), text("abcxy"))),
                EncodingFault.SAME_TOKENS,
                "the same up to the limit of 14 tokens");
        refused(encode(new Settings().maxLength(11, Truncation.KEEP_START), row), EncodingFault.TOO_LONG, "prompt 11");
    }

    @Test
    void promptsForGenerationHaveTheTokensOfTraining() {
        Encoder encoder = new Settings().encoder(tokenizer);
        TokenPair pair = pairOf(new Settings(), pair(text("Is it?"), text(" Yes"), text(" No")));
        assertThat(encoder.prompt(text("Is it?"), List.of())).isEqualTo(pair.prompt());
        assertThatThrownBy(() -> encoder.prompt(text("a</s>"), List.of()))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("spells </s>");
    }

    @Test
    void aConversationWithoutATemplateNamesTheRemedy() {
        assertThatThrownBy(() -> encode(new Settings(), alone(chat("user", "a", "assistant", "b"))))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("rows.jsonl:7")
                .hasMessageContaining("data.chat_template=plain");
    }

    @Test
    void settingsBeyondTheModelAreRefused() {
        DataConfig config = new Settings().maxLength(513, Truncation.ERROR).config();
        assertThatThrownBy(() -> new Encoder(tokenizer, Optional.empty(), config, 512))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("data.max_length=513")
                .hasMessageContaining("512 tokens");
    }

    @Test
    void specialTokensInToolDescriptionsAreReported() {
        Row row = new Row.Demonstration(
                new RowId("a", 1),
                Optional.empty(),
                chat("user", "a", "assistant", "b"),
                List.of(Map.of("name", "f", "parameters", List.of("<|im_start|>"))));
        refused(
                new Settings().template("plain").encoder(tokenizer).encode(row),
                EncodingFault.SPECIAL_TOKEN_IN_TEXT,
                "a tool description spells <|im_start|>");
    }
}
