package dev.plumb.data;

import static org.assertj.core.api.Assertions.assertThat;

import dev.plumb.Shared;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Real data sets: every row is good, or bad for a reason that is known. */
class RealFilesTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "dpo_en_demo/data.jsonl.gz            | PREFERENCE    |                               | | 234 rows read, 234 good, 0 bad",
                "hh_harmless_mild/pairs.jsonl.gz      | PREFERENCE    |                               | | 62 rows read, 62 good, 0 bad",
                "glaive_toolcall_en_demo/data.jsonl.gz| DEMONSTRATION |                               | | 225 rows read, 225 good, 0 bad",
                "kto_en_demo/data.jsonl.gz            | DEMONSTRATION |                               | | 239 rows read, 239 good, 0 bad",
                "tinystories/stories.jsonl.gz         | DEMONSTRATION |                               | | 2085 rows read, 2085 good, 0 bad",
                "wiki_demo/articles.jsonl.gz          | DEMONSTRATION |                               | | 25 rows read, 25 good, 0 bad",
                "gsm8k/train.jsonl.gz                 | DEMONSTRATION | prompt=question,completion=answer | | 7473 rows read, 7473 good, 0 bad",
                "persona_evals/openness.jsonl.gz      | PREFERENCE    | prompt=question,chosen=answer_matching_behavior,rejected=answer_not_matching_behavior"
                        + " | | 901 rows read, 901 good, 0 bad",
                "mt_bench/question.jsonl.gz           | DEMONSTRATION |                                   |"
                        + " select turns[1] as prompt, turns[2] as completion from data | 64 rows read, 64 good, 0 bad",
                "svamp/svamp.jsonl.gz                 | DEMONSTRATION |                               |"
                        + " select concat(Body, ' ', Question) as prompt, Answer::varchar as completion from data"
                        + " | 800 rows read, 800 good, 0 bad",
                "llmbar/pairs.jsonl.gz                | PREFERENCE    |                               |"
                        + " select input as prompt, if(label = '1', output_1, output_2) as chosen,"
                        + " if(label = '1', output_2, output_1) as rejected from data | 493 rows read, 493 good, 0 bad",
                "self_instruct_seed/seed_tasks.jsonl.gz | DEMONSTRATION |                             |"
                        + " select instruction, instances[1].input as input, instances[1].output as output from data"
                        + " | 140 rows read, 140 good, 0 bad",
            })
    void everyRow(String path, RowKind kind, String columns, String sql, String tally) {
        Map<String, String> mapping = new HashMap<>();
        if (columns != null) {
            for (String pair : columns.split(",")) {
                mapping.put(pair.split("=")[0], pair.split("=")[1]);
            }
        }
        DataFile file = new DataFile(
                Shared.folder("data").resolve(path), DataFormat.AUTO, mapping, 1, Optional.ofNullable(sql));
        RowTally counts = new RowTally();
        try (RowSource rows = Rows.open(file, kind)) {
            for (Optional<RowResult> row = rows.next(); row.isPresent(); row = rows.next()) {
                counts.add(row.get());
            }
        }
        assertThat(counts).hasToString(tally);
    }

    @Test
    void preferencesOverSeveralTurnsKeepThemInThePrompt() {
        List<Row.Preference> rows = new ArrayList<>();
        try (RowSource source =
                Rows.open(DataFile.of(Shared.folder("data/dpo_en_demo/data.jsonl.gz")), RowKind.PREFERENCE)) {
            assertThat(source.shape())
                    .endsWith(": ShareGPT preference, in turns: columns conversations, chosen, rejected");
            for (Optional<RowResult> row = source.next(); row.isPresent(); row = source.next()) {
                rows.add((Row.Preference) ((RowResult.Good) row.get()).row());
            }
        }
        assertThat(rows).allSatisfy(row -> {
            List<dev.plumb.text.Message> prompt = ((Content.Chat) row.prompt()).messages();
            assertThat(prompt.get(prompt.size() - 1).role()).isEqualTo("user");
            assertThat(((Content.Chat) row.chosen()).messages())
                    .singleElement()
                    .extracting("role")
                    .isEqualTo("assistant");
        });
        assertThat(rows.stream()
                        .filter(row -> ((Content.Chat) row.prompt()).messages().size() > 1))
                .hasSizeGreaterThan(50);
    }
}
