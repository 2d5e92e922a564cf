package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.plumb.config.PlumbException;
import dev.plumb.hub.Safetensors;
import dev.plumb.train.MetricsLog.Split;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs that learn from what the policy writes: they raise a reward that can be checked, and go on exactly after a stop. */
class OnlineRunTest {
    /** The share of answers that hold a wanted letter. */
    private static final String REWARD = "reward_funcs: [{name: regex, regex: {pattern: 'a'}}]";

    @TempDir
    private Path folder;

    private TinyRun tiny;

    @BeforeEach
    void make() {
        tiny = TinyRun.make(folder);
    }

    private static double reward(RunLayout run, int entry) {
        List<MetricsLog.Entry> all = TinyRun.entries(run, Split.EVAL);
        return all.get(entry < 0 ? all.size() + entry : entry).values().get("reward");
    }

    private RunLayout train(String method, String output, String... more) {
        String[] all = new String[more.length + 7];
        all[6] = "data: {files: [" + folder.resolve("prompts.jsonl") + "], eval_share: 0.4}";
        all[0] = REWARD;
        all[1] = "per_device_train_batch_size: 32";
        all[2] = "num_generations: 8";
        all[3] = "max_completion_length: 6";
        all[4] = "micro_batch_tokens: 200";
        all[5] = "max_steps: 40";
        System.arraycopy(more, 0, all, 7, more.length);
        return tiny.train(method, output, all);
    }

    @Test
    void groupsRaiseTheirReward() {
        RunLayout run = train("grpo", "grpo", "learning_rate: 2e-2");
        assertThat(reward(run, -1)).isGreaterThan(reward(run, 0) + 0.4);
        MetricsLog.Entry first = TinyRun.entries(run, Split.TRAIN).get(0);
        assertThat(first.values().keySet())
                .contains(
                        "reward",
                        "reward_std",
                        "rewards/regex/mean",
                        "frac_reward_zero_std",
                        "completions/mean_length",
                        "completions/clipped_ratio",
                        "entropy",
                        "grad_norm");
        assertThat(first.values().get("loss")).isCloseTo(0, within(0.2));
        assertThat(run.samples()).content().contains("\"scores\":{\"reward\":", "\"regex\":1");
    }

    @ParameterizedTest
    @CsvSource({
        "rloo, num_generations: 4",
        "reinforce, num_iterations: 1",
        "reinforce_plus_plus, num_iterations: 2",
        "reinforce_plus_plus, variant: baseline",
        "remax, beta: 0.01",
        "ppo, critic_learning_rate: 3e-2",
        "ppo, vf_backbone_grad: 0.5",
        "grpo, loss_type: dr_grpo",
        "grpo, importance_sampling_level: sequence",
        "grpo, entropy_coef: 0.01",
        "grpo, temperature: 1.3",
        "online_dpo, beta: 0.1",
        "online_dpo, num_mini_batches: 3",
        "raft, mask_truncated_completions: false"
    })
    void everyMethodRaisesItsReward(String method, String setting) {
        String[] settings = method.equals("ppo") || method.startsWith("rein") || method.equals("remax")
                ? new String[] {
                    "learning_rate: 1e-2",
                    "num_generations: " + (setting.contains("baseline") ? 4 : 1),
                    "num_mini_batches: 1",
                    setting
                }
                : new String[] {"learning_rate: 1e-2", setting};
        RunLayout run = train(method, "run", settings);
        assertThat(reward(run, -1)).isGreaterThan(reward(run, 0) + 0.4);
    }

    private static double mean(RunLayout run, String metric, int from) {
        return TinyRun.entries(run, Split.TRAIN).stream()
                .skip(from)
                .mapToDouble(step -> step.values().get(metric))
                .average()
                .orElseThrow();
    }

    @ParameterizedTest
    @CsvSource({"grpo, 0.3, 8", "rloo, 0.1, 4", "reinforce_plus_plus, 0.1, 1"})
    void aPullTowardsTheReferenceHoldsThePolicyNearWhileItLearns(String method, String beta, int generations) {
        RunLayout run = train(
                method,
                "run",
                "max_steps: 60",
                "learning_rate: 1e-2",
                "num_generations: " + generations,
                "beta: " + beta);
        assertThat(reward(run, -1)).isGreaterThan(reward(run, 0) + 0.3);
        // With beta 0.001 it was 19.0, 12.5 and 11.6.
        assertThat(TinyRun.entries(run, Split.EVAL).get(1).values().get("objective/kl"))
                .isBetween(1.0, 8.0);
    }

    @Test
    void anAdaptivePenaltyKeepsTheKlAtItsTarget() {
        RunLayout run = train(
                "ppo",
                "run",
                "max_steps: 80",
                "learning_rate: 1e-2",
                "critic_learning_rate: 3e-2",
                "num_generations: 1",
                "num_mini_batches: 1",
                "kl_controller: adaptive",
                "kl_coef: 0.05",
                "kl_target: 6",
                "kl_horizon: 100");
        assertThat(mean(run, "objective/kl", 60)).isBetween(0.6 * 6, 1.3 * 6);
        assertThat(mean(run, "reward", 60)).isGreaterThan(reward(run, 0) + 0.4);
    }

    @ParameterizedTest
    @CsvSource({
        "ppo, 1, num_iterations: 2, 2",
        "reinforce, 1, num_iterations: 1, 1",
        "reinforce_plus_plus, 2, num_iterations: 2, 2",
        "remax, 1, num_iterations: 1, 1",
        "rloo, 4, loss_type: token, 2",
        "online_dpo, 4, num_iterations: 2, 2",
        "raft, 4, mask_truncated_completions: false, 2"
    })
    void aRunOfEveryMethodGoesOnExactly(String method, int generations, String setting, int miniBatches) {
        String[] settings = {
            "learning_rate: 1e-2",
            "max_steps: 9",
            "save_steps: 3", // in the middle of a rollout of two or four steps
            "eval_steps: 4",
            "num_generations: " + generations,
            "num_mini_batches: " + miniBatches,
            setting
        };
        RunLayout whole = train(method, "whole", settings);
        tiny.assertResumes(3, whole);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "value_model: MODEL", "vf_backbone_grad: 0.5"})
    void whereAnAdapterIsTrainedTheValueFunctionIsOneToo(String value) {
        String[] settings = {
            "learning_rate: 1e-2",
            "critic_learning_rate: 1e-2",
            "num_generations: 1",
            "num_mini_batches: 2",
            "use_peft: true",
            "lora_r: 3",
            "save_steps: 3",
            "max_steps: 7",
            value.isEmpty() ? "seed: 42" : value.replace("MODEL", tiny.model().toString())
        };
        RunLayout whole = train("ppo", "whole", settings);
        Path checkpoint = whole.checkpoints().resolve("step-3");
        try (Safetensors critic = Safetensors.open(checkpoint.resolve("critic.safetensors"))) {
            assertThat(critic.names())
                    .hasSize(value.startsWith("vf") ? 1 : 1 + 2 * 2 * 7)
                    .contains("critic.score.weight");
        }
        assertThat(TinyRun.entries(whole, Split.TRAIN).get(0).values().get("objective/kl"))
                .isZero(); // the reference is the policy with its adapter off
        tiny.assertResumes(3, whole);
    }

    @Test
    void aPolicyAndAValueFunctionOfAdaptersRaiseTheirReward() {
        RunLayout run = train(
                "ppo",
                "run",
                "learning_rate: 5e-2",
                "critic_learning_rate: 1e-2",
                "num_generations: 1",
                "num_mini_batches: 1",
                "use_peft: true");
        assertThat(reward(run, -1)).isGreaterThan(reward(run, 0) + 0.4);
        MetricsLog.Entry last = TinyRun.entries(run, Split.TRAIN).get(39);
        assertThat(last.values().get("val/explained_variance")).isPositive();
    }

    @Test
    void thePolicyStandsStillWhileItsValueFunctionLearnsAlone() {
        String[] settings = {
            "learning_rate: 1e-2",
            "num_generations: 1",
            "num_mini_batches: 2",
            "critic_learning_rate: 3e-2",
            "critic_warmup_steps: 3",
            "weight_decay: 0.5",
            "save_steps: 5",
            "max_steps: 6"
        };
        RunLayout alone = train("ppo", "alone", settings);
        assertThat(alone.finalModel().resolve("model.safetensors"))
                .hasSameBinaryContentAs(tiny.model().resolve("model.safetensors"));
        List<MetricsLog.Entry> steps = TinyRun.entries(alone, Split.TRAIN);
        assertThat(steps.get(5).values().get("loss/value_avg"))
                .isLessThan(steps.get(0).values().get("loss/value_avg"));
        settings[7] = "max_steps: 9";
        RunLayout whole = train("ppo", "whole", settings);
        tiny.assertResumes(5, whole);
        assertThat(TinyRun.distance(whole, alone)).isGreaterThan(1e-3);
    }

    @Test
    void aRunGoesOnExactlyAlsoInTheMiddleOfARollout() {
        String[] settings = {
            "learning_rate: 1e-2",
            "max_steps: 11",
            "save_steps: 3",
            "eval_steps: 5",
            "num_iterations: 2",
            "num_mini_batches: 2",
            "use_adaptive_entropy: true",
            "entropy_target: 4.5",
            "beta: 0.04",
            "completions_steps: 8",
            "sample_prompts: 2"
        };
        RunLayout whole = train("grpo", "whole", settings);
        tiny.assertResumes(3, whole); // after three of four steps
        List<JsonNode> shown = new ArrayList<>();
        StepLines.objects(whole.completions(), shown::add);
        // The rollouts that begin at steps 1 and 9, of which 2 prompts with 8 answers each.
        assertThat(shown.stream().map(one -> one.path("step").asInt()))
                .hasSize(32)
                .containsOnly(1, 9);
        for (JsonNode one : shown) {
            assertThat(one.at("/scores/reward").asDouble())
                    .isEqualTo(one.path("completion").asText().contains("a") ? 1 : 0);
        }
        assertThat(shown.subList(0, 8).stream()
                        .map(one -> one.path("prompt").asText())
                        .distinct())
                .hasSize(1);
        assertThat(shown.subList(0, 8).stream()
                        .mapToDouble(one -> one.at("/scores/advantage").asDouble())
                        .sum())
                .isCloseTo(0, within(1e-6)); // of a whole group
        assertThat(whole.report()).content().contains("Learnt from", "<summary>Step 9, mean reward of these");
        assertThat(TinyRun.entries(whole, Split.TRAIN).get(3).values()).doesNotContainKey("reward");
        assertThat(TinyRun.entries(whole, Split.TRAIN).get(4).values())
                .containsKeys("reward", "entropy_coef")
                .containsEntry("episode", 128.0)
                .containsEntry("reward_timeouts", 0.0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"temperature: 1.0", "temperature: 0.6", "use_peft: true"})
    void theTrainerAgreesWithTheSamplerOnWhatWasDrawn(String setting) {
        RunLayout run = train(
                "grpo",
                "run",
                "learning_rate: 1e-2",
                "max_steps: 6",
                "num_iterations: 2",
                "max_completion_length: 40",
                "share_prompts: true",
                setting);
        List<MetricsLog.Entry> steps = TinyRun.entries(run, Split.TRAIN);
        for (int step = 0; step < 6; step += 2) {
            assertThat(steps.get(step).values().get("sampling/sampling_logp_difference/max"))
                    .isLessThan(1e-4);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"grpo", "rloo", "reinforce", "remax", "reinforce_plus_plus", "online_dpo", "raft"})
    void everyRunComparesItsSamplerWithItsTrainer(String method) {
        boolean alone = method.startsWith("re");
        RunLayout run = train(
                method,
                "run",
                "max_steps: 3",
                "learning_rate: 1e-2",
                "num_generations: " + (alone ? 1 : 8),
                method.equals("raft") ? "mask_truncated_completions: false" : "temperature: 1.0");
        for (MetricsLog.Entry step : TinyRun.entries(run, Split.TRAIN)) {
            assertThat(step.values().get("sampling/sampling_logp_difference/max"))
                    .isBetween(1e-12, 1e-4);
            assertThat(step.values().get("ratio/ess")).isCloseTo(1, within(1e-6));
        }
    }

    @Test
    void whatAnotherModelDrewIsNotLearntFrom() {
        assertThatThrownBy(() -> SoundStart.requireAgreement(0.06)).hasMessageContaining("0.06 nats a token");
        SoundStart.requireAgreement(1e-5);
    }

    @Test
    void drawsFromTheMostProbableTokensAreWeighedByTheirMass() {
        String[] settings = {
            "learning_rate: 1e-2",
            "max_steps: 6",
            "save_steps: 3",
            "num_iterations: 2",
            "top_p: 0.7",
            "temperature: 1.5"
        };
        RunLayout whole = train("grpo", "whole", settings);
        Map<String, Double> values = TinyRun.entries(whole, Split.TRAIN).get(0).values();
        String name = "sampling/importance_sampling_ratio/";
        assertThat(values.get(name + "min")).isBetween(0.7 - 1e-4, 0.8);
        assertThat(values.get(name + "max")).isLessThan(1 + 1e-4);
        assertThat(values.get(name + "mean")).isBetween(0.7, 1.0);
        tiny.assertResumes(3, whole); // in the middle of a rollout
        RunLayout without = train(
                "grpo", "none", "max_steps: 2", "num_iterations: 2", "top_p: 0.7", "importance_sampling_mode: none");
        values = TinyRun.entries(without, Split.TRAIN).get(0).values();
        assertThat(values).doesNotContainKey(name + "mean");
        assertThat(values.get("sampling/sampling_logp_difference/max")).isGreaterThan(0.01);
    }

    /** Not sandboxed, since the program is ours; what only a sandbox ends is tried in SandboxTest and RewardSetTest. */
    @Test
    void aRewardThatHangsFloodsOrFailsIsCountedAndTheRunGoesOn() {
        String program = "case $(cksum | cut -c 1) in 1) sleep 60;; 2) yes;; 3) exit 3;; *) echo 1;; esac";
        RunLayout run = train(
                "grpo",
                "run",
                "reward_funcs: [{name: command, label: own, command: {command: [sh, -c, '" + program
                        + "'], sandbox: none, limits: {wall_seconds: 1}}}]",
                "max_steps: 2",
                "learning_rate: 1e-2");
        assertThat(run.finalModel()).exists();
        for (Split split : Split.values()) {
            for (MetricsLog.Entry step : TinyRun.entries(run, split)) {
                Map<String, Double> of = step.values();
                double lost = of.getOrDefault("reward/own/errors", 0.0) + of.getOrDefault("reward/own/timeouts", 0.0);
                assertThat(of.get("unscorable_frac") * of.get("reward/own/calls"))
                        .isCloseTo(lost, within(1e-9));
                assertThat(of.get("reward_timeouts")).isEqualTo(of.getOrDefault("reward/own/timeouts", 0.0));
                assertThat(of.get("reward")).isEqualTo(1); // of those that there are
            }
            assertThat(TinyRun.entries(run, split))
                    .anyMatch(step -> step.values().get("reward_timeouts") > 0);
        }
    }

    @Test
    void promptsWhoseAnswersAreAllAlikeAreReplaced() {
        String[] settings = {
            "learning_rate: 1e-2",
            "max_steps: 8",
            "save_steps: 3",
            "num_generations: 2",
            "per_device_train_batch_size: 8",
            "num_iterations: 2",
            "dynamic_sampling: true",
            "max_resample: 20"
        };
        RunLayout whole = train("grpo", "whole", settings);
        double rounds = 0;
        for (int step = 0; step < 8; step += 2) {
            Map<String, Double> values =
                    TinyRun.entries(whole, Split.TRAIN).get(step).values();
            assertThat(values.get("frac_reward_zero_std")).isZero();
            assertThat(values.get("dynamic_sampling/keep_rate")).isBetween(0.05, 1.0);
            assertThat(values.get("reward")).isEqualTo(0.5); // one of each two answers was good
            rounds += values.get("dynamic_sampling/rounds");
        }
        assertThat(rounds).isPositive();
        tiny.assertResumes(3, whole);
    }

    @Test
    void promptsWhoseAnswersAreAllAlikeAreLeftOut() {
        RunLayout run = train(
                "grpo",
                "run",
                "learning_rate: 1e-2",
                "max_steps: 4",
                "num_generations: 2",
                "per_device_train_batch_size: 48",
                "dynamic_sampling: true",
                "max_resample: 0");
        for (MetricsLog.Entry step : TinyRun.entries(run, Split.TRAIN)) {
            assertThat(step.values())
                    .containsEntry("dynamic_sampling/rounds", 0.0)
                    .containsEntry("reward", 0.5);
            assertThat(step.values().get("dynamic_sampling/keep_rate")).isBetween(0.04, 0.9);
        }
    }

    @Test
    void aRunSaysThatNothingIsToBeLearntAndKeepsItsWeights() {
        RunLayout run = trainOnWhatAllEarn("run", "learning_rate: 1e-2");
        Map<String, Double> values = TinyRun.entries(run, Split.TRAIN).get(1).values();
        assertThat(values)
                .containsEntry("dynamic_sampling/keep_rate", 0.0)
                .containsEntry("dynamic_sampling/rounds", 2.0);
        assertThat(values).containsEntry("dynamic_sampling/reward", 1.0).doesNotContainKey("reward");
        assertThat(TinyRun.distance(run, trainOnWhatAllEarn("other", "learning_rate: 1e-1")))
                .isZero();
    }

    private RunLayout trainOnWhatAllEarn(String output, String rate) {
        return train(
                "grpo",
                output,
                "reward_funcs: [{name: regex, regex: {pattern: '.*'}}]",
                "max_steps: 2",
                "dynamic_sampling: true",
                "max_resample: 2",
                "weight_decay: 0.5",
                rate);
    }

    @Test
    void aFormForTeachingSaysHowItDiffers() {
        assertThat(TinyRun.job(tiny.yaml("ppo", "ppo", REWARD, "variant: seed")).departure())
                .hasValueSatisfying(line -> assertThat(line).startsWith("variant: seed differs from the papers"));
        assertThat(TinyRun.job(tiny.yaml("ppo", "paper", REWARD)).departure()).isEmpty();
        assertThat(TinyRun.job(tiny.yaml("kto", "kto", "loss_type: seed")).departure())
                .isPresent();
    }

    @Test
    void whatCannotBeLearntFromIsRefusedBeforehand() {
        assertThatThrownBy(() -> train("grpo", "a", "num_generations: 5"))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("no whole groups of num_generations: 5");
        assertThatThrownBy(() -> train("grpo", "b", "max_completion_length: 500"))
                .hasMessageContaining("more than the model's context of 512 tokens. Lower max_completion_length to 4");
        assertThatThrownBy(() -> train("grpo", "c", "precompute_ref_log_probs: true"))
                .hasMessageContaining("written anew at each");
        assertThatThrownBy(() -> train("ppo", "e", "num_generations: 1", "dynamic_sampling: true"))
                .hasMessageContaining("raise num_generations");
        assertThatThrownBy(() -> train("ppo", "g", "num_generations: 1", "value_model: v", "vf_backbone_grad: 1"))
                .hasMessageContaining("no value_model to start from");
        assertThatThrownBy(() -> train("ppo", "h", "init_kl_coef: 0.2"))
                .hasMessageContaining("unknown key 'init_kl_coef', it is called 'kl_coef' here");
        assertThatThrownBy(() ->
                        train("ppo", "i", "num_generations: 1", "variant: seed", "ptx_data: t.jsonl", "ptx_coef: 1"))
                .hasMessageContaining("variant: seed has no ptx_data");
        assertThatThrownBy(() -> train("grpo", "d", "reward_funcs: []"))
                .hasMessageContaining("nothing rewards the answers");
    }
}
