package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.plumb.hub.Safetensors;
import dev.plumb.tensor.DType;
import dev.plumb.train.MetricsLog.Split;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Weights of 16 bits with master copies of 32: they learn what 32-bit weights learn, and a run goes on exactly. */
class NarrowWeightsTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"sft", "dpo"})
    void lossesStayNearThoseOfWideWeights(String method) {
        TinyRun tiny = TinyRun.make(folder);
        String[] settings = {"max_steps: 40", "learning_rate: 2e-3", "save_steps: 0"};
        RunLayout wide = tiny.train(method, "wide", with(settings, "dtype: float32"));
        RunLayout narrow = tiny.train(method, "narrow", with(settings, "dtype: bfloat16"));
        List<MetricsLog.Entry> want = TinyRun.entries(wide, Split.EVAL);
        List<MetricsLog.Entry> got = TinyRun.entries(narrow, Split.EVAL);
        double start = want.get(0).values().get("loss");
        double end = want.get(1).values().get("loss");
        assertThat(end).isLessThan(0.95 * start);
        assertThat(got.get(0).values().get("loss")).isCloseTo(start, within(0.01 * start));
        assertThat(got.get(1).values().get("loss")).isCloseTo(end, within(0.2 * (start - end)));
    }

    /** Steps far smaller than the spacing of 16-bit numbers add up in the master copies. */
    @Test
    void smallStepsAreNotLost() {
        TinyRun tiny = TinyRun.make(folder);
        RunLayout run = tiny.train("sft", "run", "dtype: bfloat16", "learning_rate: 1e-4", "max_steps: 60");
        List<MetricsLog.Entry> eval = TinyRun.entries(run, Split.EVAL);
        assertThat(eval.get(1).values().get("loss"))
                .isLessThan(eval.get(0).values().get("loss") - 0.01);
    }

    @Test
    void aRunThatGoesOnIsBitForBitTheSame() {
        TinyRun tiny = TinyRun.make(folder);
        String[] settings = {"dtype: bfloat16", "max_steps: 20", "save_steps: 7", "save_total_limit: 9"};
        RunLayout want = tiny.train("dpo", "left", settings);
        tiny.train("dpo", "stopped", settings);
        RunLayout got = tiny.resumeFrom(7, "stopped");
        TinyRun.assertSame(got, want);
        try (Safetensors file = Safetensors.open(got.finalModel().resolve("model.safetensors"))) {
            assertThat(file.dtype("model.norm.weight")).contains(DType.BFLOAT16);
        }
    }

    @Test
    void aStoredReferenceAgreesWithThePolicyAtTheStart() {
        TinyRun tiny = TinyRun.make(folder);
        TrainingProcess process = TrainingProcess.start(
                tiny.yaml(
                        "dpo", "run", "dtype: bfloat16", "max_steps: 3", "precompute_ref_log_probs: true", "beta: 0.5"),
                false);
        assertThat(process.end()).as(process.output()).isZero();
        MetricsLog.Entry first =
                TinyRun.entries(tiny.layout("run"), Split.TRAIN).get(0);
        assertThat(first.values().get("loss")).isCloseTo(Math.log(2), within(0.05));
    }

    private static String[] with(String[] settings, String one) {
        String[] all = java.util.Arrays.copyOf(settings, settings.length + 1);
        all[settings.length] = one;
        return all;
    }
}
