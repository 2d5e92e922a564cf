package dev.plumb.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.plumb.config.Binder;
import dev.plumb.config.PlumbException;
import dev.plumb.config.YamlSource;
import dev.plumb.data.Bytes.Settings;
import dev.plumb.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Solutions in steps: from the columns of a file to tokens, labels and the report on them. */
class StepRowsTest {
    private static final String ROW =
            "{\"prompt\": \"15 x 7?\", \"completions\": [\"= 75 + 30\", \"= 105\"], \"labels\": [true, 0.25]}";
    private static final double UNKNOWN = Double.NaN;

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

    private List<RowResult> read(RowKind kind, String... lines) throws IOException {
        List<RowResult> all = new ArrayList<>();
        DataFile file = DataFile.of(Files.write(folder.resolve("rows.jsonl"), List.of(lines)));
        try (RowSource rows = Rows.open(file, kind)) {
            for (Optional<RowResult> row = rows.next(); row.isPresent(); row = rows.next()) {
                all.add(row.get());
            }
        }
        return all;
    }

    private static StepConfig config(String... words) {
        return Binder.bind(StepConfig.class, YamlSource.commandLine().with(List.of(words)));
    }

    private static Encoder encoder(Settings settings, String... words) {
        DataConfig config = settings.config();
        return new Encoder(
                tokenizer,
                ChatRenderer.of(config, Path.of("no-such-folder"), tokenizer),
                config,
                512,
                Optional.of(config(words)));
    }

    private static Row.Steps steps(String prompt, List<String> steps, double... labels) {
        return new Row.Steps(new RowId("rows.jsonl", 7), Bytes.text(prompt), steps, labels, List.of());
    }

    private static TokenSteps tokens(Encoder encoder, Row row) {
        return (TokenSteps) ((EncodedRow.Kept) encoder.encode(row)).example();
    }

    /** The text of each step with its separator, as the ends cut the completion. */
    private static List<String> pieces(TokenSteps row) {
        List<String> pieces = new ArrayList<>();
        int from = 0;
        for (int end : row.ends()) {
            pieces.add(tokenizer.decode(Arrays.copyOfRange(row.completion(), from, end + 1)));
            from = end + 1;
        }
        assertThat(from).isEqualTo(row.completion().length);
        return pieces;
    }

    @Test
    void rowsOfTheStepwiseColumns() throws IOException {
        Row.Steps row = (Row.Steps) ((RowResult.Good) read(RowKind.STEPS, ROW).get(0)).row();
        assertThat(row.prompt()).isEqualTo(Bytes.text("15 x 7?"));
        assertThat(row.steps()).containsExactly("= 75 + 30", "= 105");
        assertThat(row.labels()).containsExactly(1, 0.25);
        Row.Steps half = (Row.Steps) ((RowResult.Good)
                        read(RowKind.STEPS, ROW.replace("true", "null")).get(0))
                .row();
        assertThat(half.labels()).containsExactly(UNKNOWN, 0.25);
        Row.Judged outcome = (Row.Judged)
                ((RowResult.Good) read(RowKind.STEPS, "{\"prompt\": \"a\", \"completion\": \"b\\nc\", \"label\": 1}")
                                .get(0))
                        .row();
        assertThat(outcome.desirable()).isTrue();
        Row.Steps bare = (Row.Steps) ((RowResult.Good)
                        read(RowKind.SOLUTION, ROW.replace("labels", "other")).get(0))
                .row();
        assertThat(bare.labels()).containsExactly(UNKNOWN, UNKNOWN);
        Row.Steps text = (Row.Steps) ((RowResult.Good)
                        read( // lists as a CSV file holds them
                                        RowKind.STEPS,
                                        ROW.replace(
                                                        "[\"= 75 + 30\", \"= 105\"]",
                                                        "\"[\\\"= 75 + 30\\\", \\\"= 105\\\"]\"")
                                                .replace("[true, 0.25]", "\"[true, 0.25]\""))
                                .get(0))
                .row();
        assertThat(text.steps()).isEqualTo(row.steps());
        assertThat(text.labels()).containsExactly(1, 0.25);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[true] | WRONG_TYPE | has 2 steps, but column labels has 1 labels; each step needs one",
                "[true, 2] | WRONG_TYPE | column labels holds '2' where true or false, or a number from 0 to 1",
                "[true, \"+\"] | WRONG_TYPE | column labels holds '+' where",
                "true | WRONG_TYPE | where a list is due",
                "[null, null] | MISSING_FIELD | column labels says nothing of any step",
            })
    void labelsThatDoNotFit(String labels, BadRowReason reason, String words) throws IOException {
        RowResult.Bad bad = (RowResult.Bad)
                read(RowKind.STEPS, ROW, ROW.replace("[true, 0.25]", labels)).get(1);
        assertThat(bad.id().toString()).endsWith("rows.jsonl:2");
        assertThat(bad.reason()).isEqualTo(reason);
        assertThat(bad.detail()).contains(words);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[] | EMPTY_ANSWER | has no step",
                "[\"a\", \" \"] | EMPTY_ANSWER | an empty step, number 2",
                "[\"a\", 3] | WRONG_TYPE | in its list, where text is due",
                "\"a\" | WRONG_TYPE | where a list is due",
            })
    void stepsThatSayNothing(String steps, BadRowReason reason, String words) throws IOException {
        RowResult.Bad bad = (RowResult.Bad) read(
                        RowKind.STEPS,
                        ROW,
                        "{\"prompt\": \"p\", \"completions\": " + steps + ", \"labels\": ["
                                + (steps.equals("[]") ? "true" : "true, true") + "]}")
                .get(1);
        if (steps.equals("[]")) { // the number of labels is looked at first
            assertThat(bad.detail()).contains("has 0 steps");
            return;
        }
        assertThat(bad.reason()).isEqualTo(reason);
        assertThat(bad.detail()).contains(words);
    }

    /** Each step is labelled at the last token of its separator, exactly once. */
    @ParameterizedTest
    @CsvSource({"'\n'", "'\n\n'", "' | '", "' the'"})
    void stepsEndInTheirSeparator(String separator) {
        Encoder encoder = new Encoder(
                tokenizer,
                Optional.empty(),
                new Settings().config(),
                512,
                Optional.of(StepConfig.cutting(new StepFormat(separator, 64))));
        TokenSteps row = tokens(encoder, steps("Q:", List.of("one\ntwo", "three", "x"), 1, 0, UNKNOWN));
        assertThat(tokenizer.decode(row.prompt())).isEqualTo("<s>Q:");
        assertThat(pieces(row)).containsExactly("one\ntwo" + separator, "three" + separator, "x" + separator);
        assertThat(row.labels()).containsExactly(1, 0, UNKNOWN);
        assertThat(row.trainedTokens()).isEqualTo(2);
        int[] ids = tokenizer.encode(separator);
        for (int end : row.ends()) {
            assertThat(row.completion()[end]).isEqualTo(ids[ids.length - 1]);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "first_error, 1 0 - -",
        "all, 1 0 1 0.5",
        "propagate, 1 0 0 0",
    })
    void labelsAfterTheFirstError(String policy, String want) {
        TokenSteps row = tokens(
                encoder(new Settings(), "label_policy=" + policy),
                steps("Q:", List.of("a", "b", "c", "d"), 1, 0, 1, 0.5));
        double[] labels = Arrays.stream(want.split(" "))
                .mapToDouble(word -> word.equals("-") ? UNKNOWN : Double.parseDouble(word))
                .toArray();
        assertThat(row.labels()).containsExactly(labels);
    }

    @Test
    void settingsThatContradict() {
        assertThat(config().labelPolicy()).contains(StepConfig.LabelPolicy.FIRST_ERROR);
        assertThat(config().stepSeparator()).isEqualTo("\n");
        assertThat(config("train_on_last_step_only=true").labelPolicy()).contains(StepConfig.LabelPolicy.ALL);
        assertThatThrownBy(() -> config("train_on_last_step_only=true", "label_policy=first_error"))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("leave label_policy out");
        assertThatThrownBy(() -> config("step_separator=\"\"")).hasMessageContaining("separated by something");
    }

    @Test
    void anOutcomeSaysSomethingOfTheLastStepOrOfAll() {
        Row row = new Row.Judged(
                new RowId("rows.jsonl", 1), Bytes.text("Q:"), Bytes.text("a\nb\n\nc\n"), false, List.of());
        assertThat(tokens(encoder(new Settings()), row).labels()).containsExactly(UNKNOWN, UNKNOWN, 0);
        TokenSteps all = tokens(encoder(new Settings(), "outcome_labels=all"), row);
        assertThat(all.labels()).containsExactly(0, 0, 0);
        assertThat(pieces(all)).containsExactly("a\n", "b\n", "c\n");
    }

    private static List<String> cut(int most, String text) {
        return new StepCut(new StepFormat("\n", most)).of(text).steps();
    }

    @Test
    void textsAreCutIntoSteps() {
        assertThat(cut(64, "a\n\n\nb\n \nc")).containsExactly("a", "b", "c");
        assertThat(cut(64, "a\n---\nb")).containsExactly("a\n---", "b");
        assertThat(cut(64, "---\na")).containsExactly("---\na");
        assertThat(cut(64, "***")).containsExactly("***");
        assertThat(cut(64, "x\n```\none\ntwo\n```\ny")).containsExactly("x", "```\none\ntwo\n```", "y");
        assertThat(cut(64, "$$\na\n$$\nb")).containsExactly("$$\na\n$$", "b");
        assertThat(cut(64, "it costs $$\nb\nc")).containsExactly("it costs $$", "b", "c"); // no fence without an end
        assertThat(cut(2, "a\nb\nc\nd")).containsExactly("a", "b\nc\nd");
        assertThat(new StepCut(new StepFormat("\n", 2)).of("a\nb\nc").merged()).isTrue();
        assertThat(new StepCut(new StepFormat("\n", 3)).of("a\nb\nc").merged()).isFalse();
        assertThat(cut(64, " \n\n")).isEmpty();
    }

    private static int[] ends(int most, String text) {
        return new StepCut(new StepFormat("\n", most)).of(text).ends();
    }

    @Test
    void aStepReachesUpToTheNext() {
        assertThat(ends(64, "a\n\n\nb\n \n  c")).containsExactly(4, 8, 11);
        assertThat(ends(64, "a")).containsExactly(1);
        assertThat(ends(64, "\na\nb\n\n")).containsExactly(3, 6); // all that follows the last is its own
        assertThat(ends(64, "---\na\n---\nb")).containsExactly(10, 11);
        assertThat(ends(64, "x\n```\none\n```\ny")).containsExactly(2, 14, 15);
        assertThat(ends(2, "a\nb\nc\nd")).containsExactly(2, 7);
        assertThat(ends(64, " \n\n")).isEmpty();
        StepCut cut = new StepCut(new StepFormat("\n", 64));
        assertThat(cut.of("a\nb").closed()).isFalse();
        assertThat(cut.of("a\nb\n ").closed()).isTrue();
        assertThat(cut.of("a\n---").closed()).isFalse();
        assertThat(cut.of("```\na\n```").closed()).isFalse();
    }

    @Test
    void aModelIsAskedAsItWasTaught() throws IOException {
        Optional<String> none = Optional.empty();
        assertThat(StepFormat.of(folder, none, Optional.empty())).isEqualTo(new StepFormat("\n", 64));
        assertThat(StepFormat.of(folder, Optional.of("; "), Optional.of(5))).isEqualTo(new StepFormat("; ", 5));
        StepFormat taught = new StepFormat("\n\n", 9);
        taught.writeTo(folder);
        taught.writeTo(folder); // again, as where a run goes on
        assertThat(StepFormat.of(folder, none, Optional.empty())).isEqualTo(taught);
        assertThat(StepFormat.of(folder, Optional.of("\n\n"), Optional.of(70))).isEqualTo(new StepFormat("\n\n", 70));
        assertThatThrownBy(() -> StepFormat.of(folder, Optional.of("\n"), Optional.empty()))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("step_separator: \"\\n\"")
                .hasMessageContaining("was taught with \"\\n\\n\" and reads nothing else: leave it out");
        for (String broken : List.of("{", "[]", "{\"step_separator\": \"\", \"max_solution_steps\": 3}", "{}")) {
            Files.writeString(folder.resolve(StepFormat.FILE), broken);
            assertThatThrownBy(() -> StepFormat.of(folder, none, Optional.empty()))
                    .isInstanceOf(PlumbException.class)
                    .hasMessageContaining("does not say how steps end")
                    .hasMessageContaining("give step_separator");
        }
    }

    @Test
    void longRowsLoseOnlyWhatTheSettingsSay() {
        Row row = steps("0123456789", List.of("abc", "def"), 1, 0); // 11 tokens and twice 4
        TokenSteps end = tokens(encoder(new Settings().maxLength(14, Truncation.KEEP_END)), row);
        assertThat(tokenizer.decode(end.prompt())).isEqualTo("<s>56789");
        assertThat(pieces(end)).containsExactly("abc\n", "def\n");
        EncodedRow.Kept start = (EncodedRow.Kept)
                encoder(new Settings().maxLength(18, Truncation.KEEP_START)).encode(row);
        assertThat(pieces((TokenSteps) start.example())).containsExactly("abc\n"); // half a step has no end
        assertThat(((TokenSteps) start.example()).labels()).containsExactly(1);
        assertThat(start.cut()).isEqualTo(new EncodedRow.Cut(0, 4));
        for (Settings settings : List.of(
                new Settings().maxLength(18, Truncation.ERROR), new Settings().maxLength(14, Truncation.KEEP_START))) {
            assertThat(encoder(settings).encode(row))
                    .isInstanceOfSatisfying(
                            EncodedRow.Refused.class,
                            refused -> assertThat(refused.detail()).contains("prompt 11, answer 8"));
        }
        assertThat(encoder(new Settings().maxLength(18, Truncation.KEEP_START))
                        .encode(steps("0123456789", List.of("abc", "def"), UNKNOWN, 0)))
                .isInstanceOfSatisfying(
                        EncodedRow.Refused.class,
                        refused -> assertThat(refused.fault()).isEqualTo(EncodingFault.NO_LABELLED_STEP));
        assertThat(encoder(new Settings()).encode(steps("Q", List.of("a</s>"), 1)))
                .isInstanceOfSatisfying(
                        EncodedRow.Refused.class,
                        refused -> assertThat(refused.fault()).isEqualTo(EncodingFault.SPECIAL_TOKEN_IN_TEXT));
    }

    @Test
    void theStoreGivesBackWhatItWasGiven() {
        List<Example> rows = List.of(
                new TokenSteps(new int[] {1, 2}, new int[] {3, 4, 5}, new int[] {0, 2}, new double[] {1, UNKNOWN}),
                new TokenJudged(new int[] {5}, new int[] {6, 7}, false),
                new TokenSteps(new int[] {1}, new int[] {2}, new int[] {0}, new double[] {0.3}));
        try (TokenStore store = Stores.of(folder, rows)) {
            for (int row = 0; row < rows.size(); row++) {
                assertThat(store.get(row)).hasSameClassAs(rows.get(row));
                assertThat(store.tokens(row)).isEqualTo(rows.get(row).tokens());
            }
            TokenSteps got = (TokenSteps) store.get(0);
            assertThat(got.prompt()).containsExactly(1, 2);
            assertThat(got.completion()).containsExactly(3, 4, 5);
            assertThat(got.ends()).containsExactly(0, 2);
            assertThat(got.labels()).containsExactly(1, UNKNOWN);
            assertThat(((TokenSteps) store.get(2)).labels()).containsExactly(0.3);
        }
        assertThatThrownBy(() -> new TokenSteps(new int[1], new int[3], new int[] {2, 1}, new double[2]))
                .hasMessageContaining("do not end at [2, 1] of 3 tokens");
    }

    @Test
    void theReportCountsLabelsAndSaysWhatIsOneSided() throws IOException {
        String[] lines = new String[30];
        for (int i = 0; i < lines.length; i++) {
            lines[i] = ROW.replace("15", String.valueOf(i)).replace("0.25", "null");
        }
        Path file = Files.write(folder.resolve("rows.jsonl"), List.of(lines));
        Settings settings = new Settings().files(DataFile.of(file)).evalShare(0);
        try (Dataset data = Dataset.prepare(RowKind.STEPS, encoder(settings), folder.resolve("run"))) {
            Preflight report = data.preflight();
            assertThat(report.steps()).contains(new Preflight.Steps(30, 0, 30, 0));
            assertThat(report.text())
                    .contains("Steps     30 good, 0 bad and 30 without a label that is used")
                    .contains("| <s>0 x 7?= 75 + 30[[\n")
                    .contains("labels of the steps: 1.0 -")
                    .contains("100.0 % of the labelled steps are good");
            assertThat(report.json()).contains("\"unlabelled\" : 30");
            assertThat(report.refusals()).isEmpty();
        }
    }

    @Test
    void moreStepsThanAllowedAreCounted() throws IOException {
        Path file = Files.writeString(
                folder.resolve("rows.jsonl"),
                "{\"prompt\": \"p\", \"completion\": \"a\\nb\\nc\", \"label\": true}\n"
                        + "{\"prompt\": \"q\", \"completion\": \"a\\nb\", \"label\": false}\n");
        Settings settings = new Settings().files(DataFile.of(file)).evalShare(0);
        try (Dataset data =
                Dataset.prepare(RowKind.STEPS, encoder(settings, "max_solution_steps=2"), folder.resolve("run"))) {
            assertThat(data.preflight().steps()).contains(new Preflight.Steps(1, 1, 2, 1));
            assertThat(data.preflight().notes())
                    .anyMatch(note -> note.startsWith("1 solutions have more steps than max_solution_steps"));
        }
    }
}
