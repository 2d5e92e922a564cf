package dev.plumb.data;

import static dev.plumb.data.BadRowReason.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.plumb.config.PlumbException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every reason for which a row is refused, with the words that the user sees; the rows around it are read. */
class BadRowsTest {
    private static final String PAIR = "{\"prompt\": \"p\", \"chosen\": \"a\", \"rejected\": \"b\"}";
    private static final String TURNS =
            "{\"messages\": [{\"role\": \"user\", \"content\": \"q\"}, {\"role\": \"assistant\", \"content\": \"a\"}]}";
    private static final String SHARE_GPT =
            "{\"conversations\": [{\"from\": \"human\", \"value\": \"q\"}], \"chosen\": {\"from\": \"gpt\", \"value\": \"a\"},"
                    + " \"rejected\": {\"from\": \"gpt\", \"value\": \"b\"}}";
    private static final String IMPLICIT = "{\"chosen\": \"The sky is blue\", \"rejected\": \"The sky is red\"}";

    @TempDir
    Path folder;

    static Stream<Arguments> bad() {
        return Stream.of(
                Arguments.of(PAIR, "{\"prompt\": \"p\", \"chosen\"", MALFORMED_JSON, "column"),
                Arguments.of(PAIR, "{\"prompt\": \"p\", \"prompt\": \"p\"}", MALFORMED_JSON, "Duplicate"),
                Arguments.of(PAIR, PAIR + " {}", MALFORMED_JSON, "Trailing token"),
                Arguments.of(
                        PAIR, "\"just text\"", NOT_AN_OBJECT, "the row is a text, not an object with named columns"),
                Arguments.of(PAIR, "[1]", NOT_AN_OBJECT, "the row is a list"),
                Arguments.of(PAIR, "null", NOT_AN_OBJECT, "the row is null"),
                Arguments.of(
                        PAIR, PAIR.replace("\"a\"", "\"\\ud83d\""), NOT_UTF8, "\\ud83d is half of a surrogate pair"),
                Arguments.of(
                        PAIR,
                        "{\"prompt\": \"p\", \"chosen\": \"a\"}",
                        MISSING_FIELD,
                        "column rejected is missing; the row has prompt, chosen"),
                Arguments.of(PAIR, PAIR.replace("\"a\"", "null"), MISSING_FIELD, "column chosen is null"),
                Arguments.of(
                        PAIR, PAIR.replace("\"a\"", "1"), WRONG_TYPE, "column chosen holds a number where text is due"),
                Arguments.of(
                        PAIR, PAIR.replace("\"a\"", "[]"), WRONG_TYPE, "column chosen holds a list where text is due"),
                Arguments.of(PAIR, PAIR.replace("\"p\"", "\" \""), EMPTY_PROMPT, "column prompt is empty"),
                Arguments.of(PAIR, PAIR.replace("\"b\"", "\"\\n\""), EMPTY_ANSWER, "column rejected is empty"),
                Arguments.of(PAIR, PAIR.replace("\"b\"", "\"a\""), CHOSEN_EQUALS_REJECTED, "the same"),
                Arguments.of(
                        TURNS,
                        TURNS.replace("\"user\"", "\"narrator\""),
                        UNKNOWN_ROLE,
                        "turn 1 of column messages is spoken by narrator"),
                Arguments.of(
                        TURNS,
                        TURNS.replace("\"assistant\"", "\"user\""),
                        NO_ASSISTANT_TURN,
                        "column messages has no turn"),
                Arguments.of(
                        TURNS, "{\"messages\": []}", NO_ASSISTANT_TURN, "column messages has no turn of the assistant"),
                Arguments.of(TURNS, TURNS.replace("\"a\"", "\"\""), EMPTY_ANSWER, "turn 2 of column messages"),
                Arguments.of(TURNS, "{\"messages\": \"hello\"}", WRONG_TYPE, "holds text where a list of turns is due"),
                Arguments.of(TURNS, "{\"messages\": 3}", WRONG_TYPE, "holds a number where a list of turns is due"),
                Arguments.of(TURNS, "{\"messages\": [\"hello\"]}", WRONG_TYPE, "turn 1 of column messages is a text"),
                Arguments.of(
                        TURNS,
                        TURNS.replace("\"a\"", "[{\"type\": \"image_url\"}]"),
                        WRONG_TYPE,
                        "a part that is not text"),
                Arguments.of(TURNS, TURNS.replace("\"content\": \"a\"", "\"say\": \"a\""), EMPTY_ANSWER, "turn 2"),
                Arguments.of(
                        TURNS,
                        TURNS.replace(", \"content\": \"a\"", ""),
                        MISSING_FIELD,
                        "turn 2 of column messages has no content"),
                Arguments.of(
                        TURNS, TURNS.replace("\"role\": \"user\", ", ""), MISSING_FIELD, "has no role; it has content"),
                Arguments.of(
                        TURNS,
                        TURNS.replace("\"messages\"", "\"tools\": \"{oops\", \"messages\""),
                        WRONG_TYPE,
                        "column tools holds a tool or a call of one that is not JSON"),
                Arguments.of(SHARE_GPT, SHARE_GPT.replace("\"human\"", "\"robot\""), UNKNOWN_ROLE, "spoken by robot"),
                Arguments.of(
                        SHARE_GPT,
                        SHARE_GPT.replace("{\"from\": \"human\", \"value\": \"q\"}", ""),
                        EMPTY_PROMPT,
                        "no turn"),
                Arguments.of(
                        SHARE_GPT,
                        SHARE_GPT.replace("\"value\": \"a\"", "\"value\": \"b\""),
                        CHOSEN_EQUALS_REJECTED,
                        "same"),
                Arguments.of(
                        SHARE_GPT,
                        SHARE_GPT.replace(
                                "\"from\": \"gpt\", \"value\": \"a\"", "\"from\": \"human\", \"value\": \"a\""),
                        NO_ASSISTANT_TURN,
                        "column chosen has no turn of the assistant"),
                Arguments.of(
                        SHARE_GPT,
                        SHARE_GPT.replace("{\"from\": \"gpt\", \"value\": \"a\"}", "\"a\""),
                        WRONG_TYPE,
                        "column chosen"),
                Arguments.of(IMPLICIT, "{\"chosen\": \"abc\", \"rejected\": \"xyz\"}", EMPTY_PROMPT, "common prompt"),
                Arguments.of(
                        IMPLICIT,
                        "{\"chosen\": \"abc\", \"rejected\": \"abc d\"}",
                        EMPTY_ANSWER,
                        "column chosen has nothing after"),
                Arguments.of(
                        IMPLICIT, "{\"chosen\": \"same\", \"rejected\": \"same\"}", CHOSEN_EQUALS_REJECTED, "same"));
    }

    @ParameterizedTest
    @MethodSource
    void bad(String good, String bad, BadRowReason reason, String words) throws IOException {
        RowKind kind = good.equals(TURNS) ? RowKind.DEMONSTRATION : RowKind.PREFERENCE;
        Path file = Files.writeString(folder.resolve("rows.jsonl"), good + "\n\n" + bad + "\n" + good + "\n");
        List<RowResult> rows = read(DataFile.of(file), kind);
        assertThat(rows).hasSize(3);
        assertThat(rows.get(0)).isInstanceOf(RowResult.Good.class);
        assertThat(rows.get(2)).isInstanceOf(RowResult.Good.class);
        RowResult.Bad row = (RowResult.Bad) rows.get(1);
        assertThat(row.id()).hasToString(file + ":3");
        assertThat(row.reason()).isEqualTo(reason);
        assertThat(row.detail()).contains(words);
    }

    @Test
    void bytesThatAreNotUtf8() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.write("{\"text\": \"é\"}\n{\"text\": \"".getBytes(StandardCharsets.UTF_8));
        bytes.write(0xe9);
        bytes.write("\"}\n".getBytes(StandardCharsets.UTF_8));
        Path file = Files.write(folder.resolve("latin.jsonl"), bytes.toByteArray());
        RowResult.Bad row =
                (RowResult.Bad) read(DataFile.of(file), RowKind.DEMONSTRATION).get(1);
        assertThat(row.reason()).isEqualTo(NOT_UTF8);
        assertThat(row.id().line()).isEqualTo(2);
        assertThat(row.detail()).isEqualTo("byte 0xE9 at offset 25 of the text is not UTF-8; save the file as UTF-8");
    }

    @Test
    void aRowLargerThanTheLimitIsSkippedWithoutHoldingIt() throws IOException {
        String huge = "{\"text\": \"" + "x".repeat(200_000) + "\"}";
        Path lines = Files.writeString(folder.resolve("rows.jsonl"), "{}\n" + huge + "\n{}\n");
        Path array = Files.writeString(folder.resolve("rows.json"), "[{}, " + huge + ", {}]");
        Path csv = Files.writeString(
                folder.resolve("rows.csv"), "a,b\n1,2\n\"" + huge.replace("\"", "\"\"") + "\",4\n5,6\n");
        RowBytes row = new RowBytes(100_000);
        for (Table table : List.of(
                new JsonLines("", ByteFeed.open(lines), row),
                new JsonArray("", ByteFeed.open(array), row),
                new CsvTable("", ByteFeed.open(csv), row, ','))) {
            try (table) {
                assertThat(table.next()).get().isInstanceOf(Table.Columns.class);
                Table.Unreadable bad = (Table.Unreadable) table.next().orElseThrow();
                assertThat(bad.bad().reason()).isEqualTo(TOO_LARGE);
                assertThat(bad.bad().detail()).startsWith("the row is larger than 100000 bytes");
                assertThat(table.next()).get().isInstanceOf(Table.Columns.class);
                assertThat(table.next()).isEmpty();
            }
        }
    }

    @Test
    void theShapeIsLearntFromTheFirstRowThatIsWhole() throws IOException {
        String half = "{\"messages\": null}\n";
        Path file = Files.writeString(folder.resolve("rows.jsonl"), "oops\n" + half + TURNS + "\n");
        List<RowResult> rows = read(DataFile.of(file), RowKind.DEMONSTRATION);
        assertThat(((RowResult.Bad) rows.get(0)).reason()).isEqualTo(MALFORMED_JSON);
        assertThat(((RowResult.Bad) rows.get(1)).reason()).isEqualTo(MISSING_FIELD);
        assertThat(rows.get(2)).isInstanceOf(RowResult.Good.class);
        Files.writeString(file, half.repeat(200) + TURNS);
        assertThatThrownBy(() -> Rows.open(DataFile.of(file), RowKind.DEMONSTRATION))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("rows.jsonl:1 and those after it have null in a column")
                .hasMessageContaining("none of the first 100 rows is whole");
    }

    @Test
    void aReplacementCharacterThatTheFileHoldsIsText() throws IOException {
        Path file = Files.writeString(folder.resolve("rows.jsonl"), "{\"text\": \"\uFFFD\"}\n");
        assertThat(read(DataFile.of(file), RowKind.DEMONSTRATION))
                .singleElement()
                .isInstanceOf(RowResult.Good.class);
    }

    @Test
    void aRowOfManyMegabytesIsReadWhole() throws IOException {
        String text = "é".repeat(15_000_000);
        Path file =
                Files.writeString(folder.resolve("rows.jsonl"), "{\"text\": \"" + text + "\"}\n{\"text\": \"b\"}\n");
        List<RowResult> rows = read(DataFile.of(file), RowKind.DEMONSTRATION);
        Row.Demonstration row = (Row.Demonstration) ((RowResult.Good) rows.get(0)).row();
        assertThat(((Content.Plain) row.completion()).text()).hasSize(text.length());
        assertThat(rows).hasSize(2);
    }

    @Test
    void aMappedColumnThatALaterRowLacksIsNamedByBothNames() throws IOException {
        Path file = Files.writeString(folder.resolve("rows.jsonl"), "{\"t\": \"a\"}\n{\"u\": \"b\"}\n");
        DataFile mapped = DataFile.of(file).withColumns(java.util.Map.of("text", "t"));
        RowResult.Bad row = (RowResult.Bad) read(mapped, RowKind.DEMONSTRATION).get(1);
        assertThat(row.detail()).isEqualTo("column t (our text) is missing; the row has u");
    }

    @Test
    void csvRecordsThatDoNotFitTheHeader() throws IOException {
        Path file = Files.writeString(
                folder.resolve("rows.csv"), "prompt,completion\na,b\na\n\"a\nx\" y,c\n\nd,\ne,f,g\nh,i");
        List<RowResult> rows = read(DataFile.of(file), RowKind.DEMONSTRATION);
        assertThat(rows.stream()
                        .map(row -> row instanceof RowResult.Bad bad ? bad.id().line() + " " + bad.reason() : "good"))
                .containsExactly(
                        "good", "3 MALFORMED_CSV", "4 MALFORMED_CSV", "7 EMPTY_ANSWER", "8 MALFORMED_CSV", "good");
        assertThat(((RowResult.Bad) rows.get(1)).detail()).isEqualTo("the record has 1 fields, the header line 2");
        assertThat(((RowResult.Bad) rows.get(2)).detail()).contains("text follows a closing quote");
    }

    @Test
    void tallyCountsAndKeepsExamples() throws IOException {
        String bad = PAIR.replace("\"b\"", "\"a\"") + "\n";
        Path file = Files.writeString(folder.resolve("rows.jsonl"), PAIR + "\n{}\n" + bad.repeat(5));
        RowTally tally = new RowTally();
        read(DataFile.of(file), RowKind.PREFERENCE).forEach(tally::add);
        assertThat(tally).hasToString("7 rows read, 1 good, 6 bad: 1 missing_field, 5 chosen_equals_rejected");
        assertThat(tally.examples(CHOSEN_EQUALS_REJECTED))
                .extracting(row -> row.id().line())
                .containsExactly(3L, 4L, 5L);
    }

    private static List<RowResult> read(DataFile file, RowKind kind) {
        List<RowResult> all = new ArrayList<>();
        try (RowSource rows = Rows.open(file, kind)) {
            for (Optional<RowResult> row = rows.next(); row.isPresent(); row = rows.next()) {
                all.add(row.get());
            }
        }
        return all;
    }
}
