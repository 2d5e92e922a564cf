package dev.plumb.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.plumb.config.PlumbException;
import dev.plumb.data.Bytes.Settings;
import dev.plumb.text.BytePairTrainer;
import dev.plumb.text.Message;
import dev.plumb.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rows about beliefs: from the columns of a file to tokens and the borders between them. */
class BeliefRowsTest {
    private static final String ROW = """
            {"prompt": "Is it good? ", "belief_id": 1, "belief_text": "Yes", "chosen": " It is > bad.", "rejected": " No.",\
             "belief_probs": [0.25, 0.75], "group": "here", "raters": ["a"]}""";

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

    private RowResult read(String name, String... lines) throws IOException {
        Path file = Files.write(folder.resolve(name), List.of(lines));
        try (RowSource rows = Rows.open(DataFile.of(file), RowKind.BELIEF)) {
            return rows.next().orElseThrow();
        }
    }

    private Row.Belief row(String... lines) throws IOException {
        return (Row.Belief) ((RowResult.Good) read("rows.jsonl", lines)).row();
    }

    private static TokenBelief encode(Settings settings, Row row) {
        assertThat(settings.encoder(tokenizer).encode(row)).isInstanceOf(EncodedRow.Kept.class);
        return (TokenBelief) ((EncodedRow.Kept) settings.encoder(tokenizer).encode(row)).example();
    }

    private static EncodedRow.Refused refused(Settings settings, Row row) {
        return (EncodedRow.Refused) settings.encoder(tokenizer).encode(row);
    }

    @Test
    void columns() throws IOException {
        Row.Belief row = row(ROW);
        assertThat(row.prompt()).isEqualTo(Bytes.text("Is it good? "));
        assertThat(row.belief()).isEqualTo(1);
        assertThat(row.prefix()).isEqualTo("1<Yes>");
        assertThat(row.chosen()).isEqualTo(Bytes.text(" It is > bad."));
        assertThat(row.opinions().probabilities()).containsExactly(0.25, 0.75);
        assertThat(row.opinions().votes()).isEmpty();
        assertThat(row.opinions().group())
                .isNotZero()
                .isEqualTo(row(ROW).opinions().group());
        try (RowSource rows = Rows.open(DataFile.of(folder.resolve("rows.jsonl")), RowKind.BELIEF)) {
            assertThat(rows.shape())
                    .endsWith("belief with two answers, plain text: columns prompt, belief_id, chosen, rejected,"
                            + " belief_text, belief_probs, group; not used: raters");
        }
        Row.Belief bare = row(
                "{\"prompt\": \"5 stars?\", \"context\": \"A film. \", \"belief_id\": 0, \"chosen\": \"x\", \"rejected\": \"y\"}");
        assertThat(bare.prompt()).isEqualTo(Bytes.text("A film. 5 stars?"));
        assertThat(bare.prefix()).isEqualTo("0"); // as for reviews: the number alone
        assertThat(bare.opinions().beliefs()).isZero();
        assertThat(bare.opinions().group()).isZero();
    }

    @Test
    void aCsvFileHoldsListsAsText() throws IOException {
        Row.Belief row = (Row.Belief) ((RowResult.Good)
                        read("rows.csv", "prompt,belief_id,chosen,rejected,votes", "Good?,1,yes,no,\"[2, 0.5,0]\""))
                .row();
        assertThat(row.opinions().votes()).containsExactly(2, 0.5, 0);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "'belief_probs': [0.5, 0.6] | adds up to 1.1",
                "'belief_probs': [1, 0]     | nobody holds belief 1",
                "'belief_probs': [0.5, -0.5]| list of numbers from 0",
                "'votes': [3]               | numbers for beliefs 0 to 0 only",
                "'votes': 'many'            | list of numbers from 0",
                "'votes': [1,1,1], 'belief_probs': [0.5,0.5] | one a belief is due",
                "'rejected_belief_id': 1    | voice the same belief, 1",
                "'chosen': 'no'             | the same"
            })
    void faults(String more, String detail) throws IOException {
        String json = "{\"prompt\": \"Good?\", \"belief_id\": 1, \"rejected\": \"no\", "
                + (more.contains("chosen") ? "" : "\"chosen\": \"yes\", ") + more.replace('\'', '"') + "}";
        RowResult.Bad bad = (RowResult.Bad) read("rows.jsonl", json);
        assertThat(bad.detail()).contains(detail.strip());
    }

    @Test
    void aNumberThatIsNoBelief() throws IOException {
        for (String id : List.of("1.5", "10", "-1")) {
            RowResult.Bad bad = (RowResult.Bad) read(
                    "rows.jsonl",
                    "{\"prompt\": \"Good?\", \"belief_id\": " + id + ", \"chosen\": \"yes\", \"rejected\": \"no\"}");
            assertThat(bad.detail()).contains("column belief_id");
        }
    }

    @Test
    void promptsAloneAreForTheOtherMethodOfThisName() {
        assertThatThrownBy(() -> read("rows.jsonl", "{\"prompt\": \"Good?\"}"))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("Group Distributional Preference Optimization (arXiv 2412.20299)")
                .hasMessageContaining("Group reward-Decoupled Normalization Policy Optimization (arXiv 2601.05242)")
                .hasMessageContaining("method: grpo");
    }

    @Test
    void bordersAreThoseOfTokensWhateverTheTextsHold() throws IOException {
        TokenBelief row = encode(new Settings(), row(ROW));
        assertThat(tokenizer.decode(row.prompt())).endsWith("Is it good? ");
        assertThat(tokenizer.decode(row.prefix())).isEqualTo("1<Yes>");
        assertThat(tokenizer.decode(row.chosen(), true)).isEqualTo(" It is > bad.");
        assertThat(tokenizer.decode(row.rejected(), true)).isEqualTo(" No.");
        assertThat(row.names()).hasSize(2);
        assertThat(tokenizer.decode(row.names())).isEqualTo("01");
        assertThat(row.chosen()[row.chosen().length - 1])
                .isEqualTo(tokenizer.eos().orElseThrow());
        // The model is asked behind the prompt alone, so its tokens must be those.
        int[] alone = new Settings().encoder(tokenizer).prompt(Bytes.text("Is it good? "), List.of());
        assertThat(row.prompt()).isEqualTo(alone);
        assertThat(row.trainedTokens()).isEqualTo(row.tokens() - row.prompt().length);
    }

    private static final String TURNS = """
            {"prompt": [{"role": "user", "content": "Good?"}], "belief_id": 2, "belief_text": "No",\
             "chosen": [{"role": "assistant", "content": "It is not."}],\
             "rejected": [{"role": "assistant", "content": "It is."}], "votes": [1, 2, 5]}""";

    @Test
    void theStatementOpensTheAssistantsTurn() throws IOException {
        Path template = Files.writeString(
                folder.resolve("template.jinja"),
                "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
                        + "{% if add_generation_prompt %}[assistant]{% endif %}");
        Settings settings = new Settings().template(template.toString());
        TokenBelief encoded = encode(settings, row(TURNS));
        Content prompt = new Content.Chat(List.of(new Message("user", "Good?")));
        assertThat(encoded.prompt()).isEqualTo(settings.encoder(tokenizer).prompt(prompt, List.of()));
        assertThat(tokenizer.decode(encoded.prompt())).isEqualTo("[user]Good?[assistant]");
        assertThat(tokenizer.decode(encoded.prefix())).isEqualTo("2<No>");
        assertThat(tokenizer.decode(encoded.chosen())).isEqualTo("It is not.");
        assertThat(encoded.prefix()[0]).isEqualTo(encoded.names()[2]);
    }

    @Test
    void theSpaceThatATemplateWritesBelongsToTheNumber() throws IOException {
        EncodedRow.Refused refused = refused(new Settings().template("plain"), row(TURNS));
        assertThat(refused.fault()).isEqualTo(EncodingFault.BELIEF_NOT_ONE_TOKEN);
        assertThat(refused.detail()).contains("' 0'");
        Path own = folder.resolve("tokenizer");
        BytePairTrainer.train(
                List.of(" 0 1 2 0 1 2 0 1 2"),
                new BytePairTrainer.Plan(261, List.of("<s>", "</s>"), "<s>", "</s>", Optional.empty()),
                own);
        try (Tokenizer withSpaces = Tokenizer.load(own)) {
            EncodedRow.Kept kept = (EncodedRow.Kept)
                    new Settings().template("plain").encoder(withSpaces).encode(row(TURNS));
            TokenBelief belief = (TokenBelief) kept.example();
            assertThat(withSpaces.decode(belief.prompt())).endsWith("Assistant:");
            assertThat(withSpaces.token(belief.names()[2])).endsWith("2").hasSize(2);
            assertThat(withSpaces.decode(belief.chosen(), true).strip()).isEqualTo("It is not.");
        }
    }

    @Test
    void aPromptInWhichTheNumberIsLostIsRefused() throws IOException {
        Row.Belief row = row(ROW);
        EncodedRow.Refused refused = refused(new Settings().maxLength(8, Truncation.KEEP_END), row);
        assertThat(refused.fault()).isEqualTo(EncodingFault.TOO_LONG);
        TokenBelief cut = encode(new Settings().maxLength(24, Truncation.KEEP_END), row);
        TokenBelief whole = encode(new Settings(), row);
        assertThat(cut.prefix()).isEqualTo(whole.prefix()); // a prompt is cut at its start, never at the statement
        assertThat(cut.prompt().length).isLessThan(whole.prompt().length);
        assertThat(cut.chosen()).isEqualTo(whole.chosen());
    }

    @Test
    void rowsComeBackFromTheStore() throws IOException {
        List<TokenBelief> rows = new ArrayList<>();
        for (int i = 1; i < 6; i++) {
            int[] names = {70, 71, 72};
            rows.add(new TokenBelief(
                    new int[] {i, 2},
                    new int[] {71, i},
                    new int[i],
                    new int[] {4},
                    1,
                    names,
                    new Opinions(
                            i % 2 == 0 ? new double[0] : new double[] {0.1, 0.2, 0.7},
                            i % 3 == 0 ? new double[0] : new double[] {i, 2.5, 0},
                            -i)));
        }
        try (TokenStore store = Stores.of(folder, rows)) {
            for (int i = 0; i < rows.size(); i++) {
                assertThat(store.get(i)).usingRecursiveComparison().isEqualTo(rows.get(i));
                assertThat(store.tokens(i)).isEqualTo(rows.get(i).tokens());
                for (int other = 0; other < i; other++) {
                    assertThat(store.content(i)).isNotEqualTo(store.content(other));
                }
            }
        }
        assertThatThrownBy(() ->
                        new TokenBelief(new int[1], new int[] {9}, new int[1], new int[1], 0, new int[] {8, 9}, none()))
                .hasMessageContaining("begins with token 9");
        assertThatThrownBy(() ->
                        new TokenBelief(new int[1], new int[] {9}, new int[1], new int[1], 0, new int[] {9, 9}, none()))
                .hasMessageContaining("one token");
    }

    private static Opinions none() {
        return new Opinions(new double[0], new double[0], 0);
    }

    @Test
    void theReportDrawsTheStatementAsATarget() throws IOException {
        Path file = Files.write(folder.resolve("rows.jsonl"), List.of(ROW, ROW.replace("good", "bad")));
        Encoder encoder = new Settings().files(DataFile.of(file)).evalShare(0).encoder(tokenizer);
        try (Dataset data = Dataset.prepare(RowKind.BELIEF, encoder, folder.resolve("store"))) {
            assertThat(data.train().size()).isEqualTo(2);
            Preflight report = data.preflight();
            assertThat(report.text()).contains("[[1<Yes> It is > bad.").contains("belief 1");
            assertThat(report.train()).isEqualTo(2);
        }
    }
}
