package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.plumb.train.MetricsLog.Split;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs that learn from pairs or from the best of the policy's own answers raise a reward, however steps are split. */
class OwnAnswersRunTest {
    @TempDir
    private Path folder;

    private TinyRun tiny;

    @BeforeEach
    void make() {
        tiny = TinyRun.make(folder);
    }

    private RunLayout train(String method, String output, String... more) {
        List<String> all = new ArrayList<>(List.of(
                "reward_funcs: [{name: regex, regex: {pattern: 'a'}}]",
                "per_device_train_batch_size: 32",
                "num_generations: 8",
                "max_completion_length: 6",
                "micro_batch_tokens: 200",
                "learning_rate: 1e-2",
                "max_steps: 40",
                "data: {files: [" + folder.resolve("prompts.jsonl") + "], eval_share: 0.4}"));
        if (method.equals("raft")) {
            all.add("mask_truncated_completions: false");
        }
        all.addAll(List.of(more));
        return tiny.train(method, output, all.toArray(String[]::new));
    }

    private static double reward(RunLayout run, int entry) {
        List<MetricsLog.Entry> all = TinyRun.entries(run, Split.EVAL);
        return all.get(entry < 0 ? all.size() + entry : entry).values().get("reward");
    }

    private static MetricsLog.Entry step(RunLayout run, int step) {
        return TinyRun.entries(run, Split.TRAIN).get(step - 1);
    }

    @ParameterizedTest
    @CsvSource({
        "online_dpo, num_generations: 8, seed: 1",
        "online_dpo, num_generations: 2, seed: 1",
        "online_dpo, loss_type: ipo, beta: 0.05", // a gap of 10 nats; 5 is soon reached and then held
        "online_dpo, num_mini_batches: 4, seed: 1", // iterative
        "online_dpo, use_peft: true, seed: 1",
        "raft, keep_per_prompt: 1, seed: 1",
        "raft, min_reward: 1, keep_per_prompt: 4",
        "raft, num_mini_batches: 4, seed: 1",
        "raft, beta: 0.01, seed: 1"
    })
    void theyRaiseTheirReward(String method, String setting, String other) {
        RunLayout run = train(method, "run", setting, other);
        assertThat(reward(run, -1)).isGreaterThan(reward(run, 0) + 0.4);
    }

    @Test
    void aRunOfPairsBeginsWithTheLossOfAgreementAndSaysWhatItDropped() {
        RunLayout run = train("online_dpo", "run", "num_generations: 2", "max_steps: 3");
        MetricsLog.Entry first = step(run, 1);
        assertThat(first.values().get("loss")).isCloseTo(Math.log(2), within(1e-5));
        assertThat(first.values().get("objective/kl")).isCloseTo(0, within(1e-4));
        double ties = first.values().get("online/tie_rate");
        assertThat(ties).isBetween(0.05, 0.95);
        assertThat(first.values())
                .containsEntry("online/unpaired_rate", 0.0)
                .containsEntry("objective/scores_margin", 1.0)
                .containsKeys(
                        "objective/entropy",
                        "objective/rlhf_reward",
                        "val/contain_eos_token",
                        "logps/chosen",
                        "logps/rejected",
                        "rewards/accuracies",
                        "rewards/chosen",
                        "length/chosen",
                        "entropy");
        assertThat(step(run, 3).values().get("rewards/margins")).isGreaterThan(0);
    }

    @ParameterizedTest
    @CsvSource({"online_dpo, 1", "online_dpo, 3", "raft, 1", "raft, 3"})
    void howAStepIsSplitDoesNotMatter(String method, int miniBatches) {
        String[] settings = {
            "max_steps: 3", "num_generations: 4", "num_mini_batches: " + miniBatches, "micro_batch_tokens: 100000"
        };
        RunLayout whole = train(method, "whole", settings);
        settings[3] = "micro_batch_tokens: 1"; // of pairs a part then holds one
        RunLayout split = train(method, "split", settings);
        for (int step = 1; step <= 3; step++) {
            var want = step(whole, step).values();
            var got = step(split, step).values();
            for (String name : List.of("loss", "grad_norm", method.equals("raft") ? "nll_loss" : "rewards/margins")) {
                assertThat(got.get(name)).as(name + " of step " + step).isCloseTo(want.get(name), within(1e-4));
            }
        }
    }

    @Test
    void iterativeRunsGoOnExactlyInTheMiddleOfARollout() {
        String[] settings = {
            "max_steps: 11",
            "save_steps: 3",
            "eval_steps: 5",
            "num_generations: 4",
            "num_iterations: 2",
            "num_mini_batches: 2",
            "sync_ref_model: true", // measured from the model that wrote the rollout
            "ref_model_mixup_alpha: 1.0",
            "ref_model_sync_steps: 4"
        };
        RunLayout whole = train("online_dpo", "whole", settings);
        for (int step : new int[] {1, 5, 9}) { // the first of each rollout
            assertThat(step(whole, step).values().get("loss")).isCloseTo(Math.log(2), within(1e-5));
            assertThat(step(whole, step).values().get("objective/kl")).isCloseTo(0, within(1e-4));
        }
        assertThat(step(whole, 4).values().get("loss")).isLessThan(Math.log(2) - 1e-3);
        tiny.assertResumes(3, whole);
    }

    @Test
    void withoutAPairNothingMoves() {
        String[] settings = {
            "max_steps: 4", "weight_decay: 0.1", "reward_funcs: [{name: regex, regex: {pattern: 'none has this'}}]"
        };
        RunLayout pairs = train("online_dpo", "pairs", settings);
        RunLayout best = train("raft", "best", settings);
        for (RunLayout run : List.of(pairs, best)) {
            assertThat(step(run, 4).values()).containsEntry("loss", 0.0).containsEntry("grad_norm", 0.0);
            assertThat(run.finalModel().resolve("model.safetensors"))
                    .hasSameBinaryContentAs(tiny.model().resolve("model.safetensors"));
        }
        assertThat(step(pairs, 4).values()).containsEntry("online/tie_rate", 1.0);
        assertThat(step(best, 4).values()).containsEntry("raft/prompts_without", 1.0);
    }

    @Test
    void whatCannotBeComparedIsRefusedBeforehand() {
        assertThatThrownBy(() -> train("online_dpo", "a", "num_generations: 1"))
                .hasMessageContaining("num_generations must be at least 2");
        assertThatThrownBy(() -> train("raft", "b", "keep_per_prompt: 8"))
                .hasMessageContaining("num_generations must be at least 9");
        assertThatThrownBy(() -> train("online_dpo", "c", "precompute_ref_log_probs: true"))
                .hasMessageContaining("written anew at each");
    }
}
