package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.plumb.config.Dump;
import dev.plumb.reward.Reward;
import dev.plumb.reward.RewardInput;
import dev.plumb.reward.RewardPart;
import dev.plumb.reward.RewardScores;
import dev.plumb.reward.RewardSet;
import dev.plumb.reward.Score;
import dev.plumb.reward.StepScores;
import dev.plumb.train.MetricsLog.Split;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs that learn from what a process reward model says of the steps of their answers. */
class StepRewardRunTest {
    @TempDir
    private static Path folder;

    private static TinyRun tiny;
    private static Path writer;
    private static Path judge;

    /** A model that writes solutions in steps, many of which hold a storm, and one that finds steps with a storm bad. */
    @BeforeAll
    static void make() {
        tiny = TinyRun.make(folder);
        Solutions.write(folder);
        String[] settings = {
            "learning_rate: 1e-2",
            "num_train_epochs: 8",
            "per_device_train_batch_size: 8",
            "micro_batch_tokens: 400",
            ""
        };
        settings[4] = data("told.jsonl");
        writer = tiny.train("sft", "writer", settings).finalModel();
        settings[1] = "num_train_epochs: 4";
        settings[4] = data("stepwise.jsonl");
        judge = tiny.train("prm", "judge", settings).finalModel();
    }

    private static String data(String file) {
        return "data: {files: [" + folder.resolve(file) + "], eval_share: 0.2}";
    }

    private static RunLayout train(String method, String output, String... more) {
        List<String> all = new ArrayList<>(List.of(
                "model: " + writer,
                "data: {files: [" + folder.resolve("prompts.jsonl") + "], eval_share: 0.4}",
                "process_reward_model: " + judge,
                "reward_funcs: [{name: regex, label: storm, weight: 0, regex: {pattern: storm}}]",
                "num_generations: 8",
                "num_generations_eval: 4",
                "per_device_train_batch_size: 16",
                "max_completion_length: 28",
                "micro_batch_tokens: 600",
                "learning_rate: 3e-3",
                "max_steps: 25"));
        all.addAll(List.of(more));
        return tiny.train(method, output, all.toArray(String[]::new));
    }

    private static Map<String, Double> values(RunLayout run, Split split, int entry) {
        List<MetricsLog.Entry> all = TinyRun.entries(run, split);
        return all.get(entry < 0 ? all.size() + entry : entry).values();
    }

    @ParameterizedTest
    @CsvSource({
        "grpo, supervision: process, step_mean: true",
        "grpo, supervision: process, loss_type: dr_grpo",
        "ppo, step_rewards: min_form, max_steps: 50",
        "rloo, process_reward_aggregate: mean, beta: 0", // as one reward of the whole answer
    })
    void whatTheModelSaysOfStepsIsRaised(String method, String setting, String other) {
        List<String> all = new ArrayList<>(List.of(setting, other));
        if (method.equals("ppo")) {
            all.addAll(List.of(
                    "num_generations: 1", "num_mini_batches: 2", "critic_learning_rate: 1e-2", "kl_coef: 0.01"));
        }
        RunLayout run = train(method, method + other.hashCode(), all.toArray(String[]::new));
        Map<String, Double> before = values(run, Split.EVAL, 0);
        Map<String, Double> after = values(run, Split.EVAL, -1);
        assertThat(before.get("rewards/process/mean")).isLessThan(0.75);
        assertThat(after.get("rewards/process/mean")).isGreaterThan(before.get("rewards/process/mean") + 0.2);
        assertThat(after.get("prm/mean_score")).isGreaterThan(before.get("prm/mean_score") + 0.1);
        assertThat(before.get("rewards/storm/mean")).isGreaterThan(0.05);
        assertThat(after.get("rewards/storm/mean")).isLessThan(before.get("rewards/storm/mean"));
        Map<String, Double> first = values(run, Split.TRAIN, 0);
        assertThat(first.get("prm/steps_per_solution")).isBetween(1.0, 4.0);
        assertThat(first.get("prm/outcome_correlation/storm")).isNegative();
        assertThat(first)
                .containsKeys("prm/mean_score", "prm/min_score", "prm/tokens_per_step", "reward/process/notes/cut_off");
        if (!method.equals("ppo")) {
            assertThat(first.get("reward")).isEqualTo(first.get("rewards/process/mean"));
            return;
        }
        // Of step_rewards the answer earns nothing besides: a sum of 0 would say that nothing is learnt from.
        assertThat(first).doesNotContainKeys("reward", "reward_std", "reward_length_corr");
        assertThat(after).doesNotContainKey("reward");
        assertThat(run.samples()).content().contains("\"process\"").doesNotContain("\"reward\"");
        assertThat(run.report())
                .content()
                .contains("<h3>Scores of steps</h3>", "prm/mean_score, held-out")
                .doesNotContain("<h3>Reward</h3>", "mean reward of these");
    }

    @Test
    void theBestModelIsFoundByStepsWhereNothingElseIsPaidFor() {
        RunLayout run = train(
                "ppo",
                "best",
                "step_rewards: min_form",
                "num_generations: 1",
                "num_mini_batches: 1",
                "max_steps: 2",
                "eval_steps: 1",
                "save_steps: 1",
                "load_best_model_at_end: true");
        assertThat(run.finalModel()).exists();
    }

    @Test
    void aRunGoesOnExactlyInTheMiddleOfARollout() {
        String[] settings = {
            "step_rewards: min_form",
            "max_steps: 11",
            "save_steps: 3",
            "eval_steps: 5",
            "num_generations: 1",
            "num_iterations: 2",
            "num_mini_batches: 2"
        };
        RunLayout whole = train("ppo", "whole", settings);
        tiny.assertResumes(3, whole); // after three of four steps
        assertThat(values(whole, Split.TRAIN, 3)).doesNotContainKey("prm/mean_score");
        assertThat(values(whole, Split.TRAIN, 4)).containsKey("prm/mean_score");
    }

    private static OnlineJob job(String method, String output, String... more) {
        List<String> all = new ArrayList<>(List.of("per_device_train_batch_size: 16"));
        all.addAll(List.of(more));
        return (OnlineJob) TinyRun.job(tiny.yaml(method, output, all.toArray(String[]::new)));
    }

    @Test
    void stepsNeedAJudgeAndWhatHasNoEffectIsRefused() {
        String model = "process_reward_model: runs/prm/final";
        String accuracy = "reward_funcs: [accuracy]";
        assertThatThrownBy(() -> job("grpo", "a", accuracy, "supervision: process"))
                .hasMessageContaining("name a process reward model, as in process_reward_model: runs/prm/final");
        assertThatThrownBy(() -> job("ppo", "b", accuracy, "step_rewards: sum"))
                .hasMessageContaining("nothing judges the steps of answers");
        assertThatThrownBy(() -> job("grpo", "c", model, accuracy, "supervision: process"))
                .hasMessageContaining("give other rewards, which are only measured, weight 0");
        assertThatThrownBy(() -> job("grpo", "d", model, "reward_models: [r]", "supervision: process"))
                .hasMessageContaining("learns from the scores of steps and from nothing else");
        assertThatThrownBy(() -> job("grpo", "e", model, "process_reward_weight: 2", "supervision: process"))
                .hasMessageContaining("leave out process_reward_weight");
        assertThatThrownBy(() -> job("grpo", "f", model, "dynamic_sampling: true", "supervision: process"))
                .hasMessageContaining("dynamic_sampling drops prompts");
        assertThatThrownBy(() -> job("grpo", "g", accuracy, "process_reward_aggregate: last"))
                .hasMessageContaining("are of a process reward model: name one");
        assertThatThrownBy(() -> job("grpo", "h", model, "step_separator: ''"))
                .hasMessageContaining("separated by something");

        assertThat(job("grpo", "i", model, "supervision: process")
                        .rewards()
                        .process()
                        .weight())
                .isEqualTo(1); // is what the answer is said to earn
        assertThat(job("grpo", "j", model).rewards().process().weight()).isEqualTo(1);
        assertThat(job("ppo", "k", model, accuracy, "step_rewards: clip")
                        .rewards()
                        .process()
                        .weight())
                .isZero();
        assertThat(job("ppo", "l", model, "step_rewards: clip", "process_reward_weight: 0.5")
                        .rewards()
                        .process()
                        .weight())
                .isEqualTo(0.5);
        assertThat(job("ppo", "m", model).rewards().process().weight()).isEqualTo(1);
        job("grpo", "n", model, "supervision: process", "reward_funcs: [accuracy]", "reward_weights: [0]");
    }

    @Test
    void settingsAsUsedCanBeReadAgain() throws IOException {
        for (OnlineJob job : List.of(
                job("grpo", "p", "process_reward_model: r", "supervision: process", "loss_type: dr_grpo"),
                job("ppo", "q", "process_reward_model: r", "step_rewards: sum", "step_separator: \"\\n\\n\""))) {
            String method = job instanceof OnlineJob.PpoJob ? "ppo" : "grpo";
            Path yaml = folder.resolve("dumped.yaml");
            Files.writeString(
                    yaml, "method: " + method + "\n" + Dump.yaml((Record) job).replaceAll("(?m)^method:.*\n", ""));
            assertThat(TinyRun.job(yaml)).isEqualTo(job);
        }
    }

    @Test
    void aModelThatDoesNotFitIsToldByACheckAndBeforeTheFirstStep() {
        refused("other", "process_reward_model: " + writer, "is no process reward model of two classes");
        refused("whole-answers", "reward_models: [" + judge + "]", "name it in process_reward_model");
        refused("no-judge", "reward_models: [" + writer + "]", "is no reward model. Train one with");
        refused("separator", "step_separator: ';'", "was taught with \"\\n\" and reads nothing else: leave it out");
        refused("gone", "process_reward_model: " + folder.resolve("none"), "none: there is no such folder");
        refused("lost", "reward_models: [" + folder.resolve("none") + "]", "none: there is no such folder");
    }

    private static void refused(String output, String setting, String why) {
        assertThatThrownBy(() -> train("grpo", output, setting)).hasMessageContaining(why);
        Job job = TinyRun.job(folder.resolve(output + ".yaml"), "output=" + folder.resolve("checked"));
        assertThatThrownBy(() -> new Training(job, false, List.of()).check()).hasMessageContaining(why);
        assertThat(folder.resolve("checked")).doesNotExist();
    }

    @Test
    void aValueModelThatIsNotThereIsToldByACheck() {
        OnlineJob job = job("ppo", "valued", "reward_funcs: [accuracy]", "value_model: " + folder.resolve("none"));
        assertThatThrownBy(() -> new Training(job, false, List.of()).check())
                .hasMessageContaining("none: there is no such folder");
    }

    /** A judge that says of three answers what is asked for, and fails at the fourth. */
    private static RewardScores judged(double[][] steps, double... outcomes) {
        Reward judge = inputs -> IntStream.range(0, inputs.size())
                .mapToObj(i -> i >= steps.length
                        ? Score.failure()
                        : Score.of(
                                steps[i][0],
                                new StepScores(
                                        steps[i],
                                        IntStream.range(0, steps[i].length).toArray()),
                                List.of()))
                .toList();
        Reward other = inputs -> IntStream.range(0, inputs.size())
                .mapToObj(i -> Double.isNaN(outcomes[i]) ? Score.notApplicable() : Score.of(outcomes[i]))
                .toList();
        RewardSet set =
                new RewardSet(List.of(RewardPart.of("other", other), RewardPart.of(OpenRewards.PROCESS, judge)));
        return set.scores(IntStream.range(0, outcomes.length)
                .mapToObj(i -> new RewardInput("", "", 3, true, Map.of()))
                .toList());
    }

    @Test
    void stepsAreMeasuredBesideOtherRewards() {
        RewardScores scores = judged(new double[][] {{0.9, 0.8}, {0.2}, {0.5}}, 1, 0, Double.NaN, 1);
        assertThat(JudgedSteps.of(scores))
                .extracting(steps -> steps.ends().length)
                .containsExactly(2, 1, 1, 0);
        Map<String, Double> got = JudgedSteps.measures(scores).values();
        assertThat(got.get("prm/mean_score")).isCloseTo(0.6, within(1e-12));
        assertThat(got.get("prm/outcome_correlation/other")).isCloseTo(1, within(1e-12)); // of the two that have both
        assertThat(got).doesNotContainKey("prm/outcome_correlation/process");
        assertThat(JudgedSteps.areWholeAnswers(scores)).isFalse();
        assertThat(JudgedSteps.areWholeAnswers(judged(new double[][] {{0.9}, {0.2}}, 1, 0)))
                .isTrue();
    }
}
