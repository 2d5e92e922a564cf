package dev.plumb.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.plumb.config.PlumbException;
import dev.plumb.text.Message;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What rows become for each set of columns that the tools people come from accept. */
class ShapesTest {
    @TempDir
    Path folder;

    @Test
    void text() {
        Row.Demonstration row = demonstration("{\"text\": \"Once upon a time.\", \"id\": 3}");
        assertThat(row.prompt()).isEmpty();
        assertThat(row.completion()).isEqualTo(plain("Once upon a time."));
        assertThat(shape(RowKind.DEMONSTRATION, "{\"text\": \"a\", \"id\": 3}", Map.of()))
                .endsWith("rows.jsonl: language modelling, plain text: columns text; not used: id");
    }

    @Test
    void messages() {
        Row.Demonstration row = demonstration("""
                {"messages": [{"role": "user", "content": "Hi", "name": "Ann"}, {"role": "assistant", "content": "Hello"}]}""");
        assertThat(row.prompt()).isEmpty();
        assertThat(row.completion())
                .isEqualTo(chat(new Message("user", "Hi", Map.of("name", "Ann")), new Message("assistant", "Hello")));
    }

    @Test
    void promptAndCompletionPlain() {
        Row.Demonstration row = demonstration("{\"prompt\": \"The sky is\", \"completion\": \" blue.\"}");
        assertThat(row.prompt()).contains(plain("The sky is"));
        assertThat(row.completion()).isEqualTo(plain(" blue."));
    }

    @Test
    void promptAndCompletionInTurns() {
        Row.Demonstration row = demonstration("""
                {"prompt": [{"role": "user", "content": "Colour?"}], "completion": [{"role": "assistant", "content": "Blue."}]}""");
        assertThat(row.prompt()).contains(chat(new Message("user", "Colour?")));
        assertThat(row.completion()).isEqualTo(chat(new Message("assistant", "Blue.")));
    }

    @Test
    void aPromptInTurnsWithAnswersInTextMakesThemTurns() {
        Row.Preference row = preference("""
                {"prompt": [{"role": "user", "content": "Colour?"}], "chosen": "Blue.", "rejected": "Wet."}""");
        assertThat(row.chosen()).isEqualTo(chat(new Message("assistant", "Blue.")));
        assertThat(row.rejected()).isEqualTo(chat(new Message("assistant", "Wet.")));
    }

    @Test
    void aPromptInTextWithAnswersInTurnsBecomesTheUsersTurn() {
        Row.Preference row = preference("""
                {"prompt": "Colour?", "chosen": [{"role": "assistant", "content": "Blue."}],
                 "rejected": [{"role": "assistant", "content": "Wet."}]}""");
        assertThat(row.prompt()).isEqualTo(chat(new Message("user", "Colour?")));
    }

    @Test
    void preferencePlain() {
        Row.Preference row =
                preference("{\"prompt\": \"The sky is\", \"chosen\": \" blue.\", \"rejected\": \" green.\"}");
        assertThat(row.prompt()).isEqualTo(plain("The sky is"));
        assertThat(row.chosen()).isEqualTo(plain(" blue."));
        assertThat(row.rejected()).isEqualTo(plain(" green."));
    }

    @Test
    void preferenceInTurns() {
        Row.Preference row = preference("""
                {"prompt": [{"role": "user", "content": "Colour?"}], "chosen": [{"role": "assistant", "content": "Blue."}],
                 "rejected": [{"role": "assistant", "content": "Green."}], "system": "Be brief."}""");
        assertThat(row.prompt()).isEqualTo(chat(new Message("system", "Be brief."), new Message("user", "Colour?")));
        assertThat(row.chosen()).isEqualTo(chat(new Message("assistant", "Blue.")));
    }

    @Test
    void implicitPromptInText() {
        Row.Preference row = preference("{\"chosen\": \"The sky is blue.\", \"rejected\": \"The sky is green.\"}");
        assertThat(row.prompt()).isEqualTo(plain("The sky is"));
        assertThat(row.chosen()).isEqualTo(plain(" blue."));
        assertThat(row.rejected()).isEqualTo(plain(" green."));
    }

    @Test
    void implicitPromptInTurns() {
        Row.Preference row = preference("""
                {"chosen": [{"role": "user", "content": "Colour?"}, {"role": "assistant", "content": "Blue."}],
                 "rejected": [{"role": "user", "content": "Colour?"}, {"role": "assistant", "content": "Green."}]}""");
        assertThat(row.prompt()).isEqualTo(chat(new Message("user", "Colour?")));
        assertThat(row.chosen()).isEqualTo(chat(new Message("assistant", "Blue.")));
        assertThat(row.rejected()).isEqualTo(chat(new Message("assistant", "Green.")));
    }

    @Test
    void wholeConversationsAsAnswersGiveThePromptEvenBesideAPromptColumn() {
        String json = """
                {"prompt": "Colour?", "messages": [{"role": "user", "content": "Colour?"}, {"role": "assistant", "content": "Blue."}],
                 "chosen": [{"role": "user", "content": "Colour?"}, {"role": "assistant", "content": "Blue."}],
                 "rejected": [{"role": "user", "content": "Colour?"}, {"role": "assistant", "content": "Green."}]}""";
        assertThat(preference(json).prompt()).isEqualTo(chat(new Message("user", "Colour?")));
        assertThat(preference(json).chosen()).isEqualTo(chat(new Message("assistant", "Blue.")));
        assertThat(shape(RowKind.PREFERENCE, json, Map.of())).endsWith("not used: prompt, messages");
        assertThatThrownBy(() -> shape(RowKind.PREFERENCE, json, Map.of("prompt", "prompt")))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("no use for the column prompt");
    }

    @Test
    void shareGpt() {
        Row.Demonstration row = demonstration("""
                {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}], "system": "Be kind."}""");
        assertThat(row.completion())
                .isEqualTo(chat(
                        new Message("system", "Be kind."),
                        new Message("user", "Hi"),
                        new Message("assistant", "Hello")));
    }

    @Test
    void shareGptPreference() {
        Row.Preference row = preference("""
                {"conversations": [{"from": "human", "value": "Hi"}], "chosen": {"from": "gpt", "value": "Hello"},
                 "rejected": {"from": "gpt", "value": "What?"}}""");
        assertThat(row.prompt()).isEqualTo(chat(new Message("user", "Hi")));
        assertThat(row.chosen()).isEqualTo(chat(new Message("assistant", "Hello")));
        assertThat(row.rejected()).isEqualTo(chat(new Message("assistant", "What?")));
    }

    @Test
    void shareGptToolCallsBecomeWhatTemplatesRead() {
        Row.Demonstration row = demonstration("""
                {"conversations": [{"from": "human", "value": "Weather?"},
                  {"from": "function_call", "value": "{\\"name\\": \\"weather\\", \\"arguments\\": {\\"city\\": \\"Oslo\\"}}"},
                  {"from": "observation", "value": "rain"}, {"from": "gpt", "value": "It rains."}],
                 "tools": "[{\\"name\\": \\"weather\\", \\"parameters\\": {}}]"}""");
        Map<String, Object> call =
                Map.of("type", "function", "function", Map.of("name", "weather", "arguments", Map.of("city", "Oslo")));
        assertThat(row.completion())
                .isEqualTo(chat(
                        new Message("user", "Weather?"),
                        new Message("assistant", "", Map.of("tool_calls", List.of(call))),
                        new Message("tool", "rain"),
                        new Message("assistant", "It rains.")));
        assertThat(row.tools())
                .containsExactly(
                        Map.of("type", "function", "function", Map.of("name", "weather", "parameters", Map.of())));
    }

    @Test
    void openAiToolCallsWithArgumentsInTextAndNoContent() {
        Row.Demonstration row = demonstration("""
                {"messages": [{"role": "user", "content": "Weather?"}, {"role": "assistant", "content": null, "refusal": null,
                  "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{\\"city\\":\\"Oslo\\"}"}}]},
                  {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "ra"}, {"type": "text", "text": "in"}]}],
                 "tools": [{"type": "function", "function": {"name": "weather"}}]}""");
        Content.Chat turns = (Content.Chat) row.completion();
        assertThat(turns.messages().get(1).fields()).containsOnlyKeys("role", "content", "tool_calls");
        assertThat(turns.messages().get(1).more().get("tool_calls"))
                .isEqualTo(List.of(Map.of(
                        "id", "c1",
                        "type", "function",
                        "function", Map.of("name", "weather", "arguments", Map.of("city", "Oslo")))));
        assertThat(turns.messages().get(2)).isEqualTo(new Message("tool", "rain", Map.of("tool_call_id", "c1")));
        assertThat(row.tools()).containsExactly(Map.of("type", "function", "function", Map.of("name", "weather")));
    }

    @Test
    void alpaca() {
        Row.Demonstration row = demonstration("""
                {"instruction": "Translate.", "input": "chat", "output": "cat", "system": "You know French.",
                 "history": [["Hi", "Hello"]]}""");
        assertThat(row.prompt())
                .contains(chat(
                        new Message("system", "You know French."),
                        new Message("user", "Hi"),
                        new Message("assistant", "Hello"),
                        new Message("user", "Translate.\nchat")));
        assertThat(row.completion()).isEqualTo(chat(new Message("assistant", "cat")));
    }

    @Test
    void alpacaPreference() {
        Row.Preference row = preference(
                "{\"instruction\": \"Name a fish.\", \"input\": \"\", \"chosen\": \"Cod\", \"rejected\": \"Cow\"}");
        assertThat(row.prompt()).isEqualTo(chat(new Message("user", "Name a fish.")));
        assertThat(row.rejected()).isEqualTo(chat(new Message("assistant", "Cow")));
    }

    @Test
    void columnsUnderOtherNames() {
        String json = "{\"question\": \"q\", \"better\": \"a\", \"worse\": \"b\", \"score\": 1}";
        Map<String, String> columns = Map.of("prompt", "question", "chosen", "better", "rejected", "worse");
        Row.Preference row = (Row.Preference) good(RowKind.PREFERENCE, json, columns);
        assertThat(row.chosen()).isEqualTo(plain("a"));
        assertThat(shape(RowKind.PREFERENCE, json, columns))
                .endsWith("preference, plain text: columns question as prompt, better as chosen, worse as rejected;"
                        + " not used: score");
    }

    @Test
    void aMappedColumnIsNotReadUnderItsOldNameToo() {
        Row.Demonstration row = (Row.Demonstration) good(
                RowKind.DEMONSTRATION,
                "{\"instruction\": \"q\", \"output\": \"a\"}",
                Map.of("prompt", "instruction", "completion", "output"));
        assertThat(row.prompt()).contains(plain("q"));
    }

    @Test
    void swappingTwoColumnsSwapsThem() {
        Row.Preference row = (Row.Preference) good(
                RowKind.PREFERENCE,
                "{\"prompt\": \"q\", \"chosen\": \"a\", \"rejected\": \"b\"}",
                Map.of("chosen", "rejected", "rejected", "chosen"));
        assertThat(row.chosen()).isEqualTo(plain("b"));
        assertThat(row.rejected()).isEqualTo(plain("a"));
    }

    @Test
    void aMappedSystemColumnTurnsPlainTextIntoAConversation() {
        String json = "{\"question\": \"q\", \"system\": \"s\", \"chosen\": \"a\", \"rejected\": \"b\"}";
        Row.Preference row =
                (Row.Preference) good(RowKind.PREFERENCE, json, Map.of("prompt", "question", "system", "system"));
        assertThat(row.prompt()).isEqualTo(chat(new Message("system", "s"), new Message("user", "q")));
        assertThat(row.chosen()).isEqualTo(chat(new Message("assistant", "a")));
        assertThat(shape(RowKind.PREFERENCE, json, Map.of("prompt", "question")))
                .endsWith("not used: system");
    }

    @Test
    void theFirstRowLacksAColumnThatTheMappingNames() {
        assertThatThrownBy(() ->
                        shape(RowKind.PREFERENCE, "{\"q\": \"a\", \"chosen\": \"b\"}", Map.of("prompt", "question")))
                .isInstanceOf(PlumbException.class)
                .hasMessageEndingWith("rows.jsonl:1 has no column question, which columns asks for; it has q, chosen.");
    }

    @Test
    void theFirstRowHasNoShape() {
        assertThatThrownBy(() -> shape(RowKind.PREFERENCE, "{\"question\": \"a\", \"answer\": \"b\"}", Map.of()))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining(
                        "rows.jsonl:1 has the columns question, answer, and none of the sets that make a preference")
                .hasMessageContaining("prompt, chosen, rejected")
                .hasMessageContaining("columns: {prompt: question");
    }

    @Test
    void anUnknownNameInTheMapping() {
        assertThatThrownBy(() -> DataFile.of(Path.of("x.jsonl")).withColumns(Map.of("promt", "question")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("columns: promt is not a column that Plumb reads; our name comes first");
    }

    @Test
    void severalFilesOneAfterAnother() throws IOException {
        Path one = Files.writeString(folder.resolve("one.jsonl"), "{\"text\": \"a\"}\n");
        Path two = Files.writeString(folder.resolve("two.jsonl"), "{\"prompt\": \"b\", \"completion\": \"c\"}\n");
        try (RowSource rows = Rows.open(List.of(DataFile.of(one), DataFile.of(two)), RowKind.DEMONSTRATION)) {
            assertThat(rows.next().orElseThrow().id()).isEqualTo(new RowId(one.toString(), 1));
            assertThat(rows.next().orElseThrow().id()).isEqualTo(new RowId(two.toString(), 1));
            assertThat(rows.next()).isEmpty();
            assertThat(rows.next()).isEmpty();
            assertThat(rows.shape().lines()).hasSize(2);
        }
    }

    @Test
    void aFaultInTheLastFileShowsBeforeTheFirstIsRead() throws IOException {
        Path one = Files.writeString(folder.resolve("one.jsonl"), "{\"text\": \"a\"}\n");
        List<DataFile> files = List.of(DataFile.of(one), DataFile.of(folder.resolve("two.jsonl")));
        assertThatThrownBy(() -> Rows.open(files, RowKind.DEMONSTRATION))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("two.jsonl does not exist");
    }

    private Row.Demonstration demonstration(String json) {
        return (Row.Demonstration) good(RowKind.DEMONSTRATION, json, Map.of());
    }

    private Row.Preference preference(String json) {
        return (Row.Preference) good(RowKind.PREFERENCE, json, Map.of());
    }

    private Row good(RowKind kind, String json, Map<String, String> columns) {
        try (RowSource rows = open(kind, json, columns)) {
            Optional<RowResult> first = rows.next();
            assertThat(first).get().isInstanceOf(RowResult.Good.class);
            assertThat(rows.next()).isEmpty();
            return ((RowResult.Good) first.orElseThrow()).row();
        }
    }

    private String shape(RowKind kind, String json, Map<String, String> columns) {
        try (RowSource rows = open(kind, json, columns)) {
            return rows.shape();
        }
    }

    private RowSource open(RowKind kind, String json, Map<String, String> columns) {
        try {
            Path file = Files.writeString(folder.resolve("rows.jsonl"), json.replace("\n", " ") + "\n");
            return Rows.open(DataFile.of(file).withColumns(columns), kind);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static Content plain(String text) {
        return new Content.Plain(text);
    }

    private static Content chat(Message... turns) {
        return new Content.Chat(List.of(turns));
    }
}
