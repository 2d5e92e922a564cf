package dev.plumb.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.plumb.train.MetricsLog;
import dev.plumb.train.RunLayout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Methods beside each other: each a run of its own, and numbers that are those of the runs. */
class CompareCommandTest {
    private static final JsonMapper JSON = new JsonMapper();

    @TempDir
    private static Path folder;

    @BeforeAll
    static void world() throws IOException {
        TinyModel.write(folder.resolve("model"));
        StringBuilder rows = new StringBuilder();
        for (int i = 0; i < 40; i++) {
            rows.append(
                    "{\"prompt\": \"the %d\", \"chosen\": \" cat sat\", \"rejected\": \" dog ran\"}\n".formatted(i));
        }
        Files.writeString(folder.resolve("pairs.jsonl"), rows);
        Files.writeString(
                folder.resolve("judged.jsonl"), "{\"prompt\": \"a\", \"completion\": \"b\", \"label\": true}\n");
    }

    private static Console compare(String output, String... words) {
        List<String> all = new ArrayList<>(List.of(
                "compare",
                "model=" + folder.resolve("model"),
                "data=" + folder.resolve("pairs.jsonl"),
                "data.eval_share=0.3",
                "output=" + folder.resolve(output),
                "device=cpu",
                "max_completion_length=4",
                "per_device_train_batch_size=4"));
        all.addAll(List.of(words));
        return Console.run(all.toArray(String[]::new));
    }

    private static JsonNode json(String output) throws IOException {
        return JSON.readTree(Files.readString(folder.resolve(output).resolve("compare.json")));
    }

    private static double value(JsonNode json, String key, String label) {
        for (JsonNode row : json.path("rows")) {
            for (JsonNode value : row.path("values")) {
                if (row.path("key").asText().equals(key)
                        && value.path("label").asText().equals(label)) {
                    assertThat(value.path("low").doubleValue())
                            .isLessThanOrEqualTo(value.path("value").doubleValue());
                    assertThat(value.path("high").doubleValue())
                            .isGreaterThanOrEqualTo(value.path("value").doubleValue());
                    return value.path("value").doubleValue();
                }
            }
        }
        return Double.NaN;
    }

    @Test
    void methodsAreTrainedMeasuredAndTestedAndNotTrainedTwice() throws IOException {
        String[] words = {"methods=[dpo,kto,simpo]", "learning_rate=0.01", "max_steps=6", "dpo.beta=0.2"};
        Console first = compare("three", words);
        assertThat(first.err()).isEmpty();
        assertThat(first.status()).isEqualTo(Exit.DONE);
        assertThat(first.out().replaceAll("\\s+", " ")) // notes are wrapped
                .contains("== kto (2 of 3): the same as", "step 6/6", "exact McNemar")
                .contains("One run each: the interval covers prompts, not training noise")
                .contains("a pair counts as two rows for kto, a thumb up and a thumb down");

        JsonNode json = json("three");
        for (String method : List.of("dpo", "simpo")) {
            List<MetricsLog.Entry> entries =
                    MetricsLog.read(new RunLayout(folder.resolve("three").resolve(method)).metrics());
            MetricsLog.Entry last = entries.get(entries.size() - 1);
            assertThat(last.split()).isEqualTo(MetricsLog.Split.EVAL);
            assertThat(value(json, "accuracy", method))
                    .isCloseTo(100 * last.values().get("rewards/accuracies"), within(1e-6));
        }
        assertThat(value(json, "accuracy", "start")).isNaN();
        assertThat(value(json, "logp", "start")).isBetween(0.0, 100.0);
        assertThat(value(json, "margin", "dpo")).isGreaterThan(0.5);
        assertThat(value(json, "implicit", "kto")).isGreaterThan(60);
        // The same numbers as plumb eval has of the same model.
        Console eval = Console.run(
                "eval",
                "model=" + folder.resolve("three/dpo/final"),
                "reference=" + folder.resolve("model"),
                "data=" + folder.resolve("pairs.jsonl"),
                "data.eval_share=0.3",
                "rows=held_out",
                "beta=1",
                "output=" + folder.resolve("eval.json"));
        assertThat(eval.status()).as(eval.err()).isZero();
        JsonNode held =
                JSON.readTree(Files.readString(folder.resolve("eval.json"))).path("all rows");
        assertThat(value(json, "margin", "dpo"))
                .isCloseTo(held.at("/rewards~1margins/value").doubleValue(), within(1e-4));
        assertThat(value(json, "displaced", "dpo"))
                .isCloseTo(100 * held.at("/displaced_chosen/value").doubleValue(), within(1e-9));

        for (JsonNode cost : json.path("costs")) {
            boolean kto = cost.path("run").asText().equals("kto");
            assertThat(cost.path("steps").intValue()).isEqualTo(6);
            assertThat(cost.path("rows").intValue()).isEqualTo(kto ? 48 : 24);
            assertThat(cost.path("tokens").intValue()).isPositive();
            if (Files.exists(Path.of("/proc/self/status"))) {
                assertThat(cost.path("peak_rss_mb").intValue()).isBetween(50, 20_000);
            }
        }
        assertThat(json.path("comparisons")).hasSize(3).allSatisfy(one -> {
            assertThat(one.path("p_holm").doubleValue())
                    .isGreaterThanOrEqualTo(one.path("p").doubleValue());
            assertThat(one.path("verdict").asText()).isNotEmpty();
        });
        assertThat(Files.readString(folder.resolve("three/compare.html")))
                .contains("Method against method", "dpo against kto", "preference accuracy", "dpo/report.html")
                .doesNotContain("<script", "http://", "https://", "src=");

        Console again = compare("three", words);
        assertThat(again.status()).as(again.err()).isZero();
        assertThat(again.out()).contains("== simpo (3 of 3): finished before").doesNotContain("step 6/6");
        assertThat(json("three")).isEqualTo(json);
        assertThat(compare("three", "methods=[dpo,kto]", "learning_rate=0.01", "max_steps=6", "dpo.beta=0.3")
                        .err())
                .contains("three/dpo was made with other settings: then `beta: 0.2`; now `beta: 0.3`");
    }

    @Test
    void aRunThatFailsLosesNoOther() throws IOException {
        String[] words = {"methods=[dpo,ipo]", "learning_rate=0.01", "max_steps=2"};
        Files.createDirectories(folder.resolve("failing/dpo"));
        Files.createDirectories(folder.resolve("failing/dpo/metrics.jsonl")); // a folder, where a file is to be written
        Console failing = compare("failing", words);
        assertThat(failing.status()).isEqualTo(Exit.FAULT);
        assertThat(failing.err()).contains("dpo did not finish: exit status").contains("finished runs are kept");
        JsonNode json = json("failing");
        assertThat(value(json, "implicit", "ipo")).isNotNaN();
        assertThat(json.path("failed").path("dpo").asText()).contains("dpo.log");
        assertThat(Files.readString(folder.resolve("failing/compare.html"))).contains("dpo did not finish");

        Files.delete(folder.resolve("failing/dpo/metrics.jsonl"));
        Console mended = compare("failing", words);
        assertThat(mended.status()).as(mended.err()).isZero();
        assertThat(mended.out()).contains("== ipo (2 of 2): finished before");
        assertThat(json("failing").path("failed")).isEmpty();
    }

    @Test
    void severalSeedsAreSeveralRuns() throws IOException {
        Console seeds = compare(
                "seeds", "methods=[dpo,orpo]", "seeds=[1,2]", "learning_rate=0.01", "max_steps=1", "yardstick=raw");
        assertThat(seeds.status()).as(seeds.err()).isZero();
        assertThat(seeds.out().replaceAll("\\s+", " "))
                .contains("2 runs of each method: the unit is the run", "Welch's t over runs");
        JsonNode json = json("seeds");
        assertThat(StreamSupport.stream(json.path("runs").spliterator(), false)
                        .map(run -> run.path("run").asText()))
                .containsExactly("dpo-seed-1", "dpo-seed-2", "orpo-seed-1", "orpo-seed-2");
        double mean = 0;
        for (int i = 0; i < 2; i++) {
            mean += json.path("runs").get(i).at("/measures/margin").doubleValue() / 2;
        }
        assertThat(value(json, "margin", "dpo")).isCloseTo(mean, within(1e-9));
        assertThat(json.at("/comparisons/0/measure").asText()).isEqualTo("logp");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "methods=[dpo] | name at least two",
                "methods=[dpo,dpo] | each once",
                "methods=[dpo,simp] | there is no method 'simp', did you mean 'simpo'?",
                "methods=[dpo,sft] | sft cannot be compared with methods that learn to prefer",
                "methods=[dpo,reward] | reward cannot be compared",
                "methods=[dpo,ipo] beta=0.2 | beta: each method has its own; say for which, as in dpo.beta=…",
                "methods=[dpo,ipo] simpo.beta=2 | simpo: there are settings for it, but it is not among methods",
                "methods=[dpo,ipo] dpo.max_steps=9 | dpo.max_steps: must be the same for all methods",
                "methods=[dpo,ipo] dpo.bta=9 | unknown key 'bta', did you mean 'beta'?",
                "methods=[dpo,ipo] max_step=9 | unknown key 'max_step', did you mean 'max_steps'?",
                "methods=[dpo,ipo] method=dpo | method: a comparison has several",
                "methods=[dpo,ipo] seeds=[1,1] | the same seed twice",
                "methods=[dpo,ipo] seeds=[1,2] seed=3 | seed and seeds: give one of them",
                "methods=[dpo,ipo] data.eval_share=0 | There is no held-out pair",
                "methods=[dpo,ipo] eval_steps=2 early_stopping_patience=1 | no fair judge",
                "methods=[dpo,ipo] ipo | 'ipo' is no setting",
                "methods=[dpo,kto] data=F/judged.jsonl | none of the sets that make a preference: prompt, chosen",
            })
    void wrongWordsAreExplained(String words, String sentence) {
        Console console =
                compare("none", words.strip().replace("F/", folder + "/").split(" "));
        assertThat(console.err()).contains(sentence).doesNotContain("Exception");
        assertThat(console.status()).isEqualTo(Exit.FAULT);
        assertThat(folder.resolve("none")).doesNotExist();
    }

    @Test
    void firstWordsAreExplained() {
        assertThat(Console.run("compare").err()).contains("Name methods, as in `plumb compare");
        assertThat(Console.run("compare", "dpo", "model=m").err())
                .contains("'dpo' is no file; methods are named as in");
        assertThat(Console.run("compare", "none.yaml").err()).contains("none.yaml: there is no such file");
        assertThat(Console.run("compare", "--resume", "methods=[dpo,ipo]", "model=m", "data=d", "output=gone")
                        .err())
                .contains("There is no comparison at gone to resume");
    }
}
