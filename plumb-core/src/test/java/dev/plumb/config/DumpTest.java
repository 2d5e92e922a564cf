package dev.plumb.config;

import static dev.plumb.config.Samples.job;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.plumb.config.Samples.Adapter;
import dev.plumb.config.Samples.Job;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DumpTest {
    record Everything(
            @Setting(doc = "Text.") String text,
            @Setting(doc = "Number.") double number,
            @Setting(doc = "Whole.") long whole,
            @Setting(doc = "Path.") Path path,
            @Setting(doc = "Texts.", byDefault = "[a]") List<String> texts,
            @Setting(doc = "Lists.") List<List<Integer>> lists,
            @Setting(doc = "Map.") Map<String, List<Double>> map,
            @Setting(doc = "Maybe.") Optional<List<String>> maybe,
            @Setting(doc = "Adapters.") List<Adapter> adapters,
            @Setting(doc = "Named.") Map<String, Optional<Adapter>> named,
            @Setting(doc = "Anything.") Map<String, Object> free) {}

    record Texts(
            @Setting(doc = "A list.") List<String> list,
            @Setting(doc = "Keys.") Map<String, Adapter> names,
            @Setting(doc = "Values.") Map<String, Object> values) {}

    private static void assertRoundTrip(Record record) {
        for (String yaml : List.of(Dump.yaml(record), Dump.commentedYaml(record))) {
            assertThat(Binder.bind(record.getClass(), YamlSource.text("config.yaml", yaml)))
                    .as(yaml)
                    .isEqualTo(record);
        }
    }

    @Test
    void writesEveryValue() {
        Job job = job("loss_type: [sigmoid, hinge]\nlearning_rate: 1e-5", "data.columns.prompt='null'");
        assertThat(Dump.yaml(job)).isEqualTo("""
                        model: m
                        data:
                          files:
                            - path: a.jsonl
                              weight: 1.0
                          columns:
                            prompt: 'null'
                          on_bad_row: error
                          variables: {}
                        learning_rate: 1e-5
                        weight_decay: 0.0
                        max_grad_norm: null
                        beta: 0.1
                        loss_type: [sigmoid, hinge]
                        label_smoothing: 0.0
                        adapter: null
                        num_train_epochs: 1
                        seed: 42
                        share_prompts: true
                        note: ''
                        """);
        assertRoundTrip(job);
    }

    @Test
    void commentsSayWhatASettingDoes() {
        assertThat(Dump.commentedYaml(new Adapter(4, 2))).isEqualTo("# Its rank.\nrank: 4\n# Its scale.\nscale: 2.0\n");
        assertThat(Dump.commentedYaml(job("")))
                .contains("  # Names of columns.\n  columns: {}\n")
                .contains("\n# How far the policy may go. Smaller is | farther.\nbeta: 0.1\n");
    }

    @Test
    void bindsToAnEqualRecordAgain() {
        assertRoundTrip(new Everything(
                "x",
                Double.MIN_VALUE,
                Long.MIN_VALUE,
                Path.of("../a b/c:d"),
                List.of(),
                List.of(List.of(), List.of(1, -2), List.of()),
                Map.of("", List.of(), "a: b", List.of(-0.0, 1e300)),
                Optional.of(List.of()),
                List.of(new Adapter(1, 2), new Adapter(3, 1e-7)),
                Map.of("x y", Optional.of(new Adapter(3, 4))),
                Map.of(
                        "a",
                        List.of(Map.of("b", 1L), "1", true, "true", 1.0, List.of()),
                        "n",
                        Map.of(),
                        "~",
                        "null",
                        "e",
                        1e21)));
    }

    @Test
    void everyTextSurvives() {
        Random random = new Random(7);
        String alphabet = "ab :#-'\"\\\n\t\r{}[],&*!|>%@`?~=<.0+_é\u0085\u2028\uFEFF\u0007\u00a0";
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            StringBuilder text = new StringBuilder();
            for (int length = random.nextInt(7); length > 0; length--) {
                if (random.nextInt(12) == 0) {
                    text.appendCodePoint(0x1F600 + random.nextInt(50));
                } else {
                    text.append(alphabet.charAt(random.nextInt(alphabet.length())));
                }
            }
            texts.add(text.toString());
        }
        Map<String, Adapter> names = new LinkedHashMap<>(); // texts as keys, as values and as items of a flow list
        Map<String, Object> values = new LinkedHashMap<>();
        texts.forEach(text -> names.put(text, new Adapter(1, 1)));
        texts.forEach(text -> values.put("x" + values.size(), text));
        assertRoundTrip(new Texts(texts, names, values));
    }

    @Test
    void everyWordThatYamlReadsOtherwiseIsQuoted() {
        for (String word : List.of("null", "~", "true", "False", "1", "1e5", ".nan", "0x1", "---", "...", "", "NULL")) {
            assertThat(Dump.yaml(new Samples.FileSpec(Path.of(word), 1)))
                    .as(word)
                    .containsPattern("path: ['\"]");
            assertRoundTrip(new Samples.FileSpec(Path.of(word), 1));
        }
    }

    @Test
    void aNumberMustBeFinite() {
        assertThatThrownBy(() -> Dump.yaml(new Adapter(1, Double.NaN)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a configuration cannot hold the number NaN");
    }
}
