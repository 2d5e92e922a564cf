package dev.plumb.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.plumb.config.PlumbException;
import dev.plumb.text.Message;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The same rows out of every format, and a plain sentence for every file that is not in its format. */
class FormatsTest {
    private static final String NASTY = "é 漢字 \uD83D\uDE00 \u2028 \"quoted\", comma; tab\t and\nnew line\r\n\u0000 end";

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"rows.jsonl", "rows.jsonl.gz", "rows.ndjson", "rows.json", "array.json", "array.json.gz"})
    void jsonKeepsTextExactly(String name) {
        String row = "{\"text\": " + quoted(NASTY) + "}";
        String second = "{\"text\": \"2\",\"x\":NaN}";
        Path file = write(
                name, name.startsWith("array") ? " [" + row + ",\n\n" + second + " ]\n" : row + "\r\n\n" + second);
        assertThat(texts(DataFile.of(file))).containsExactly(NASTY, "2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"rows.csv", "rows.csv.gz", "rows.tsv"})
    void csvKeepsTextExactly(String name) {
        String separator = name.contains("tsv") ? "\t" : ",";
        String field = "\"" + NASTY.replace("\"", "\"\"") + "\"";
        Path file = write(
                name,
                "id" + separator + "\"text\"\r\n1" + separator + field + "\r\n\r\n" + "2" + separator + " 007 \"x ");
        assertThat(texts(DataFile.of(file))).containsExactly(NASTY, " 007 \"x ");
    }

    @Test
    void aColumnWithoutANameKeepsTheOthersInPlace() {
        assertThat(texts(DataFile.of(write("rows.tsv", "\ttext\n0\ta\n")))).containsExactly("a");
    }

    @Test
    void csvHoldsConversationsAsJson() {
        Path file = write(
                "rows.csv",
                "messages\n\"[{\"\"role\"\": \"\"user\"\", \"\"content\"\": \"\"q\"\"}, {\"\"role\"\": \"\"assistant\"\","
                        + " \"\"content\"\": \"\"a\"\"}]\"\n");
        Row.Demonstration row = (Row.Demonstration)
                rows(DataFile.of(file), RowKind.DEMONSTRATION).get(0);
        assertThat(row.completion())
                .isEqualTo(new Content.Chat(List.of(new Message("user", "q"), new Message("assistant", "a"))));
    }

    @Test
    void parquetKeepsTextAndOrder() throws SQLException, IOException {
        Path file = Files.createDirectory(folder.resolve("text=x")).resolve("rows.parquet");
        duckdb("copy (select i as id, 'text ' || i || ' é' as text from range(30000) r(i)) to '" + file + "'");
        List<String> texts = texts(DataFile.of(file));
        assertThat(texts).hasSize(30000).startsWith("text 0 é", "text 1 é").endsWith("text 29999 é");
    }

    @Test
    void aStreamThatIsNotReadToItsEndCloses() throws SQLException {
        Path file = folder.resolve("rows.parquet");
        duckdb("copy (select 'text ' || i as text from range(300000) r(i)) to '" + file + "'");
        for (int i = 0; i < 3; i++) {
            try (RowSource rows = Rows.open(DataFile.of(file), RowKind.DEMONSTRATION)) {
                assertThat(rows.next()).isPresent();
            }
        }
    }

    @Test
    void parquetDropsTheNullsThatItsSchemaAdds() throws SQLException {
        Path file = folder.resolve("rows[1].parquet");
        duckdb("copy (select [{'role': 'user', 'content': 'q', 'tool_calls': null::struct(name varchar, arguments"
                + " struct(a varchar, b varchar))[]}, {'role': 'assistant', 'content': 'a', 'tool_calls': [{'name': 'f',"
                + " 'arguments': {'a': '1', 'b': null::varchar}}]}] as messages) to '" + file + "'");
        Row.Demonstration row = (Row.Demonstration)
                rows(DataFile.of(file), RowKind.DEMONSTRATION).get(0);
        List<Message> turns = ((Content.Chat) row.completion()).messages();
        assertThat(turns.get(0).fields()).containsOnlyKeys("role", "content");
        assertThat(turns.get(1).more().get("tool_calls"))
                .isEqualTo(List.of(
                        Map.of("type", "function", "function", Map.of("name", "f", "arguments", Map.of("a", "1")))));
    }

    @Test
    void aQueryMakesTheRows() {
        Path file = write("rows.jsonl", """
                {"q": "one", "answers": ["a", "b"], "label": 2}
                {"q": "two", "answers": ["c", "d"], "label": 1}
                """);
        DataFile query = new DataFile(
                file,
                DataFormat.AUTO,
                Map.of(),
                1,
                Optional.of("select q as prompt, answers[label] as chosen, answers[3 - label] as rejected from data"
                        + " order by q desc -- last first\n;\n"));
        assertThat(rows(query, RowKind.PREFERENCE))
                .extracting(row -> ((Row.Preference) row).chosen())
                .containsExactly(new Content.Plain("c"), new Content.Plain("b"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"rows.jsonl", "rows.jsonl.gz", "rows.json", "rows.csv", "rows.csv.gz", "rows.tsv"})
    void aQueryLeavesDatesTimesAndIdentifiersAsTheTextTheyAre(String name) {
        List<String> values = List.of(
                "2020-01-02T03:04:05Z", "2020-01-02", "10:00", "550E8400-E29B-41D4-A716-446655440000", "007", "true");
        List<String> content = new ArrayList<>();
        for (String value : values) {
            content.add(
                    name.contains("json")
                            ? "{\"text\": \"" + value + "\"}"
                            : value + (name.contains("tsv") ? "\tx" : ",x"));
        }
        // one kind at a time, because the type of a column is guessed from all of its values
        for (int i = 0; i < values.size(); i++) {
            String row = content.get(i);
            String text = name.equals("rows.json") ? "[" + row + "," + row + "]" : row + "\n" + row + "\n";
            Path file = write(
                    name, name.contains("json") ? text : (name.contains("tsv") ? "text\tb\n" : "text,b\n") + text);
            DataFile query = new DataFile(file, DataFormat.AUTO, Map.of(), 1, Optional.of("select * from data"));
            assertThat(texts(query)).containsExactly(values.get(i), values.get(i));
        }
    }

    @Test
    void aFaultyQueryIsReportedInDuckDbsWords() throws SQLException {
        Path file = folder.resolve("rows.parquet");
        duckdb("copy (select 'a' as text) to '" + file + "'");
        fails(
                new DataFile(file, DataFormat.AUTO, Map.of(), 1, Optional.of("select txt as text from data")),
                "txt",
                "sql");
        fails(
                new DataFile(
                        file, DataFormat.AUTO, Map.of(), 1, Optional.of("select cast(text as int) as text from data")),
                "Could not convert");
        fails(new DataFile(file, DataFormat.AUTO, Map.of(), 1, Optional.of("select 1; select 2")), "syntax error");
    }

    @Test
    void aByteOrderMarkIsSkippedAndUtf16Refused() throws IOException {
        assertThat(texts(DataFile.of(write("a.jsonl", "\uFEFF{\"text\": \"a\"}\n"))))
                .containsExactly("a");
        assertThat(texts(DataFile.of(write("a.csv", "\uFEFFtext\na\n")))).containsExactly("a");
        Path wide =
                Files.write(folder.resolve("b.jsonl"), "\uFEFF{\"text\": \"a\"}\n".getBytes(StandardCharsets.UTF_16LE));
        fails(DataFile.of(wide), "b.jsonl is UTF-16; save it as UTF-8.");
    }

    @Test
    void anArrayGoesOnAfterARowThatIsMalformedWithinItsBrackets() {
        Path file = write(
                "a.json", "[{\"text\": \"a\"},\n {\"text\": oops}, {\"text\": \"]}\\\"\"}, {}, {\"text\": \"b\"}]");
        List<RowResult> results = results(DataFile.of(file), RowKind.DEMONSTRATION);
        assertThat(results).hasSize(5);
        RowResult.Bad bad = (RowResult.Bad) results.get(1);
        assertThat(bad.reason()).isEqualTo(BadRowReason.MALFORMED_JSON);
        assertThat(bad.id().line()).isEqualTo(2);
        assertThat(bad.detail()).endsWith("in the row that begins in line 2");
        assertThat(texts(DataFile.of(file))).containsExactly("a", "]}\"", "b");
    }

    @Test
    void truncatedAndDamagedGzip() throws IOException {
        String text = "{\"text\": \"a\"}\n".repeat(1000) + "{\"text\": \"" + "b".repeat(100) + "\"}\n";
        for (String name : List.of("a.jsonl.gz", "a.json.gz", "a.csv.gz")) {
            byte[] packed = packed(
                    name.contains("jsonl")
                            ? text
                            : name.contains("json") ? "[" + text.strip().replace("\n", ",") + "]" : "text\n" + text);
            Path file = Files.write(folder.resolve(name), Arrays.copyOf(packed, packed.length - 12));
            assertThatThrownBy(() -> results(DataFile.of(file), RowKind.DEMONSTRATION))
                    .isInstanceOf(PlumbException.class)
                    .hasMessageContaining(name + " is a gzip file that is cut off")
                    .hasMessageContaining("copy or download it again");
            Files.write(file, Arrays.copyOf(packed, 7));
            fails(DataFile.of(file), "is a gzip file that is cut off");
            packed[packed.length - 6] ^= 1;
            Files.write(file, packed);
            fails(DataFile.of(file), "is a damaged gzip file");
        }
    }

    @Test
    void filesThatAreNotThereOrNotFiles() throws IOException {
        fails(DataFile.of(folder.resolve("no.jsonl")), "no.jsonl does not exist");
        fails(DataFile.of(folder), "is a folder");
        fails(DataFile.of(write("empty.jsonl", "")), "empty.jsonl is empty.");
        fails(DataFile.of(write("blank.jsonl", "\n\r\n")), "holds nothing but blank lines");
        fails(DataFile.of(write("spaces.jsonl", " \n  ")), "holds no rows");
        fails(DataFile.of(write("header.csv", "text\n")), "holds no rows");
        fails(DataFile.of(write("none.json", "[]")), "holds no rows");
        fails(DataFile.of(write("what.txt", "hello")), "set format: jsonl, json, csv or parquet");
    }

    @Test
    void filesThatAreNotInTheirFormat() throws SQLException, IOException {
        fails(DataFile.of(write("a.parquet", "hello hello hello")), "a.parquet cannot be read", "magic bytes");
        fails(
                DataFile.of(write("a.jsonl", "hello\nworld\n")),
                "None of the first 2 rows",
                "a.jsonl:1",
                "Unrecognized token");
        fails(
                new DataFile(write("b.json", "{\"text\": \"a\"}"), DataFormat.JSON, Map.of(), 1, Optional.empty()),
                "b.json:1 is not a JSON array of rows: it begins with {");
        fails(
                DataFile.of(write("c.json", "[{\"text\": \"a\"},\n{\"text\": \"b\"")),
                "ends inside row 2, which begins in line 2");
        fails(DataFile.of(write("d.json", "[{\"text\": \"a\"}")), "ends after row 1");
        fails(
                DataFile.of(write("e.json", "[{\"text\": \"a\"} {\"text\": \"b\"}]")),
                "has { after row 1 where a comma is due");
        fails(DataFile.of(write("f.json", "[{\"text\": \"a\"}]\n[]")), "f.json:2 goes on after its array");
        fails(DataFile.of(write("g.csv", "prompt;completion\na;b\n")), "g.csv:1 is a single column");
        fails(DataFile.of(write("h.csv", "text,text\na,b\n")), "names a column twice");
        fails(DataFile.of(write("i.csv", "text\na\n\"b\nc\n")), "i.csv:3 opens a quote that is never closed");
        Path damaged = folder.resolve("j.parquet");
        duckdb("copy (select 'p' || i as text from range(50000) r(i)) to '" + damaged + "'");
        byte[] bytes = Files.readAllBytes(damaged);
        Arrays.fill(bytes, bytes.length / 3, bytes.length / 2, (byte) 0x5a);
        Files.write(damaged, bytes);
        fails(DataFile.of(damaged), "j.parquet cannot be read");
    }

    private void fails(DataFile file, String... words) {
        assertThatThrownBy(() -> results(file, RowKind.DEMONSTRATION))
                .isInstanceOf(PlumbException.class)
                .hasMessageContainingAll(words);
    }

    private Path write(String name, String text) {
        try {
            byte[] bytes = name.endsWith(".gz") ? packed(text) : text.getBytes(StandardCharsets.UTF_8);
            return Files.write(folder.resolve(name), bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] packed(String text) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
        return bytes.toByteArray();
    }

    private static String quoted(String text) {
        return com.fasterxml.jackson.databind.node.TextNode.valueOf(text).toString();
    }

    private static void duckdb(String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static List<String> texts(DataFile file) {
        List<String> texts = new ArrayList<>();
        for (Row row : rows(file, RowKind.DEMONSTRATION)) {
            texts.add(((Content.Plain) ((Row.Demonstration) row).completion()).text());
        }
        return texts;
    }

    private static List<Row> rows(DataFile file, RowKind kind) {
        List<Row> rows = new ArrayList<>();
        for (RowResult result : results(file, kind)) {
            if (result instanceof RowResult.Good good) {
                rows.add(good.row());
            }
        }
        return rows;
    }

    private static List<RowResult> results(DataFile file, RowKind kind) {
        List<RowResult> all = new ArrayList<>();
        try (RowSource rows = Rows.open(file, kind)) {
            for (Optional<RowResult> row = rows.next(); row.isPresent(); row = rows.next()) {
                all.add(row.get());
            }
        }
        return all;
    }
}
