package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.plumb.data.RowKind;
import dev.plumb.evaluate.PairScores;
import dev.plumb.hub.Checkpoint;
import dev.plumb.tensor.Device;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pair by pair, a trained model is measured as its own run measured it as a whole. */
class OwnRewardsTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "dpo",
                "dpo loss_type=[sigmoid_norm]",
                "dpo loss_type=[aot]",
                "ipo",
                "simpo",
                "orpo",
                "cpo",
                "cpo loss_type=simpo",
                "kto"
            })
    void rewardsAreThoseThatTheRunLogged(String words) {
        String[] all = words.split(" ");
        TinyRun tiny = TinyRun.make(folder);
        Path yaml = tiny.yaml(
                all[0],
                "run",
                "max_steps: 5",
                "data: {files: [" + folder.resolve("pairs.jsonl") + "], eval_share: 0.15}");
        Job job = TinyRun.job(yaml, Arrays.copyOfRange(all, 1, all.length));
        new Training(job, false, List.of("test")).run();
        List<MetricsLog.Entry> measured = TinyRun.entries(tiny.layout("run"), MetricsLog.Split.EVAL);
        MetricsLog.Entry last = measured.get(measured.size() - 1);

        try (Workplace start = Workplace.open(job.run(), RowKind.PREFERENCE);
                Checkpoint trained = Checkpoint.load(tiny.layout("run").finalModel(), Optional.empty(), Device.CPU)) {
            Evaluation evaluation = new Evaluation(List.of(start.dataset().eval()));
            List<float[]> before = evaluation.tokenLogps(start.checkpoint().decoder());
            PairScores rewards = evaluation.rewards(trained.decoder(), before, job);
            assertThat(rewards.chosen().length).isGreaterThan(3);
            assertThat(mean(rewards.chosen())).isCloseTo(last.values().get("rewards/chosen"), within(1e-4));
            assertThat(mean(rewards.rejected())).isCloseTo(last.values().get("rewards/rejected"), within(1e-4));
            if (last.values().containsKey("rewards/accuracies")) {
                assertThat(mean(rewards.right())).isCloseTo(last.values().get("rewards/accuracies"), within(1e-6));
            }
            assertThat(evaluation.sums(before).chosen())
                    .containsExactly(
                            evaluation.logps(start.checkpoint().decoder()).chosen(), within(1e-3));
        }
    }

    @Test
    void answersEndByThemselvesOrAtTheLimit() {
        TinyRun tiny = TinyRun.make(folder);
        Job job = TinyRun.job(tiny.yaml("dpo", "run"));
        try (Workplace start = Workplace.open(job.run(), RowKind.PREFERENCE)) {
            Evaluation evaluation = new Evaluation(List.of(start.dataset().eval()));
            List<int[]> prompts = evaluation.prompts(3, 500);
            assertThat(prompts).hasSize(3);
            assertThat(evaluation.prompts(3, prompts.get(0).length - 1)).isNotEqualTo(prompts);
            Evaluation.Answered answered = Evaluation.answers(start.checkpoint().decoder(), prompts, 5, Set.of());
            assertThat(answered.lengths()).containsExactly(5, 5, 5);
            assertThat(answered.stopped()).containsExactly(0, 0, 0);
            Evaluation.Answered ended = Evaluation.answers(
                    start.checkpoint().decoder(),
                    prompts,
                    5,
                    java.util.stream.IntStream.range(0, 280).boxed().collect(java.util.stream.Collectors.toSet()));
            assertThat(ended.lengths()).containsExactly(1, 1, 1);
            assertThat(ended.stopped()).containsExactly(1, 1, 1);
        }
    }

    private static double mean(double[] values) {
        return Arrays.stream(values).average().orElseThrow();
    }
}
