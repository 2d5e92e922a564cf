package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.plumb.config.PlumbException;
import dev.plumb.train.MetricsLog.Split;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs that learn text beside what their answers earn. */
class PtxRunTest {
    private static final String LOSS = "loss/ptx_avg";

    @TempDir
    private Path folder;

    private TinyRun tiny;

    @BeforeEach
    void make() {
        tiny = TinyRun.make(folder);
    }

    private String texts(String more) {
        return "ptx_data: {files: [" + folder.resolve("demonstrations.jsonl") + "]" + more + "}";
    }

    private RunLayout train(String method, String output, String... more) {
        String[] all = new String[more.length + 6];
        all[0] = "reward_funcs: [{name: regex, regex: {pattern: 'a'}}]";
        all[1] = "data: {files: [" + folder.resolve("prompts.jsonl") + "], eval_share: 0.4}";
        all[2] = "per_device_train_batch_size: 32";
        all[3] = "micro_batch_tokens: 200";
        all[4] = "learning_rate: 1e-2";
        all[5] = method.equals("ppo") ? "num_mini_batches: 1" : "num_generations: 8";
        System.arraycopy(more, 0, all, 6, more.length);
        return tiny.train(method, output, all);
    }

    private static Map<String, Double> last(RunLayout run, Split split) {
        List<MetricsLog.Entry> all = TinyRun.entries(run, split);
        return all.get(all.size() - 1).values();
    }

    private static Map<String, Double> first(RunLayout run, Split split) {
        return TinyRun.entries(run, split).get(0).values();
    }

    @ParameterizedTest
    @ValueSource(strings = {"ppo", "grpo"})
    void textIsLearntBesideTheReward(String method) {
        String[] settings = {
            texts(", eval_share: 0.2"),
            "ptx_coef: 0.1",
            "max_steps: 40",
            "max_completion_length: 6",
            "num_generations_eval: 8"
        };
        RunLayout run = train(method, "with", settings);
        double start = first(run, Split.EVAL).get(LOSS);
        assertThat(last(run, Split.EVAL).get("reward"))
                .isGreaterThan(first(run, Split.EVAL).get("reward") + 0.4);
        assertThat(last(run, Split.EVAL).get(LOSS)).isLessThan(start - 0.5);
        assertThat(first(run, Split.TRAIN).get(LOSS)).isCloseTo(start, within(0.5)); // of other rows, not yet learnt

        // rows that weigh next to nothing: only rewards are learnt, and the text is unlearnt
        settings[1] = "ptx_coef: 1e-9";
        RunLayout without = train(method, "without", settings);
        assertThat(last(without, Split.EVAL).get(LOSS))
                .isGreaterThan(last(run, Split.EVAL).get(LOSS) + 0.5);
    }

    @Test
    void theTermIsAPartOfTheLossAndItsTokensCount() {
        RunLayout with = train("ppo", "with", texts(", eval_share: 0"), "ptx_coef: 0.25", "max_steps: 1");
        RunLayout without = train("ppo", "without", "max_steps: 1");
        Map<String, Double> values = first(with, Split.TRAIN);
        Map<String, Double> plain = first(without, Split.TRAIN);
        assertThat(values.get("loss") - plain.get("loss")).isCloseTo(0.25 * values.get(LOSS), within(1e-5));
        assertThat(values.get("num_tokens")).isGreaterThan(plain.get("num_tokens"));
        assertThat(values.get("entropy")).isEqualTo(plain.get("entropy")); // of answers alone
        assertThat(plain).doesNotContainKey(LOSS);
        assertThat(first(with, Split.EVAL)).doesNotContainKey(LOSS); // nothing is held out
    }

    @ParameterizedTest
    @ValueSource(strings = {"micro_batch_tokens: 1", "micro_batch_tokens: 100000"})
    void resultsDoNotDependOnTheParts(String parts) {
        String[] settings = {texts(""), "ptx_coef: 1", "max_steps: 3", "learning_rate: 1e-3"};
        RunLayout one = train("ppo", "one", settings);
        RunLayout other = train("ppo", "other", texts(""), "ptx_coef: 1", "max_steps: 3", "learning_rate: 1e-3", parts);
        assertThat(TinyRun.distance(one, other)).isLessThan(1e-4);
        assertThat(last(other, Split.TRAIN).get(LOSS))
                .isCloseTo(last(one, Split.TRAIN).get(LOSS), within(1e-3));
    }

    @Test
    void aRunThatGoesOnTakesTheRowsThatItWouldHaveTaken() {
        String[] settings = {
            texts(""),
            "ptx_coef: 0.5",
            "ptx_batch_size: 7",
            "max_steps: 11",
            "save_steps: 3",
            "num_mini_batches: 2",
            "eval_steps: 5"
        };
        RunLayout whole = train("ppo", "whole", settings);
        tiny.assertResumes(3, whole); // in the middle of a rollout and of an epoch of the text
        assertThat(first(whole, Split.TRAIN).get(LOSS))
                .isNotEqualTo(
                        TinyRun.entries(whole, Split.TRAIN).get(1).values().get(LOSS));
    }

    @Test
    void aPolicyThatStandsStillLearnsNoText() {
        RunLayout run = train(
                "ppo", "run", texts(""), "ptx_coef: 1", "max_steps: 3", "critic_warmup_steps: 2", "target_kl: 1e-12");
        List<MetricsLog.Entry> steps = TinyRun.entries(run, Split.TRAIN);
        assertThat(steps.get(0).values()).doesNotContainKey(LOSS); // the value function learns alone
        assertThat(steps.get(1).values()).doesNotContainKey(LOSS);
        assertThat(steps.get(2).values()).containsKey(LOSS);
        run = train("ppo", "left", texts(""), "ptx_coef: 1", "max_steps: 2", "num_mini_batches: 2", "target_kl: 1e-12");
        steps = TinyRun.entries(run, Split.TRAIN);
        assertThat(steps.get(0).values()).containsKey(LOSS).containsEntry("early_stopped", 0.0);
        assertThat(steps.get(1).values()).containsEntry("early_stopped", 1.0).doesNotContainKey(LOSS);
    }

    @Test
    void pairsOfOnesOwnStartSoundlyBesideText() {
        RunLayout run = train("online_dpo", "run", texts(""), "ptx_coef: 1", "max_steps: 2", "num_generations: 2");
        assertThat(first(run, Split.TRAIN).get("loss")).isGreaterThan(Math.log(2) + 1);
    }

    @ParameterizedTest
    @CsvSource({
        "ptx_data: DIR/demonstrations.jsonl, but ptx_coef is 0",
        "ptx_coef: 1, no text is given",
        "ptx_batch_size: 4, counts rows of ptx_data",
    })
    void whatWouldHaveNoEffectIsRefused(String setting, String why) {
        assertThatThrownBy(() -> train("ppo", "run", setting.replace("DIR", folder.toString())))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining(why);
    }

    @Test
    void badRowsOfTheTextAreFoundBeforehandUnderTheirOwnKey() throws IOException {
        Files.writeString(folder.resolve("demonstrations.jsonl"), "{\"prompt\": \"p\"}\n", StandardOpenOption.APPEND);
        assertThatThrownBy(() -> train("ppo", "run", texts(""), "ptx_coef: 1"))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("1 of 61 rows cannot be learnt from")
                .hasMessageContaining("ptx_data.on_bad_row=drop")
                .hasMessageContaining("demonstrations.jsonl:61");
        Job same = TinyRun.job(folder.resolve("run.yaml"));
        assertThatThrownBy(() -> new Training(same, false, List.of("test")).check())
                .hasMessageContaining("ptx_data.on_bad_row=drop");
        assertThatThrownBy(() -> train("ppo", "long", texts(", max_length: 4096"), "ptx_coef: 1"))
                .hasMessageContaining("ptx_data.max_length=4096 is more than the model's context");

        RunLayout run = train("ppo", "run", texts(", on_bad_row: drop"), "ptx_coef: 1", "max_steps: 1");
        JsonNode found = new JsonMapper().readTree(Files.readString(run.preflight()));
        assertThat(found.at("/ptx_data/rows_read").asInt()).isEqualTo(61);
        assertThat(found.at("/ptx_data/rows_left_out/0/rows").asInt()).isEqualTo(1);
        assertThat(found.at("/rows_read").asInt()).isEqualTo(40);
        assertThat(Files.readString(run.provenance())).contains("demonstrations.jsonl", "prompts.jsonl");
    }
}
