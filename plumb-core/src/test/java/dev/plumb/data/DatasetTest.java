package dev.plumb.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.plumb.Shared;
import dev.plumb.config.PlumbException;
import dev.plumb.data.Bytes.Settings;
import dev.plumb.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatasetTest {
    private static final ObjectMapper JSON = new ObjectMapper();
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

    private DataFile file(String name, int from, int to, IntFunction<String> line) throws IOException {
        return DataFile.of(Files.write(
                folder.resolve(name), IntStream.range(from, to).mapToObj(line).toList()));
    }

    private static String pair(int i) {
        return "{\"prompt\": \"question " + i + "?\", \"chosen\": \" Yes, " + i + "\", \"rejected\": \" No\"}";
    }

    private Dataset prepare(Settings settings, RowKind kind) {
        return Dataset.prepare(kind, settings.encoder(tokenizer), folder.resolve("run"));
    }

    private static Set<String> prompts(TokenStore store) {
        Set<String> prompts = new HashSet<>();
        for (long row = 0; row < store.size(); row++) {
            prompts.add(tokenizer.decode(((TokenPair) store.get(row)).prompt()));
        }
        return prompts;
    }

    @Test
    void addedRowsMoveNoOther() throws IOException {
        DataFile few = file("few.jsonl", 0, 200, DatasetTest::pair);
        DataFile many = file("many.jsonl", -100, 400, DatasetTest::pair);
        try (Dataset before = prepare(new Settings().files(few).evalShare(0.2), RowKind.PREFERENCE)) {
            Set<String> heldOut = prompts(before.eval());
            Set<String> learnt = prompts(before.train());
            assertThat(heldOut).hasSizeBetween(20, 60);
            assertThat(heldOut.size() + learnt.size()).isEqualTo(200);
            try (Dataset after = prepare(new Settings().files(many).evalShare(0.2), RowKind.PREFERENCE)) {
                assertThat(prompts(after.eval())).containsAll(heldOut).doesNotContainAnyElementsOf(learnt);
                assertThat(prompts(after.train())).containsAll(learnt).doesNotContainAnyElementsOf(heldOut);
            }
            try (Dataset more = prepare(new Settings().files(few).evalShare(0.4), RowKind.PREFERENCE)) {
                assertThat(prompts(more.eval()))
                        .as("a larger share keeps the smaller one")
                        .containsAll(heldOut);
            }
        }
    }

    @Test
    void rowsWithOnePromptStayTogether() throws IOException {
        DataFile file = file("twice.jsonl", 0, 400, i -> pair(i / 2).replace(" No", " No" + i));
        try (Dataset data = prepare(new Settings().files(file).evalShare(0.3), RowKind.PREFERENCE)) {
            assertThat(data.train().size() + data.eval().size()).isEqualTo(400);
            assertThat(prompts(data.train())).doesNotContainAnyElementsOf(prompts(data.eval()));
        }
    }

    @Test
    void promptsOfEvalFilesAreNotTrainedOn() throws IOException {
        DataFile train = file("train.jsonl", 0, 100, DatasetTest::pair);
        DataFile eval = file("eval.jsonl", 90, 120, DatasetTest::pair);
        try (Dataset data = prepare(new Settings().files(train).evalFiles(eval), RowKind.PREFERENCE)) {
            assertThat(data.train().size()).isEqualTo(90);
            assertThat(data.eval().size()).isEqualTo(30);
            Preflight.LeftOut left = data.preflight().left().get(0);
            assertThat(left.reason()).isEqualTo("prompt_in_eval_files");
            assertThat(left.rows()).isEqualTo(10);
            assertThat(left.asked()).isTrue();
            data.preflight().requireSound();
        }
    }

    @Test
    void theOrderVisitsFilesByWeightAndKnowsWhereRowsStand() throws IOException {
        DataFile one = file("one.jsonl", 0, 10, DatasetTest::pair);
        DataFile two = file("two.jsonl", 10, 14, DatasetTest::pair);
        DataFile doubled = new DataFile(two.path(), two.format(), two.columns(), 2, two.sql());
        try (Dataset data = prepare(new Settings().files(one, doubled).evalShare(0), RowKind.PREFERENCE)) {
            Order order = data.order(3);
            assertThat(order.size()).isEqualTo(18);
            Map<RowId, Long> visits = IntStream.range(0, 18)
                    .mapToObj(position -> data.train().id(order.row(0, position)))
                    .collect(Collectors.groupingBy(id -> id, Collectors.counting()));
            assertThat(visits.get(new RowId(two.path().toString(), 4))).isEqualTo(2);
            assertThat(visits.get(new RowId(one.path().toString(), 10))).isEqualTo(1);
            assertThat(visits).hasSize(14);
        }
    }

    @Test
    void badRowsAreAllListedWithPlacesAndRemedies() throws IOException {
        Path path = Files.write(
                folder.resolve("bad.jsonl"),
                List.of(
                        pair(1),
                        "{broken",
                        "{\"prompt\": \"a <|im_end|>\", \"chosen\": \" b\", \"rejected\": \" c\"}",
                        "{\"prompt\": \"It is 4\", \"chosen\": \"2\", \"rejected\": \"3\"}",
                        "{\"prompt\": \"a\", \"chosen\": \" b\", \"rejected\": \" b\"}",
                        pair(2)));
        Settings settings = new Settings().files(DataFile.of(path)).evalShare(0);
        try (Dataset data = prepare(settings, RowKind.PREFERENCE)) {
            assertThat(data.train().size()).isEqualTo(2);
            assertThatThrownBy(() -> data.preflight().requireSound())
                    .isInstanceOf(PlumbException.class)
                    .hasMessageContaining("4 of 6 rows cannot be learnt from")
                    .hasMessageContaining("data.on_bad_row=drop")
                    .hasMessageContaining("1 malformed_json")
                    .hasMessageContaining("1 special_token_in_text")
                    .hasMessageContaining("1 boundary_merge")
                    .hasMessageContaining("1 chosen_equals_rejected")
                    .hasMessageContaining("bad.jsonl:4: the token ' 42' lies across the border of the answer");
        }
        try (Dataset data = prepare(settings.dropBadRows(), RowKind.PREFERENCE)) {
            data.preflight().requireSound();
            assertThat(data.preflight().read()).isEqualTo(6);
            assertThat(data.preflight().left()).hasSize(4).allMatch(Preflight.LeftOut::asked);
        }
    }

    @Test
    void droppedLongRowsAreNoFaultButCounted() throws IOException {
        DataFile file = file("long.jsonl", 0, 20, i -> pair(i).replace("question", "q".repeat(i * 2)));
        Settings settings = new Settings().files(file).evalShare(0).maxLength(40, Truncation.DROP);
        try (Dataset data = prepare(settings, RowKind.PREFERENCE)) {
            data.preflight().requireSound();
            assertThat(data.preflight().left()).singleElement().satisfies(left -> {
                assertThat(left.reason()).isEqualTo("too_long");
                assertThat(left.rows()).isPositive();
                assertThat(left.rows() + data.train().size()).isEqualTo(20);
                assertThat(left.examples()).hasSize((int) Math.min(5, left.rows()));
            });
            assertThat(data.preflight().total().max()).isLessThanOrEqualTo(40);
        }
    }

    @Test
    void cuttingManyAnswersIsRefused() throws IOException {
        DataFile file = file("long.jsonl", 0, 20, DatasetTest::pair);
        Settings settings = new Settings().files(file).evalShare(0).maxLength(13, Truncation.KEEP_START);
        try (Dataset data = prepare(settings, RowKind.PREFERENCE)) {
            assertThat(data.preflight().cut().answers()).isEqualTo(data.train().size());
            assertThatThrownBy(() -> data.preflight().requireSound())
                    .hasMessageContaining("lose a part of their answer at data.max_length=13");
        }
    }

    @Test
    void conversationsThatNeverStopAreRefused() throws IOException {
        DataFile file = file(
                "chat.jsonl",
                0,
                3,
                i -> "{\"messages\": [{\"role\": \"user\", \"content\": \"a" + i
                        + "\"}, {\"role\": \"assistant\", \"content\": \"b\"}]}");
        String open =
                "{% for m in messages %}{{ m.role }}:{% generation %} {{ m.content }}{% endgeneration %}\n{% endfor %}";
        Path template = Files.writeString(folder.resolve("open.jinja"), open);
        Settings settings = new Settings().files(file).evalShare(0);
        try (Dataset data = prepare(settings.template(template.toString()), RowKind.DEMONSTRATION)) {
            assertThat(data.preflight().ends().unstopped()).isEqualTo(3);
            assertThatThrownBy(() -> data.preflight().requireSound())
                    .hasMessageContaining(
                            "In 3 of 3 conversations the last target is no special token (most often 'b')");
        }
        try (Dataset data = prepare(settings.template("plain"), RowKind.DEMONSTRATION)) {
            data.preflight().requireSound();
            assertThat(data.preflight().ends().last()).isEqualTo(Map.of("</s>", 3L));
            assertThat(data.preflight().ends().stopped()).isEqualTo(1.0);
        }
    }

    @Test
    void doubledBosIsRefused() throws IOException {
        DataFile file = file(
                "chat.jsonl",
                0,
                3,
                i -> "{\"messages\": [{\"role\": \"user\", \"content\": \"a" + i
                        + "\"}, {\"role\": \"assistant\", \"content\": \"b\"}]}");
        Path template = Files.writeString(
                folder.resolve("twice.jinja"),
                "{{ bos_token }}{{ bos_token }}{% for m in messages %}{{ m.role }}:{% generation %} {{ m.content }}"
                        + "{{ eos_token }}{% endgeneration %}\n{% endfor %}");
        Settings settings = new Settings().files(file).evalShare(0).template(template.toString());
        try (Dataset data = prepare(settings, RowKind.DEMONSTRATION)) {
            assertThat(data.preflight().bos()).isEqualTo(Map.of(2, 3L));
            assertThatThrownBy(() -> data.preflight().requireSound())
                    .hasMessageContaining("3 rows open with more than one BOS token");
        }
    }

    @Test
    void nothingLeftToLearnIsRefused() throws IOException {
        DataFile file = file("same.jsonl", 0, 3, i -> "{\"prompt\": \"a\", \"chosen\": \" b\", \"rejected\": \" b\"}");
        try (Dataset data = prepare(new Settings().files(file).dropBadRows(), RowKind.PREFERENCE)) {
            assertThatThrownBy(() -> data.preflight().requireSound())
                    .hasMessageContaining("No row is left to learn from: of 3 rows read, 3 were left out");
            assertThat(data.preflight().text()).contains("Refused: No row is left");
            assertThat(data.order(1).size()).isZero();
        }
    }

    @Test
    void theReportSaysWhatTheRowsAreMadeOf() throws IOException {
        DataFile file = file("rows.jsonl", 0, 40, i -> pair(i % 30));
        try (Dataset data = prepare(new Settings().files(file), RowKind.PREFERENCE)) {
            Preflight report = data.preflight();
            assertThat(report.repeats()).isEqualTo(new Preflight.Repeats(10, true));
            assertThat(report.train() + report.eval()).isEqualTo(40);
            Preflight.Answers answers = report.answers().orElseThrow();
            assertThat(answers.chosenLonger()).isEqualTo(1);
            assertThat(answers.rejectedMean()).as("' No' and the end token").isEqualTo(2);
            assertThat(report.bos()).isEqualTo(Map.of(1, 40L));
            assertThat(report.eos()).isEqualTo(Map.of(1, 40L));
            Preflight.Drawn drawn = report.drawn().orElseThrow();
            assertThat(drawn.text()).isEqualTo("<s>question 0?[[ Yes, 0</s>]]\nrejected: [[ No</s>]]");
            assertThat(drawn.lastTarget()).isEqualTo("</s>");
            assertThat(report.notes()).anyMatch(note -> note.contains("longer one in 100 %"));

            JsonNode json = JSON.readTree(report.json());
            assertThat(json.at("/rows_read").asInt()).isEqualTo(40);
            assertThat(json.at("/lengths/total/p995").asInt())
                    .isEqualTo(report.total().p995());
            assertThat(json.at("/answers/chosen_longer").asDouble()).isEqualTo(1);
            assertThat(json.at("/example/last_target").asText()).isEqualTo("</s>");
            assertThat(json.at("/example/row").asText()).endsWith("rows.jsonl:1");
            assertThat(report.text())
                    .contains("Rows      40 read")
                    .contains("100.0 % of the rows teach a stop token")
                    .contains("  | <s>question 0?[[ Yes, 0</s>]]")
                    .contains("the last one '</s>'");
        }
    }

    @Test
    void twoPassesGiveTheSame() throws IOException {
        DataFile file = file("rows.jsonl", 0, 50, DatasetTest::pair);
        Settings settings = new Settings().files(file);
        try (Dataset one = prepare(settings, RowKind.PREFERENCE);
                Dataset two =
                        Dataset.prepare(RowKind.PREFERENCE, settings.encoder(tokenizer), folder.resolve("other"))) {
            assertThat(two.preflight().json()).isEqualTo(one.preflight().json());
            assertThat(two.train().size()).isEqualTo(one.train().size());
            for (long i = 0; i < one.order(5).size(); i++) {
                long row = one.order(5).row(2, i);
                assertThat(two.order(5).row(2, i)).isEqualTo(row);
                assertThat(two.train().get(row))
                        .usingRecursiveComparison()
                        .isEqualTo(one.train().get(row));
            }
        }
    }

    @Test
    void realPreferencesBecomePairs() {
        Path data = Shared.folder("data/dpo_en_demo/data.jsonl.gz");
        Path model = Shared.folder("data/models/stories260K");
        Settings settings = new Settings()
                .files(DataFile.of(data).withColumns(Map.of("messages", "conversations")))
                .template("plain")
                .dropBadRows();
        try (Tokenizer small = Tokenizer.load(model)) {
            DataConfig config = settings.config();
            Encoder encoder = new Encoder(small, ChatRenderer.of(config, model, small), config, 1 << 20);
            try (Dataset rows = Dataset.prepare(RowKind.PREFERENCE, encoder, folder)) {
                Preflight report = rows.preflight();
                assertThat(report.read()).isEqualTo(234);
                assertThat(report.train() + report.eval()).isGreaterThan(220);
                assertThat(report.ends().stopped()).isEqualTo(1);
                assertThat(report.bos()).containsOnlyKeys(1);
                List<Integer> ends = new ArrayList<>();
                for (long row = 0; row < rows.train().size(); row++) {
                    TokenPair pair = (TokenPair) rows.train().get(row);
                    ends.add(pair.chosen()[pair.chosen().length - 1]);
                    ends.add(pair.rejected()[pair.rejected().length - 1]);
                    if (row % 20 == 0) {
                        assertThat(small.decode(pair.prompt()))
                                .startsWith("<s>")
                                .endsWith("\nAssistant:");
                    }
                }
                assertThat(ends).containsOnly(2);
            }
        }
    }

    @Test
    void realConversationsAreMaskedByTurns() {
        Path data = Shared.folder("data/dpo_en_demo/data.jsonl.gz");
        Path model = Shared.folder("data/models/stories260K");
        Settings settings = new Settings().template("plain");
        DataConfig config = settings.config();
        try (Tokenizer small = Tokenizer.load(model);
                RowSource source = Rows.open(DataFile.of(data), RowKind.PREFERENCE)) {
            Encoder encoder = new Encoder(small, ChatRenderer.of(config, model, small), config, 1 << 20);
            int turns = 0;
            for (Optional<RowResult> next = source.next(); next.isPresent(); next = source.next()) {
                if (!(next.get() instanceof RowResult.Good good)
                        || !(((Row.Preference) good.row()).prompt() instanceof Content.Chat chat)) {
                    continue;
                }
                boolean answered = chat.messages().stream()
                        .anyMatch(message -> message.role().equals("assistant"));
                Row row = new Row.Demonstration(good.id(), Optional.empty(), chat, List.of());
                EncodedRow encoded = encoder.encode(row);
                if (!answered) {
                    assertThat(encoded).isInstanceOf(EncodedRow.Refused.class);
                } else if (encoded instanceof EncodedRow.Kept kept) {
                    String drawn = Drawing.marked(small, (TokenSequence) kept.example());
                    String expected = chat.messages().stream()
                            .filter(message -> message.role().equals("assistant"))
                            .map(message -> " " + message.content() + "</s>")
                            .collect(Collectors.joining("|"));
                    String trained = Pattern.compile("\\[\\[(.*?</s>)\\]\\]", Pattern.DOTALL)
                            .matcher(drawn)
                            .results()
                            .map(match -> match.group(1))
                            .collect(Collectors.joining("|"));
                    assertThat(trained).isEqualTo(expected);
                    turns++;
                }
            }
            assertThat(turns).isGreaterThan(50);
        }
    }
}
