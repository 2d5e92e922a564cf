package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.plumb.hub.Checkpoint;
import dev.plumb.reward.Ensemble;
import dev.plumb.reward.RewardInput;
import dev.plumb.reward.RewardScores;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.text.Tokenizer;
import dev.plumb.train.MetricsLog.Split;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reward models in a run: each by itself, several together, on the scales that they keep. */
class LearnedRewardTest {
    @TempDir
    private Path folder;

    private TinyRun tiny;
    private Path one;
    private Path two;
    private Path heads;

    @BeforeEach
    void make() {
        tiny = TinyRun.make(folder);
        one = scoring("one", 3, 1);
        two = scoring("two", 4, 1);
        heads = scoring("heads", 5, 3);
    }

    private Path scoring(String name, long seed, int outputs) {
        Path to = folder.resolve(name);
        try (Checkpoint fresh =
                Checkpoint.loadForScoring(tiny.model(), Optional.of(DType.FLOAT32), Device.CPU, seed, outputs)) {
            fresh.save(to, DType.FLOAT32);
        }
        return to;
    }

    private OnlineJob job(String... more) {
        List<String> all = new ArrayList<>(List.of(
                "per_device_train_batch_size: 8",
                "num_generations: 4",
                "max_completion_length: 5",
                "max_steps: 2",
                "eval_steps: 1",
                "learning_rate: 1e-3"));
        all.addAll(List.of(more));
        return (OnlineJob) TinyRun.job(tiny.yaml("grpo", "run", all.toArray(String[]::new)));
    }

    private static List<RewardInput> inputs(Tokenizer tokenizer) {
        int[] prompt = tokenizer.encode("row 1");
        return List.of(" the lamp", " burns", " a grey old sea", " night night").stream()
                .map(text -> RewardInput.of(tokenizer, prompt, tokenizer.encode(text), true, Map.of()))
                .toList();
    }

    private RewardScores scores(String... settings) {
        try (Checkpoint policy = Checkpoint.load(tiny.model(), Optional.of(DType.FLOAT32), Device.CPU);
                Tokenizer tokenizer = Tokenizer.load(tiny.model());
                OpenRewards rewards = OpenRewards.of(job(settings).rewards(), policy, tokenizer)) {
            return rewards.set().scores(inputs(tokenizer));
        }
    }

    /** What a model gives, by itself. */
    private List<double[]> given(Path model) {
        try (Checkpoint checkpoint = Checkpoint.load(model, Optional.of(DType.FLOAT32), Device.CPU);
                Tokenizer tokenizer = Tokenizer.load(tiny.model())) {
            return new Scorer(checkpoint.decoder())
                    .rewards(inputs(tokenizer).stream().map(RewardInput::ids).toList());
        }
    }

    private String both() {
        return "reward_models: [" + one + ", " + two + "]";
    }

    @Test
    void modelsByThemselvesAreAddedUp() {
        RewardScores scores = scores(both(), "reward_model_weights: [1, 0.5]");
        assertThat(scores.names()).containsExactly("model_1", "model_2");
        for (int i = 0; i < 4; i++) {
            assertThat(scores.totals()[i])
                    .isCloseTo(given(one).get(i)[0] + 0.5 * given(two).get(i)[0], within(1e-6));
        }
        assertThat(scores.spreads()).containsOnly(Double.NaN);
    }

    @Test
    void togetherTheyAreOneRewardLessWhatTheyDisagree() {
        List<double[]> a = given(one);
        List<double[]> b = given(two);
        List<double[]> c = given(heads);
        RewardScores scores = scores(
                "reward_models: [" + one + ", " + two + ", " + heads + "]",
                "reward_model_aggregation: mean_minus_k_std",
                "ensemble_k: 2",
                "reward_model_weights: [0.5]");
        assertThat(scores.names()).containsExactly("model");
        Ensemble by = new Ensemble(Ensemble.Aggregation.MEAN_MINUS_K_STD, 2, 0);
        for (int i = 0; i < 4; i++) {
            double[] members = new double[] {a.get(i)[0], b.get(i)[0], c.get(i)[0], c.get(i)[1], c.get(i)[2]};
            assertThat(scores.raw()[0][i]).isCloseTo(by.reward(members), within(1e-6));
            assertThat(scores.totals()[i]).isCloseTo(0.5 * by.reward(members), within(1e-6));
            assertThat(scores.spreads()[i]).isCloseTo(Ensemble.spread(members), within(1e-6));
        }
        RewardScores worst = scores("reward_models: [" + heads + "]", "reward_model_aggregation: min");
        for (int i = 0; i < 4; i++) {
            assertThat(worst.totals()[i])
                    .isCloseTo(Arrays.stream(c.get(i)).min().orElseThrow(), within(1e-6));
        }
    }

    @Test
    void theScaleThatAFolderKeepsIsUsedAndRewardsAreClipped() {
        List<double[]> a = given(one);
        RewardScales.freeze(one, List.of(new double[] {1}, new double[] {3}));
        String model = "reward_models: [" + one + "]";
        RewardScores scaled = scores(model);
        RewardScores plain = scores(model, "reward_model_normalisation: off");
        RewardScores clipped = scores(model, "reward_model_clip: 1.5");
        for (int i = 0; i < 4; i++) {
            double want = (a.get(i)[0] - 2) / 1; // mean 2, deviation 1
            assertThat(scaled.totals()[i]).isCloseTo(want, within(1e-6));
            assertThat(plain.totals()[i]).isCloseTo(a.get(i)[0], within(1e-6));
            assertThat(clipped.totals()[i]).isCloseTo(Math.max(-1.5, Math.min(1.5, want)), within(1e-6));
        }
        assertThat(Arrays.stream(scaled.totals())).anyMatch(reward -> Math.abs(reward) > 1.5); // or nothing was clipped
        assertThat(scores(both()).totals()).doesNotContain(Double.NaN); // each on its own
        assertThatThrownBy(() -> scores(both(), "reward_model_aggregation: mean"))
                .hasMessageContaining("so theirs are not those of the others");
    }

    @Test
    void aRunLearnsFromAnEnsembleAndSaysHowFarItDisagrees() {
        new Training(job(both(), "reward_model_aggregation: mean_minus_w_var", "beta: 0.04"), false, List.of("test"))
                .run();
        RunLayout run = tiny.layout("run");
        for (Split split : Split.values()) {
            for (MetricsLog.Entry entry : TinyRun.entries(run, split)) {
                assertThat(entry.values().get("reward/ensemble_std")).isPositive();
                assertThat(entry.values()).containsKeys("reward", "rewards/model/mean", "kl");
            }
        }
    }

    @Test
    void whatMakesNoSenseIsRefusedWithTheRemedy() {
        assertThatThrownBy(() -> scores("reward_models: [" + heads + "]"))
                .hasMessageContaining("gives 3 rewards")
                .hasMessageContaining("reward_model_aggregation: mean_minus_k_std");
        assertThatThrownBy(() -> scores("reward_models: [" + one + "]", "reward_model_aggregation: mean"))
                .hasMessageContaining("name further reward_models, or leave it out");
        assertThatThrownBy(() -> scores("reward_models: [" + tiny.model() + "]"))
                .hasMessageContaining("is no reward model");
        assertThatThrownBy(() -> job(both(), "reward_model_weights: [1]"))
                .hasMessageContaining("has 1 weights for 2 reward_models");
        assertThatThrownBy(() -> job(both(), "reward_model_aggregation: min", "reward_model_weights: [1, 1]"))
                .hasMessageContaining("for the one reward that reward_model_aggregation makes");
        assertThatThrownBy(() -> job(both(), "reward_model_aggregation: min", "ensemble_k: 2"))
                .hasMessageContaining("ensemble_k is used by reward_model_aggregation: mean_minus_k_std only");
        assertThatThrownBy(() -> job(both(), "ensemble_w: 2"))
                .hasMessageContaining("ensemble_w is used by reward_model_aggregation: mean_minus_w_var only");
        assertThatThrownBy(() -> job("reward_funcs: [accuracy]", "reward_model_clip: 2"))
                .hasMessageContaining("are of reward_models: name some");
    }
}
