package dev.plumb.config;

import static dev.plumb.config.Samples.faults;
import static dev.plumb.config.Samples.job;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.plumb.config.Samples.Adapter;
import dev.plumb.config.Samples.Data;
import dev.plumb.config.Samples.FileSpec;
import dev.plumb.config.Samples.Job;
import dev.plumb.config.Samples.LossType;
import dev.plumb.config.Samples.Objective;
import dev.plumb.config.Samples.OnBadRow;
import dev.plumb.config.Samples.Optimizer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BinderTest {
    @Test
    void everyKindOfSettingIsBound() {
        Job job = Binder.bind(Job.class, YamlSource.text("dpo.yaml", """
                        # ./plumb train dpo.yaml
                        model: ../models/base
                        data:
                          files:
                            - a.jsonl
                            - {path: b.jsonl, weight: 0.5}
                          columns: {prompt: question, chosen: "yes"}
                          on_bad_row: drop
                          variables: {think: false, depth: 3, heat: 0.5, name: 'true', tags: [a, 1], in: {x: y}}
                        learning_rate: 1e-5
                        max_grad_norm: 1
                        beta: .5
                        loss_type: [sigmoid, robust_sigmoid]
                        adapter: {scale: 2}
                        num_train_epochs: 1e1
                        seed: -9007199254740993
                        share_prompts: false
                        note: no
                        """));

        assertThat(job)
                .isEqualTo(new Job(
                        Path.of("../models/base"),
                        new Data(
                                List.of(new FileSpec(Path.of("a.jsonl"), 1), new FileSpec(Path.of("b.jsonl"), 0.5)),
                                Map.of("prompt", "question", "chosen", "yes"),
                                OnBadRow.DROP,
                                Map.of(
                                        "think",
                                        false,
                                        "depth",
                                        3L,
                                        "heat",
                                        0.5,
                                        "name",
                                        "true",
                                        "tags",
                                        List.of("a", 1L),
                                        "in",
                                        Map.of("x", "y"))),
                        new Optimizer(1e-5, 0, Optional.of(1.0)),
                        new Objective(0.5, List.of(LossType.SIGMOID, LossType.ROBUST_SIGMOID), 0),
                        Optional.of(new Adapter(16, 2)),
                        10,
                        -9007199254740993L,
                        false,
                        "no"));
    }

    @Test
    void whatIsNotGivenTakesItsDefault() {
        Job job = job("");
        assertThat(job.data())
                .isEqualTo(new Data(List.of(new FileSpec(Path.of("a.jsonl"), 1)), Map.of(), OnBadRow.ERROR, Map.of()));
        assertThat(job.optimizer()).isEqualTo(new Optimizer(5e-6, 0, Optional.empty()));
        assertThat(job.objective()).isEqualTo(new Objective(0.1, List.of(LossType.SIGMOID), 0));
        assertThat(job.adapter()).isEmpty();
        assertThat(job.seed()).isEqualTo(42);
        assertThat(job.sharePrompts()).isTrue();
        assertThat(job.note()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"null", "", "~", "# nothing"})
    void nullStandsForTheDefault(String nothing) {
        Job job = job("beta: " + nothing + "\nadapter: " + nothing + "\nloss_type: " + nothing);
        assertThat(job).isEqualTo(job(""));
        assertThat(job("note: 'null'").note()).isEqualTo("null");
    }

    @Test
    void everyFaultIsReportedAtOnceInTheOrderOfTheFile() {
        assertThat(faults("""
                        # a comment
                        modl: m
                        data:
                          files: [a.jsonl, {path: b, weight: 0}, {wieght: 2}]
                          on_bad_row: drp
                          beta: 0.5
                        betta: 0.2
                        learning_rate: fast
                        weight_decay: -1
                        on_bad_row: drop
                        loss_type: [sigmoid, hing]
                        label_smoothing: 0.5
                        num_train_epochs: 1.5
                        seed: 1e3
                        share_prompts: yes
                        note: [a]
                        seed: 4
                        lr: 1
                        adapter:
                          rank: {a: 1}
                        """))
                .containsExactly(
                        "dpo.yaml:2:1: unknown key 'modl', did you mean 'model'?",
                        "dpo.yaml:2:1: missing required key 'model': Where the checkpoint is.",
                        "dpo.yaml:4:38: data.files[1].weight: '0' is out of range, allowed is above 0",
                        "dpo.yaml:4:42: missing required key 'data.files[2].path': A file of rows.",
                        "dpo.yaml:4:43: unknown key 'data.files[2].wieght', did you mean 'data.files[2].weight'?",
                        "dpo.yaml:5:15: data.on_bad_row: 'drp' is not one of error, drop, did you mean 'drop'?",
                        "dpo.yaml:6:3: unknown key 'data.beta', it belongs at the top level",
                        "dpo.yaml:7:1: unknown key 'betta', did you mean 'beta'?",
                        "dpo.yaml:8:16: learning_rate: 'fast' is not a number",
                        "dpo.yaml:9:15: weight_decay: '-1' is out of range, allowed is 0 to 1",
                        "dpo.yaml:10:1: unknown key 'on_bad_row', it belongs under 'data'",
                        "dpo.yaml:11:22: loss_type[1]: 'hing' is not one of sigmoid, hinge, robust_sigmoid,"
                                + " did you mean 'hinge'?",
                        "dpo.yaml:12:18: label_smoothing: '0.5' is out of range, allowed is at least 0 and below 0.5",
                        "dpo.yaml:13:19: num_train_epochs: '1.5' is not a whole number",
                        "dpo.yaml:15:16: share_prompts: 'yes' is not true or false",
                        "dpo.yaml:16:7: note: expected text, but found a list",
                        "dpo.yaml:17:1: duplicate key 'seed', first given in line 14",
                        "dpo.yaml:18:1: unknown key 'lr', it is called 'learning_rate' here",
                        "dpo.yaml:20:3: missing required key 'adapter.scale': Its scale.",
                        "dpo.yaml:20:9: adapter.rank: expected a whole number, but found a mapping");
    }

    @Test
    void aConstructorsRefusalIsAFaultAtItsRecord() {
        assertThat(faults("model: m\ndata:\n  files: []\nloss_type: hinge\nlabel_smoothing: 0.1\n"))
                .containsExactly(
                        "dpo.yaml:1:1: label_smoothing has no meaning with loss_type hinge",
                        "dpo.yaml:3:3: data: no file is named");
    }

    @Test
    void shorthandMayBeNestedAndIsNamedAsWritten() {
        List<FileSpec> expected = List.of(new FileSpec(Path.of("a.jsonl"), 1), new FileSpec(Path.of("b.jsonl"), 1));
        for (String data : List.of("[a.jsonl, b.jsonl]", "{files: [a.jsonl, {path: b.jsonl}]}")) {
            Job job = Binder.bind(Job.class, YamlSource.text("dpo.yaml", "model: m\ndata: " + data));
            assertThat(job.data().files()).isEqualTo(expected);
        }
        assertThat(faults("model: m\ndata: [a.jsonl, [b]]"))
                .containsExactly("dpo.yaml:2:17: data[1]: expected a path, but found a list");
        assertThat(faults("model: m\ndata: [a.jsonl, null]"))
                .containsExactly("dpo.yaml:2:17: data[1]: expected settings, or its 'path' alone, but found nothing");
    }

    @ParameterizedTest
    @CsvSource({"1e3, 1000", "8.0, 8", "007, 7", "+5, 5", "2147483647, 2147483647", "120e-1, 12", "'''9''', 9"})
    void wholeNumbersMayBeWrittenAsNumbersThatAreWhole(String written, int expected) {
        assertThat(job("num_train_epochs: " + written).numTrainEpochs()).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "1.5 | '1.5' is not a whole number",
                "0x10 | '0x10' is not a whole number",
                "1_000 | '1_000' is not a whole number",
                "1e-999999999 | '1e-999999999' is not a whole number",
                "1e99999999999 | '1e99999999999' is not a whole number",
                "0 | '0' is out of range, allowed is at least 1",
                "2147483648 | '2147483648' is out of range, allowed is -2147483648 to 2147483647",
                "1e999999999 | '1e999999999' is out of range, allowed is -2147483648 to 2147483647",
                "many | 'many' is not a whole number",
                "\"\" | '' is not a whole number",
            })
    void otherWholeNumbersAreFaults(String written, String fault) {
        assertThat(faults("model: m\ndata: a\nnum_train_epochs: " + written))
                .containsExactly("dpo.yaml:3:19: num_train_epochs: " + fault);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                ".nan | '.nan' is not a number",
                "NaN | 'NaN' is not a number",
                ".inf | '.inf' is not a number",
                "1e999 | '1e999' is too large",
                "1d | '1d' is not a number",
                "0x1p3 | '0x1p3' is not a number",
                "0 | '0' is out of range, allowed is above 0",
                "1e-999 | '1e-999' is out of range, allowed is above 0",
            })
    void numbersAreFinite(String written, String fault) {
        assertThat(faults("model: m\ndata: a\nbeta: " + written)).containsExactly("dpo.yaml:3:7: beta: " + fault);
    }

    @ParameterizedTest
    @ValueSource(strings = {"True", "yes", "on", "1", "TRUE"})
    void onlyTrueAndFalseAreTruthValues(String written) {
        assertThat(faults("model: m\ndata: a\nshare_prompts: " + written))
                .containsExactly("dpo.yaml:3:16: share_prompts: '" + written + "' is not true or false");
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "learningRate, did you mean 'learning_rate'?",
                "learning-rate, did you mean 'learning_rate'?",
                "lerning_rate, did you mean 'learning_rate'?",
                "btea, did you mean 'beta'?",
                "pref_beta, it is called 'beta' here",
                "epochs, it is called 'num_train_epochs' here",
                "num_epochs, it is called 'num_train_epochs' here",
                "model_name_or_path, it is called 'model' here",
                "train_file, it is called 'data' here",
                "lora_rank, it is called 'adapter.rank' here",
                "path, it belongs under 'data.files[]'",
                "data.on_bad_row, 'on_bad_row' belongs under 'data'",
                "on_bad_rows, did you mean 'data.on_bad_row'?",
                "smoothing, did you mean 'label_smoothing'?",
            })
    void anUnknownKeyGetsTheLikeliestOne(String key, String hint) {
        assertThat(faults("model: m\ndata: a\n" + key + ": 1"))
                .containsExactly("dpo.yaml:3:1: unknown key '" + key + "', " + hint);
    }

    @Test
    void aKeyLikeNoOtherGetsTheValidOnesIfTheyAreFew() {
        assertThat(faults("model: m\ndata: a\nxyz: 1\nadapter: {scale: 1, zzz: 3}"))
                .containsExactly(
                        "dpo.yaml:3:1: unknown key 'xyz'",
                        "dpo.yaml:4:21: unknown key 'adapter.zzz', valid keys are rank, scale");
        assertThat(faults("model: m\ndata: a\n? " + "beta".repeat(100_000) + "\n: 1"))
                .containsExactly("dpo.yaml:3:3: unknown key '" + "beta".repeat(19) + "b...'");
    }

    @Test
    void anEmptyFileLacksWhatIsRequired() {
        for (String empty : List.of("", "\n", "# only a comment\n", "---\n", "null")) {
            assertThat(faults(empty))
                    .containsExactly(
                            "dpo.yaml:1:1: missing required key 'model': Where the checkpoint is.",
                            "dpo.yaml:1:1: data: no file is named")
                    .as(empty);
        }
    }

    @Test
    void aConfigurationIsAMapping() {
        assertThat(faults("[1, 2]", "beta=1"))
                .containsExactly("dpo.yaml:1:1: expected settings, as in 'key: value', but found a list");
        assertThat(faults("hello"))
                .containsExactly("dpo.yaml:1:1: expected settings, as in 'key: value', but found 'hello'");
        assertThat(faults("model: m\ndata: a\nadapter: lora"))
                .containsExactly("dpo.yaml:3:10: adapter: expected settings, as in 'key: value', but found 'lora'");
        assertThat(faults("model: m\ndata: {files: a, columns: [a]}"))
                .containsExactly("dpo.yaml:2:27: data.columns: expected a mapping of names, each to text,"
                        + " but found a list");
    }

    @Test
    void boundCollectionsCannotBeChangedAndKeepTheirOrder() {
        Map<String, String> columns = Binder.bind(
                        Job.class, YamlSource.text("f", "model: m\ndata: {files: a, columns: {z: 1, a: 2, m: 3}}"))
                .data()
                .columns();
        assertThat(columns.keySet()).containsExactly("z", "a", "m");
        assertThatThrownBy(() -> columns.put("b", "c")).isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void anAliasRepeatsItsValue() {
        assertThat(job("note: &x five\nadapter: {scale: &s 2, rank: *s}").adapter())
                .contains(new Adapter(2, 2));
    }

    @Test
    void theMethodCanBeReadBeforeItsRecordIsKnown() {
        YamlSource source = YamlSource.text("run.yaml", "method: dpo\nunknown: {a: 1}\nbeta: [1]\n");
        assertThat(Binder.peek(source, "method")).contains("dpo");
        assertThat(Binder.peek(source.with(List.of("method=sft", "beta=2")), "method"))
                .contains("sft");
        assertThat(Binder.peek(source, "beta")).isEmpty();
        assertThat(Binder.peek(source, "none")).isEmpty();
        assertThat(Binder.peek(YamlSource.commandLine(), "method")).isEmpty();
    }

    @Test
    void severalConfigurationsShareASource() {
        YamlSource source =
                YamlSource.text("f.yaml", "model: m\ndata: a\nbeta: 0.3\nplan: [1]\none: {beta: 0.4, note: x}\ntwo:\n");
        Predicate<String> shared = key -> !List.of("plan", "one", "two").contains(key);
        assertThat(Binder.bind(Job.class, source, shared, "one").objective().beta())
                .isEqualTo(0.4);
        assertThat(Binder.bind(Job.class, source, shared, "two").objective().beta())
                .isEqualTo(0.3);
        YamlSource words = source.with(List.of("two.beta=0.7", "beta=0.6", "plan=2"));
        assertThat(Binder.bind(Job.class, words, shared, "one").objective().beta())
                .isEqualTo(0.6); // the word wins
        assertThat(Binder.bind(Job.class, words, shared, "two").objective().beta())
                .isEqualTo(0.7);
        assertThat(Binder.keys(words, Optional.empty())).containsExactly("model", "data", "beta", "plan", "one", "two");
        assertThat(Binder.keys(words, Optional.of("one"))).containsExactly("beta", "note");
        assertThat(Binder.keys(words, Optional.of("two"))).containsExactly("beta");
        assertThatThrownBy(() -> Binder.bind(Job.class, source.with(List.of("one.bta=1", "modl=m")), shared, "one"))
                .hasMessageContaining("'bta', did you mean 'beta'")
                .hasMessageContaining("'modl', did you mean 'model'");
        YamlSource wrong = YamlSource.text("f.yaml", "model: m\none: 3\n");
        assertThatThrownBy(() -> Binder.bind(Job.class, wrong, shared, "one"))
                .hasMessage("f.yaml:2:6: one: expected settings, as in 'key: value', but found '3'");
    }
}
