package dev.plumb.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.plumb.config.PlumbException;
import dev.plumb.data.Bytes.Settings;
import dev.plumb.text.Message;
import dev.plumb.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Prompts that the model answers itself: from the columns of a file to tokens, with what a reward function may look at. */
class PromptRowsTest {
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

    private RowResult read(String json) throws IOException {
        return read(DataFile.of(Files.writeString(folder.resolve("rows.jsonl"), json + "\n")));
    }

    private static RowResult read(DataFile file) {
        try (RowSource rows = Rows.open(file, RowKind.PROMPT)) {
            Optional<RowResult> row = rows.next();
            return row.orElseThrow();
        }
    }

    private static Row.Prompt good(RowResult result) {
        return (Row.Prompt) ((RowResult.Good) result).row();
    }

    @Test
    void aPromptKeepsItsColumns() throws IOException {
        Row.Prompt row =
                good(read("{\"answer\": \"#### 4\", \"prompt\": \"2 + 2 =\", \"tests\": [1, null], \"x\": null}"));
        assertThat(row.prompt()).isEqualTo(new Content.Plain("2 + 2 ="));
        assertThat(row.columns())
                .isEqualTo(Map.of("answer", "#### 4", "prompt", "2 + 2 =", "tests", java.util.Arrays.asList(1, null)));
        assertThat(row.columns().keySet()).containsExactly("answer", "prompt", "tests"); // in the file's order
    }

    @Test
    void conversationsEndBeforeTheAnswer() throws IOException {
        Row.Prompt row =
                good(read("{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}], \"system\": \"Be kind.\"}"));
        assertThat(row.prompt())
                .isEqualTo(new Content.Chat(List.of(new Message("system", "Be kind."), new Message("user", "Hi"))));
        Row.Prompt alpaca = good(read("{\"instruction\": \"Add.\", \"input\": \"1 1\", \"output\": \"2\"}"));
        assertThat(((Content.Chat) alpaca.prompt()).messages().get(0).content()).contains("Add.", "1 1");
        assertThat(alpaca.columns()).containsEntry("output", "2");
        RowResult.Bad bad = (RowResult.Bad) read("{\"prompt\": [{\"role\": \"user\", \"content\": \"Hi\"},"
                + " {\"role\": \"assistant\", \"content\": \"Hello\"}]}");
        assertThat(bad.reason()).isEqualTo(BadRowReason.ANSWERED_PROMPT);
        assertThat(bad.detail()).contains("column prompt ends in a turn of the assistant");
        assertThat(((RowResult.Bad) read("{\"prompt\": \" \"}")).reason()).isEqualTo(BadRowReason.EMPTY_PROMPT);
    }

    @Test
    void otherColumnsAreNamedAsKeptForRewards() throws IOException {
        Path file = Files.writeString(folder.resolve("q.jsonl"), "{\"question\": \"2 + 2?\", \"answer\": \"4\"}\n");
        assertThatThrownBy(() -> read(DataFile.of(file)))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("none of the sets that make a prompt: prompt; or messages; or instruction")
                .hasMessageContaining("columns: {prompt: question}");
        Settings settings = new Settings()
                .files(new DataFile(file, DataFormat.AUTO, Map.of("prompt", "question"), 1, Optional.empty()))
                .evalShare(0);
        try (Dataset data = Dataset.prepare(RowKind.PROMPT, settings.encoder(tokenizer), folder.resolve("run"))) {
            Preflight report = data.preflight();
            assertThat(report.shapes())
                    .singleElement()
                    .asString()
                    .contains("question as prompt; kept for rewards: answer");
            assertThat(report.refusals()).isEmpty();
            assertThat(report.text()).contains("| <s>2 + 2?[[]]", "| row: {\"question\":\"2 + 2?\",\"answer\":\"4\"}");
            TokenPrompt prompt = (TokenPrompt) data.train().get(0);
            assertThat(tokenizer.decode(prompt.prompt())).isEqualTo("<s>2 + 2?");
            assertThat(prompt.columns()).isEqualTo(Map.of("question", "2 + 2?", "answer", "4"));
        }
    }

    @Test
    void aLongPromptLosesItsStartOnlyIfAsked() {
        Row row = new Row.Prompt(new RowId("rows.jsonl", 1), new Content.Plain("0123456789"), List.of(), Map.of());
        EncodedRow.Kept kept = (EncodedRow.Kept) new Settings()
                .maxLength(6, Truncation.KEEP_END)
                .encoder(tokenizer)
                .encode(row);
        assertThat(tokenizer.decode(((TokenPrompt) kept.example()).prompt())).isEqualTo("<s>56789");
        assertThat(kept.cut()).isEqualTo(new EncodedRow.Cut(5, 0));
        assertThat(new Settings()
                        .maxLength(6, Truncation.KEEP_START)
                        .encoder(tokenizer)
                        .encode(row))
                .isInstanceOf(EncodedRow.Refused.class);
    }

    @Test
    void theStoreGivesBackWhatItWasGiven() {
        List<Example> rows = List.of(
                new TokenPrompt(new int[] {1, 2}, "{\"a\":\"ä\"}"), new TokenPrompt(new int[] {1, 2}, "{\"a\":\"b\"}"));
        try (TokenStore store = Stores.of(folder, rows)) {
            assertThat(store.get(0)).usingRecursiveComparison().isEqualTo(rows.get(0));
            assertThat(store.get(1)).usingRecursiveComparison().isEqualTo(rows.get(1));
            assertThat(store.tokens(0)).isEqualTo(2);
            assertThat(store.content(0)).isNotEqualTo(store.content(1));
        }
        assertThatThrownBy(() -> new TokenPrompt(new int[0], "{}")).hasMessageContaining("at least one token");
    }
}
