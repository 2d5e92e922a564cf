package dev.plumb.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.plumb.Shared;
import dev.plumb.config.PlumbException;
import dev.plumb.data.Bytes.Settings;
import dev.plumb.text.Message;
import dev.plumb.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Answers with a thumb up or down: from the columns of a file to tokens and the report on them. */
class JudgedRowsTest {
    private static final String ROW = "{\"prompt\": \"The sky is\", \"completion\": \" blue.\", \"label\": true}";
    private static final String TURNS = "{\"messages\": [{\"role\": \"user\", \"content\": \"Colour?\"},"
            + " {\"role\": \"assistant\", \"content\": \"Blue.\"}], \"label\": false}";

    private static Tokenizer tokenizer;

    @TempDir
    private Path folder;

    @BeforeAll
    static void load() {
        tokenizer = Bytes.tokenizer();
    }

    @AfterAll
    static void close() {
        tokenizer.close();
    }

    private List<RowResult> read(DataFile file) {
        List<RowResult> all = new ArrayList<>();
        try (RowSource rows = Rows.open(file, RowKind.UNPAIRED)) {
            for (Optional<RowResult> row = rows.next(); row.isPresent(); row = rows.next()) {
                all.add(row.get());
            }
        }
        return all;
    }

    private DataFile file(String name, String... lines) throws IOException {
        return DataFile.of(Files.write(folder.resolve(name), List.of(lines)));
    }

    private Row.Judged row(String json) throws IOException {
        return (Row.Judged) ((RowResult.Good) read(file("rows.jsonl", json)).get(0)).row();
    }

    private static Content chat(Message... turns) {
        return new Content.Chat(List.of(turns));
    }

    @Test
    void textsAndTurns() throws IOException {
        Row.Judged text = row(ROW);
        assertThat(text.prompt()).isEqualTo(Bytes.text("The sky is"));
        assertThat(text.completion()).isEqualTo(Bytes.text(" blue."));
        assertThat(text.desirable()).isTrue();
        Row.Judged turns = row("""
                {"prompt": [{"role": "user", "content": "Colour?"}], "completion": [{"role": "assistant", "content": "Blue."}],\
                 "label": false}""");
        assertThat(turns.prompt()).isEqualTo(chat(new Message("user", "Colour?")));
        assertThat(turns.completion()).isEqualTo(chat(new Message("assistant", "Blue.")));
        assertThat(turns.desirable()).isFalse();
    }

    @Test
    void aConversationIsJudgedByItsLastAnswer() throws IOException {
        Row.Judged row = row("""
                {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}, {"from": "human",\
                 "value": "Colour?"}, {"from": "gpt", "value": "Blue."}], "system": "Be brief.", "kto_tag": true}""");
        assertThat(row.prompt())
                .isEqualTo(chat(
                        new Message("system", "Be brief."),
                        new Message("user", "Hi"),
                        new Message("assistant", "Hello"),
                        new Message("user", "Colour?")));
        assertThat(row.completion()).isEqualTo(chat(new Message("assistant", "Blue.")));
        assertThat(row.desirable()).isTrue();
        assertThat(row(TURNS).prompt()).isEqualTo(chat(new Message("user", "Colour?")));
    }

    @Test
    void alpacaRowsWithTheNameThatLlamaFactoryGivesTheLabel() throws IOException {
        String json = "{\"instruction\": \"Add.\", \"input\": \"1 2\", \"output\": \"3\", \"kto_tag\": 0}";
        Row.Judged row = row(json);
        assertThat(row.prompt()).isEqualTo(chat(new Message("user", "Add.\n1 2")));
        assertThat(row.desirable()).isFalse();
        try (RowSource rows = Rows.open(file("rows.jsonl", json), RowKind.UNPAIRED)) {
            assertThat(rows.shape())
                    .endsWith(
                            "Alpaca instruction with a label, in turns: columns instruction, output, kto_tag as label,"
                                    + " input");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "true, true",
        "false, false",
        "1, true",
        "0, false",
        "1.0, true",
        "'\"true\"', true",
        "'\"False\"', false",
        "'\"0\"', false"
    })
    void labels(String json, boolean desirable) throws IOException {
        assertThat(row(ROW.replace("true", json)).desirable()).isEqualTo(desirable);
    }

    @Test
    void labelsOfACsvFileUnderAnotherName() throws IOException {
        DataFile file = file("rows.csv", "question,answer,thumb", "a,b,True", "c,d,0")
                .withColumns(Map.of("prompt", "question", "completion", "answer", "label", "thumb"));
        assertThat(read(file))
                .extracting(row -> ((Row.Judged) ((RowResult.Good) row).row()).desirable())
                .containsExactly(true, false);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'\"up\"' | WRONG_TYPE | column label holds 'up' where true or false, or 1 or 0, is due",
                "2 | WRONG_TYPE | column label holds '2' where true or false",
                "0.5 | WRONG_TYPE | column label holds '0.5' where",
                "[] | WRONG_TYPE | column label holds a list where",
                "null | MISSING_FIELD | column label is null",
            })
    void labelsThatSayNeither(String json, BadRowReason reason, String words) throws IOException {
        bad(ROW, ROW.replace("true", json), reason, words);
    }

    private void bad(String good, String bad, BadRowReason reason, String words) throws IOException {
        List<RowResult> rows = read(file("rows.jsonl", good, bad, good));
        assertThat(rows.get(0)).isInstanceOf(RowResult.Good.class);
        assertThat(rows.get(2)).isInstanceOf(RowResult.Good.class);
        RowResult.Bad row = (RowResult.Bad) rows.get(1);
        assertThat(row.id().toString()).endsWith("rows.jsonl:2");
        assertThat(row.reason()).isEqualTo(reason);
        assertThat(row.detail()).contains(words);
    }

    @Test
    void rowsThatCannotBeLearntFrom() throws IOException {
        bad(ROW, ROW.replace(", \"label\": true", ""), BadRowReason.MISSING_FIELD, "column label is missing");
        bad(ROW, ROW.replace("The sky is", " "), BadRowReason.EMPTY_PROMPT, "column prompt is empty");
        bad(ROW, ROW.replace(" blue.", ""), BadRowReason.EMPTY_ANSWER, "column completion is empty");
        bad(
                TURNS,
                TURNS.replace("\"assistant\"", "\"user\""),
                BadRowReason.NO_ASSISTANT_TURN,
                "column messages does not end in a turn of the assistant");
        bad(
                TURNS,
                TURNS.replace("\"user\"", "\"assistant\""),
                BadRowReason.EMPTY_PROMPT,
                "column messages has nothing before its last answer");
        bad(TURNS, TURNS.replace("Blue.", ""), BadRowReason.EMPTY_ANSWER, "the end of column messages");
    }

    @Test
    void columnsThatAreNoJudgementNameTheRemedy() throws IOException {
        DataFile pairs = file("rows.jsonl", "{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": \"c\"}");
        assertThatThrownBy(() -> Rows.open(pairs, RowKind.UNPAIRED))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("rows.jsonl:1 has the columns prompt, chosen, rejected")
                .hasMessageContaining("make a judged answer: prompt, completion, label; or messages, label")
                .hasMessageContaining("columns: {prompt: question, completion: answer, label: thumb}");
        DataFile half = file("half.jsonl", ROW.replace("true", "null"));
        assertThatThrownBy(() -> Rows.open(half, RowKind.UNPAIRED))
                .hasMessageContaining("have null in a column that a judged answer needs");
    }

    @Test
    void answersAreTargetsAndPromptsAreNot() {
        EncodedRow.Kept kept = encode(new Settings(), "Is it?", " Yes", false);
        TokenJudged judged = (TokenJudged) kept.example();
        assertThat(tokenizer.decode(judged.prompt())).isEqualTo("<s>Is it?");
        assertThat(tokenizer.decode(judged.completion())).isEqualTo(" Yes</s>");
        assertThat(judged.desirable()).isFalse();
        assertThat(judged.trainedTokens()).isEqualTo(judged.completion().length);
    }

    private static EncodedRow.Kept encode(Settings settings, String prompt, String answer, boolean desirable) {
        return (EncodedRow.Kept) settings.encoder(tokenizer).encode(judged(prompt, answer, desirable));
    }

    private static Row judged(String prompt, String answer, boolean desirable) {
        return new Row.Judged(new RowId("rows.jsonl", 7), Bytes.text(prompt), Bytes.text(answer), desirable, List.of());
    }

    @Test
    void longRowsLoseOnlyWhatTheSettingsSay() {
        EncodedRow.Kept end = encode(new Settings().maxLength(12, Truncation.KEEP_END), "0123456789", "abcde", true);
        TokenJudged shorter = (TokenJudged) end.example();
        assertThat(tokenizer.decode(shorter.prompt())).isEqualTo("<s>56789");
        assertThat(tokenizer.decode(shorter.completion())).isEqualTo("abcde</s>");
        assertThat(end.cut()).isEqualTo(new EncodedRow.Cut(5, 0));
        EncodedRow.Kept start =
                encode(new Settings().maxLength(14, Truncation.KEEP_START), "0123456789", "abcde", true);
        assertThat(tokenizer.decode(((TokenJudged) start.example()).completion()))
                .isEqualTo("abc");
        assertThat(start.cut()).isEqualTo(new EncodedRow.Cut(0, 3));
        for (Settings settings : List.of(
                new Settings().maxLength(12, Truncation.ERROR), new Settings().maxLength(11, Truncation.KEEP_START))) {
            assertThat(settings.encoder(tokenizer).encode(judged("0123456789", "abcde", true)))
                    .isInstanceOfSatisfying(
                            EncodedRow.Refused.class,
                            refused -> assertThat(refused.detail()).contains("prompt 11, answer 6"));
        }
    }

    @Test
    void theStoreGivesBackWhatItWasGiven() {
        List<Example> rows = List.of(
                new TokenJudged(new int[] {1, 2, 3}, new int[] {4}, true),
                new TokenPair(new int[] {1}, new int[] {2}, new int[] {3}),
                new TokenJudged(new int[] {5}, new int[] {6, 7}, false));
        try (TokenStore store = Stores.of(folder, rows)) {
            for (int row = 0; row < rows.size(); row++) {
                assertThat(store.get(row)).usingRecursiveComparison().isEqualTo(rows.get(row));
                assertThat(store.tokens(row)).isEqualTo(rows.get(row).tokens());
            }
            assertThat(store.content(0)).isNotEqualTo(store.content(2));
        }
        assertThatThrownBy(() -> new TokenJudged(new int[0], new int[1], true))
                .hasMessageContaining("at least one token");
    }

    private Preflight report(int good, int bad) throws IOException {
        String[] lines = IntStream.range(0, good + bad)
                .mapToObj(i -> ROW.replace("sky", "sky " + i).replace("true", String.valueOf(i < good)))
                .toArray(String[]::new);
        Settings settings = new Settings().files(file("rows.jsonl", lines)).evalShare(0);
        try (Dataset data = Dataset.prepare(RowKind.UNPAIRED, settings.encoder(tokenizer), folder.resolve("run"))) {
            return data.preflight();
        }
    }

    @Test
    void theReportCountsBothClassesAndProposesWeights() throws IOException {
        Preflight report = report(30, 10);
        assertThat(report.labels()).contains(new Preflight.Labels(30, 10));
        assertThat(report.text())
                .contains("Labels    30 judged good and 10 judged bad")
                .contains("| <s>The sky 0 is[[ blue.</s>]]\n  | judged good")
                .contains("With kto, set undesirable_weight between 2.250 and 3.000, with desirable_weight: 1");
        assertThat(new ObjectMapper()
                        .readTree(report.json())
                        .at("/labels/undesirable")
                        .asInt())
                .isEqualTo(10);
        assertThat(report(10, 40).notes())
                .singleElement()
                .asString()
                .contains("With kto, set desirable_weight between 4.000 and 5.333, with undesirable_weight: 1");
        assertThat(report(10, 0).notes()).singleElement().asString().contains("judged good: nothing shows");
    }

    @ParameterizedTest
    @ValueSource(ints = {15, 18, 20})
    void nothingIsProposedBetweenOneAndFourThirds(int good) throws IOException {
        assertThat(report(good, 15).notes()).isEmpty();
    }

    @Test
    void sameAnswersWithOtherLabelsAreNoRepeats() {
        Row good = judged("a", "b", true);
        assertThat(HeldOut.contentHash(good))
                .isEqualTo(HeldOut.contentHash(judged("a", "b", true)))
                .isNotEqualTo(HeldOut.contentHash(judged("a", "b", false)));
        assertThat(HeldOut.promptHash(good)).isEqualTo(HeldOut.promptHash(judged("a", "c", false)));
    }

    @Test
    void aPairIsAThumbUpAndAThumbDownOfTheSameTokensOnTheSameSide() throws IOException {
        String[] lines = IntStream.range(1, 41)
                .mapToObj(i ->
                        "{\"prompt\": \"%d\", \"chosen\": \"abc\", \"rejected\": \"%s\"}".formatted(i, "x".repeat(i)))
                .toArray(String[]::new);
        Settings settings =
                new Settings().files(file("pairs.jsonl", lines)).evalShare(0.3).maxLength(16, Truncation.KEEP_START);
        try (Dataset pairs = Dataset.prepare(RowKind.PREFERENCE, settings.encoder(tokenizer), folder.resolve("pairs"));
                Dataset thumbs =
                        Dataset.prepare(RowKind.UNPAIRED, settings.encoder(tokenizer), folder.resolve("thumbs"))) {
            assertThat(pairs.eval().size()).isBetween(4L, 20L);
            for (boolean held : List.of(false, true)) {
                TokenStore from = held ? pairs.eval() : pairs.train();
                TokenStore to = held ? thumbs.eval() : thumbs.train();
                assertThat(to.size()).isEqualTo(2 * from.size());
                for (int row = 0; row < from.size(); row++) {
                    TokenPair pair = (TokenPair) from.get(row);
                    assertThat(to.id(2 * row)).isEqualTo(from.id(row));
                    assertThat(to.get(2 * row))
                            .usingRecursiveComparison()
                            .isEqualTo(new TokenJudged(pair.prompt(), pair.chosen(), true));
                    assertThat(to.get(2 * row + 1))
                            .usingRecursiveComparison()
                            .isEqualTo(new TokenJudged(pair.prompt(), pair.rejected(), false));
                }
            }
            assertThat(thumbs.preflight().cut().answerTokens())
                    .isEqualTo(pairs.preflight().cut().answerTokens())
                    .isPositive();
            assertThat(thumbs.preflight().text()).contains("each pair counts as two rows, a good answer and a bad one");
            long learnt = pairs.train().size();
            assertThat(thumbs.preflight().labels()).contains(new Preflight.Labels(learnt, learnt));
        }
    }

    @Test
    void whatIsNeitherJudgedNorPairedIsToldAsNotJudged() throws IOException {
        Settings settings = new Settings().files(file("texts.jsonl", "{\"text\": \"a\"}"));
        assertThatThrownBy(() -> Dataset.prepare(RowKind.UNPAIRED, settings.encoder(tokenizer), folder.resolve("none")))
                .hasMessageContaining("none of the sets that make a judged answer");
    }

    @Test
    void realThumbs() {
        List<RowResult> rows = read(DataFile.of(Shared.folder("data/kto_en_demo/data.jsonl.gz")));
        assertThat(rows).hasSize(239).allSatisfy(row -> {
            Row.Judged judged = (Row.Judged) ((RowResult.Good) row).row();
            List<Message> prompt = ((Content.Chat) judged.prompt()).messages();
            assertThat(prompt.get(prompt.size() - 1).role()).isEqualTo("user");
            assertThat(((Content.Chat) judged.completion()).messages()).hasSize(1);
        });
        assertThat(rows)
                .filteredOn(row -> ((Row.Judged) ((RowResult.Good) row).row()).desirable())
                .hasSize(117);
    }
}
