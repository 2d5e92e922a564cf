package dev.plumb.data;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.plumb.data.Bytes.Settings;
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

/** Ranked answers: from the columns of a file to tokens and the report on them. */
class RankedRowsTest {
    private static final String RANKS =
            "{\"prompt\": \"The sky is\", \"completions\": [\" green.\", \" blue.\", \" red.\"], \"ranks\": [2, 1, 2]}";
    private static final String PAIR = "{\"prompt\": \"Snow is\", \"chosen\": \" white.\", \"rejected\": \" red.\"}";

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

    private List<RowResult> read(String name, String... lines) throws IOException {
        List<RowResult> all = new ArrayList<>();
        DataFile file = DataFile.of(Files.write(folder.resolve(name), List.of(lines)));
        try (RowSource rows = Rows.open(file, RowKind.COMPARISON)) {
            for (Optional<RowResult> row = rows.next(); row.isPresent(); row = rows.next()) {
                all.add(row.get());
            }
        }
        return all;
    }

    private Row.Ranked row(String json) throws IOException {
        return (Row.Ranked) ((RowResult.Good) read("rows.jsonl", json).get(0)).row();
    }

    @Test
    void ranksScoresAndTurns() throws IOException {
        Row.Ranked ranks = row(RANKS);
        assertThat(ranks.prompt()).isEqualTo(Bytes.text("The sky is"));
        assertThat(ranks.completions())
                .containsExactly(Bytes.text(" green."), Bytes.text(" blue."), Bytes.text(" red."));
        assertThat(ranks.ranks()).containsExactly(2, 1, 2);
        Row.Ranked scores = row(RANKS.replace("\"ranks\": [2, 1, 2]", "\"scores\": [-0.5, 9, 1]"));
        assertThat(scores.ranks()).containsExactly(3, 1, 2);
        Row.Ranked turns = row("""
                {"prompt": [{"role": "user", "content": "Colour?"}], "ranks": [1, 2], "completions":\
                 [[{"role": "assistant", "content": "Blue."}], [{"role": "assistant", "content": "Red."}]]}""");
        assertThat(turns.completions().get(1)).isEqualTo(new Content.Chat(List.of(new Message("assistant", "Red."))));
        List<RowResult> csv = read(
                "rows.csv", "prompt,completions,ranks", "The sky is,\"[\"\" green.\"\", \"\" blue.\"\"]\",\"[2, 1]\"");
        assertThat(((Row.Ranked) ((RowResult.Good) csv.get(0)).row()).ranks()).containsExactly(2, 1);
        assertThat(((RowResult.Good) read("pairs.jsonl", PAIR).get(0)).row()).isInstanceOf(Row.Preference.class);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[2, 1]            | WRONG_TYPE | column ranks has 2 entries for 3 completions",
                "[2, 0, 1]         | WRONG_TYPE | column ranks holds 0.0 where a whole number from 1 is due",
                "[2, 1.5, 1]       | WRONG_TYPE | column ranks holds 1.5 where a whole number from 1 is due",
                "[2, \"first\", 1] | WRONG_TYPE | column ranks holds a text where a number is due",
                "\"best\"          | WRONG_TYPE | column ranks holds a text where a list is due",
                "{}                | WRONG_TYPE | column ranks holds an object where a list is due"
            })
    void wrongRanks(String ranks, BadRowReason reason, String detail) throws IOException {
        RowResult.Bad bad = (RowResult.Bad)
                read("rows.jsonl", RANKS, RANKS.replace("[2, 1, 2]", ranks)).get(1);
        assertThat(bad.reason()).isEqualTo(reason);
        assertThat(bad.detail()).contains(detail);
        assertThat(bad.id().line()).isEqualTo(2);
    }

    @Test
    void wrongCompletions() throws IOException {
        List<RowResult> bad = read(
                "rows.jsonl",
                RANKS,
                RANKS.replace("\" green.\", ", "").replace("\" red.\"", "null"),
                RANKS.replace(" green.", " blue."),
                RANKS.replace(" green.", " "),
                "{\"prompt\": \"a\", \"completions\": [\"b\"], \"ranks\": [1]}");
        assertThat(bad.subList(1, 5))
                .extracting(one -> ((RowResult.Bad) one).detail())
                .containsExactly(
                        "entry 2 of column completions is null",
                        "one answer stands twice in the row, with different ranks",
                        "entry 1 of column completions is empty",
                        "column completions has 1 entries where at least two are due, as fewer are no ranking");
        assertThat(read("same.jsonl", RANKS.replace(" green.", " red.")).get(0)).isInstanceOf(RowResult.Good.class);
    }

    @Test
    void softLabelsAndTies() throws IOException {
        List<RowResult> rows = read(
                "rows.jsonl",
                PAIR.replace("}", ", \"preference_probability\": 0.3, \"tie\": 0}"),
                PAIR.replace("}", ", \"preference_probability\": null, \"tie\": true, \"margin\": 2}"),
                PAIR.replace("}", ", \"preference_probability\": 1.5}"),
                PAIR.replace("}", ", \"tie\": \"perhaps\"}"));
        Row.Preference soft = (Row.Preference) ((RowResult.Good) rows.get(0)).row();
        assertThat(soft.chosen()).isEqualTo(Bytes.text(" red.")); // the likelier one
        assertThat(soft.judgement()).isEqualTo(new Judgement(0, 0.7, false));
        Row.Preference tie = (Row.Preference) ((RowResult.Good) rows.get(1)).row();
        assertThat(tie.judgement()).isEqualTo(new Judgement(2, 1, true));
        assertThat(((RowResult.Bad) rows.get(2)).detail())
                .isEqualTo("column preference_probability holds 1.5 where a number from 0 to 1 is due");
        assertThat(((RowResult.Bad) rows.get(3)).detail()).contains("column tie holds 'perhaps'");
        try (RowSource dpo = Rows.open(DataFile.of(folder.resolve("rows.jsonl")), RowKind.PREFERENCE)) {
            assertThat(dpo.shape()).contains("not used: preference_probability, tie");
            Row.Preference plain = (Row.Preference) ((RowResult.Good) dpo.next().orElseThrow()).row();
            assertThat(plain.chosen()).isEqualTo(Bytes.text(" white."));
        }
    }

    @Test
    void pairsAndRankingsStandInOneSetAndTheReportCountsThem() throws IOException {
        DataFile ranked = DataFile.of(Files.write(folder.resolve("ranked.jsonl"), List.of(RANKS)));
        DataFile pairs = DataFile.of(Files.write(folder.resolve("pairs.jsonl"), List.of(PAIR)));
        Settings settings = new Settings().files(ranked, pairs).evalShare(0);
        try (Dataset data = Dataset.prepare(RowKind.COMPARISON, settings.encoder(tokenizer), folder.resolve("run"))) {
            TokenRanked first = (TokenRanked) data.train().get(0);
            assertThat(first.completions())
                    .extracting(tokenizer::decode)
                    .containsExactly(" green.</s>", " blue.</s>", " red.</s>");
            assertThat(data.train().get(1)).isInstanceOf(TokenPair.class);
            assertThat(data.train().tokens(0)).isEqualTo(first.tokens());
            Preflight report = data.preflight();
            assertThat(report.rankings()).contains(new Preflight.Rankings(1, 3, 1));
            assertThat(report.text())
                    .contains("Rankings  1; in all 3 pairs of answers of which one is better and 1 ties")
                    .contains("| <s>The sky is[[ green.</s>]]\n  | that has rank 2\n  | rank 1: [[ blue.</s>]]");
            assertThat(new ObjectMapper()
                            .readTree(report.json())
                            .at("/rankings/ties")
                            .asInt())
                    .isEqualTo(1);
        }
    }

    @Test
    void longRowsLoseOnlyWhatTheSettingsSay() throws IOException {
        Row.Ranked row = row("{\"prompt\": \"0123456789\", \"completions\": [\"abcde\", \"abc\"], \"ranks\": [1, 2]}");
        TokenRanked end = (TokenRanked)
                kept(new Settings().maxLength(12, Truncation.KEEP_END), row).example();
        assertThat(tokenizer.decode(end.prompt())).isEqualTo("<s>56789");
        EncodedRow.Kept start = kept(new Settings().maxLength(15, Truncation.KEEP_START), row);
        assertThat(((TokenRanked) start.example()).completions())
                .extracting(tokenizer::decode)
                .containsExactly("abcd", "abc</s>");
        assertThat(start.cut()).isEqualTo(new EncodedRow.Cut(0, 2));
        assertThat(new Settings()
                        .maxLength(14, Truncation.KEEP_START)
                        .encoder(tokenizer)
                        .encode(row))
                .isInstanceOfSatisfying(
                        EncodedRow.Refused.class,
                        refused -> assertThat(refused.fault()).isEqualTo(EncodingFault.SAME_TOKENS));
        assertThat(new Settings()
                        .maxLength(12, Truncation.ERROR)
                        .encoder(tokenizer)
                        .encode(row))
                .isInstanceOf(EncodedRow.Refused.class);
    }

    private static EncodedRow.Kept kept(Settings settings, Row row) {
        return (EncodedRow.Kept) settings.encoder(tokenizer).encode(row);
    }

    @Test
    void theStoreGivesBackWhatItWasGiven() {
        List<Example> rows = List.of(
                new TokenRanked(new int[] {1, 2}, List.of(new int[] {3}, new int[] {4, 5}), new int[] {2, 1}),
                new TokenPair(new int[] {1}, new int[] {2}, new int[] {3}, new Judgement(0.5, 0.75, true)),
                new TokenRanked(new int[] {1, 2}, List.of(new int[] {3}, new int[] {4, 5}), new int[] {1, 2}));
        try (TokenStore store = Stores.of(folder, rows)) {
            for (int row = 0; row < rows.size(); row++) {
                assertThat(store.get(row)).usingRecursiveComparison().isEqualTo(rows.get(row));
            }
            assertThat(store.content(0)).isNotEqualTo(store.content(2));
        }
    }
}
