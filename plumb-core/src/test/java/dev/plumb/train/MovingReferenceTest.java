package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.plumb.config.PlumbException;
import dev.plumb.hub.Safetensors;
import dev.plumb.model.Architecture;
import dev.plumb.model.Decoder;
import dev.plumb.model.Models;
import dev.plumb.model.Weights;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import dev.plumb.train.MetricsLog.Split;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A reference that follows the policy is where the formula says, in memory, in checkpoints and after a restart. */
class MovingReferenceTest {
    private static final Architecture SHAPE = Models.llama(40, 8, 1, 2, 1);

    @TempDir
    private Path folder;

    private static ReferenceSettings every(int steps, double alpha) {
        return new ReferenceSettings(false, true, alpha, steps);
    }

    private static Map<String, double[]> numbers(Weights weights) {
        Map<String, double[]> numbers = new LinkedHashMap<>();
        try (Scope scope = Scope.open()) {
            weights.all().forEach((name, weight) -> numbers.put(name, doubles(weight)));
        }
        return numbers;
    }

    private static double[] doubles(Tensor tensor) {
        return tensor.detach().to(DType.FLOAT32).reshape(-1).toDoubles();
    }

    private static void add(Weights weights, double amount) {
        try (NoGrad guard = NoGrad.open()) {
            weights.all().values().forEach(weight -> weight.addInPlace(amount));
        }
    }

    private static Weights weights(DType type) {
        try (Weights wide = Weights.random(SHAPE, 0.3, 1, Device.CPU);
                Scope scope = Scope.open();
                NoGrad guard = NoGrad.open()) {
            Map<String, Tensor> made = new LinkedHashMap<>();
            wide.all()
                    .forEach((name, weight) ->
                            made.put(name, Scope.release(weight.to(type).copy())));
            return new Weights(made);
        }
    }

    @Test
    void itMovesByTheFormulaWhenItIsTimeAndOnlyThen() {
        try (Weights weights = weights(DType.FLOAT32);
                FrozenModel reference = FrozenModel.of(new Decoder(SHAPE, weights), every(2, 0.3))) {
            Map<String, double[]> want = numbers(weights);
            for (int step = 1; step <= 7; step++) {
                add(weights, 0.1 * step);
                reference.afterStep(step);
                if (step % 2 == 0) {
                    numbers(weights).forEach((name, policy) -> {
                        double[] mixed = want.get(name);
                        for (int i = 0; i < mixed.length; i++) {
                            mixed[i] = 0.3 * policy[i] + 0.7 * mixed[i];
                        }
                    });
                }
                numbers(reference.decoder().weights())
                        .forEach((name, got) -> assertThat(got).as(name).containsExactly(want.get(name), within(1e-5)));
            }
        }
    }

    /** In 16 bits alone a step of a hundredth of a small difference would round to nothing, and the reference stand still. */
    @Test
    void smallMovesOf16BitWeightsAreNotRoundedAway() {
        try (Weights weights = weights(DType.BFLOAT16);
                FrozenModel reference = FrozenModel.of(new Decoder(SHAPE, weights), every(1, 0.01))) {
            double[] start = numbers(weights).get("model.norm.weight");
            add(weights, 0.0625);
            double[] policy = numbers(weights).get("model.norm.weight");
            for (int step = 1; step <= 100; step++) {
                reference.afterStep(step);
            }
            double share = 1 - Math.pow(0.99, 100);
            double[] got = numbers(reference.decoder().weights()).get("model.norm.weight");
            for (int i = 0; i < got.length; i++) {
                assertThat(policy[i] - start[i]).isEqualTo(0.0625);
                assertThat(got[i]).isCloseTo(start[i] + share * 0.0625, within(0.004)); // half a unit of bfloat16 at 1
            }
            assertThat(reference.decoder().weights().dtype()).isEqualTo(DType.BFLOAT16);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "dpo,float32,0.6931471805599453",
        "dpo,bfloat16,0.6931471805599453",
        "ipo,float32,25",
        "kto,float32,0.5",
    })
    void whereItTakesThePolicyTheNextStepStartsAnew(String method, String dtype, double start) {
        RunLayout run = TinyRun.make(folder)
                .train(
                        method,
                        "run",
                        "max_steps: 7",
                        "eval_steps: 1",
                        "dtype: " + dtype,
                        "sync_ref_model: true",
                        "ref_model_mixup_alpha: 1",
                        "ref_model_sync_steps: 3");
        for (MetricsLog.Entry entry : TinyRun.entries(run, Split.TRAIN)) {
            if (entry.step() % 3 == 1) { // the first after a move
                assertThat(entry.values().get("loss"))
                        .as("step " + entry.step())
                        .isCloseTo(start, within(1e-5 * start));
            } else {
                assertThat(Math.abs(entry.values().get("loss") - start)).isGreaterThan(1e-4);
            }
        }
        for (MetricsLog.Entry entry : TinyRun.entries(run, Split.EVAL)) {
            if (entry.step() % 3 == 0) {
                assertThat(entry.values().get("rewards/margins")).isZero();
            } else {
                assertThat(entry.values().get("rewards/margins")).isNotZero();
            }
        }
    }

    @Test
    void checkpointsHoldItAndFinalModelsDoNot() {
        RunLayout run = TinyRun.make(folder)
                .train(
                        "dpo",
                        "run",
                        "max_steps: 4",
                        "save_steps: 1",
                        "save_total_limit: 9",
                        "sync_ref_model: true",
                        "ref_model_mixup_alpha: 0.25",
                        "ref_model_sync_steps: 2");
        Path start = folder.resolve("model/model.safetensors");
        Path second = checkpoint(run, 2).resolve("model.safetensors");
        Path fourth = checkpoint(run, 4).resolve("model.safetensors");
        try (Safetensors before = Safetensors.open(start);
                Safetensors at2 = Safetensors.open(second);
                Safetensors at4 = Safetensors.open(fourth);
                Scope scope = Scope.open()) {
            assertReference(run, 1, name -> doubles(before.read(name)));
            assertReference(run, 2, name -> mixed(doubles(at2.read(name)), doubles(before.read(name))));
            assertReference(run, 3, name -> mixed(doubles(at2.read(name)), doubles(before.read(name))));
            assertReference(
                    run,
                    4,
                    name -> mixed(doubles(at4.read(name)), mixed(doubles(at2.read(name)), doubles(before.read(name)))));
        }
        assertThat(run.finalModel()).isDirectoryNotContaining("glob:**/reference*");
    }

    private static Path checkpoint(RunLayout run, int step) {
        return run.checkpoints().resolve("step-" + step);
    }

    private static double[] mixed(double[] policy, double[] reference) {
        double[] mixed = new double[policy.length];
        for (int i = 0; i < mixed.length; i++) {
            mixed[i] = 0.25 * policy[i] + 0.75 * reference[i];
        }
        return mixed;
    }

    private static void assertReference(RunLayout run, int step, java.util.function.Function<String, double[]> want) {
        try (Safetensors file = Safetensors.open(checkpoint(run, step).resolve("reference.safetensors"));
                Scope scope = Scope.open()) {
            assertThat(file.names()).isNotEmpty();
            for (String name : file.names()) {
                assertThat(doubles(file.read(name)))
                        .as(name + " at step " + step)
                        .containsExactly(want.apply(name), within(1e-6));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"dpo,float32,0.3", "dpo,bfloat16,0.3", "dpo,bfloat16,1", "ipo,float32,0.3", "kto,float32,0.3"})
    void aRunTakenUpAgainIsTheSameBitForBit(String method, String dtype, double alpha) {
        TinyRun tiny = TinyRun.make(folder);
        String[] settings = {
            "max_steps: 11",
            "save_steps: 4",
            "eval_steps: 3",
            "dtype: " + dtype,
            "sync_ref_model: true",
            "ref_model_mixup_alpha: " + alpha,
            "ref_model_sync_steps: 3"
        };
        RunLayout want = tiny.train(method, "want", settings);
        tiny.assertResumes(4, want);
        tiny.assertResumes(0, want);
    }

    @ParameterizedTest
    @ValueSource(strings = {"dpo", "ipo", "kto"})
    void whatCannotGoTogetherIsRefusedInASentence(String method) {
        Path yaml = TinyRun.make(folder).yaml(method, "run", "sync_ref_model: true");
        assertRefused(yaml, "it only once, before the first step", "precompute_ref_log_probs=true");
        assertRefused(yaml, "the model below the adapter", "use_peft=true");
        assertRefused(yaml, "cannot be compared", "eval_steps=2", "early_stopping_patience=2");
        assertRefused(yaml, "cannot be compared", "eval_steps=2", "save_steps=2", "load_best_model_at_end=true");
        assertRefused(yaml, "add sync_ref_model: true", "sync_ref_model=false", "ref_model_mixup_alpha=0.5");
        assertRefused(yaml, "ref_model_mixup_alpha", "ref_model_mixup_alpha=0");
        assertRefused(yaml, "ref_model_mixup_alpha", "ref_model_mixup_alpha=1.1");
        assertRefused(yaml, "ref_model_sync_steps", "ref_model_sync_steps=0");
    }

    private static void assertRefused(Path yaml, String why, String... overrides) {
        assertThatThrownBy(() -> TinyRun.job(yaml, overrides))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining(why);
    }

    @Test
    void aRunTooShortForAMoveSaysSo() {
        Path yaml = TinyRun.make(folder).yaml("dpo", "run", "sync_ref_model: true", "max_steps: 5");
        assertThat(check(yaml)).contains("the run has 5 steps, fewer than ref_model_sync_steps: 512");
        assertThat(check(yaml, "ref_model_sync_steps=5")).doesNotContain("stays where it is");
    }

    private static String check(Path yaml, String... overrides) {
        PrintStream out = System.out;
        ByteArrayOutputStream caught = new ByteArrayOutputStream();
        System.setOut(new PrintStream(caught, true, StandardCharsets.UTF_8));
        try {
            new Training(TinyRun.job(yaml, overrides), false, List.of("test")).check();
        } finally {
            System.setOut(out);
        }
        return caught.toString(StandardCharsets.UTF_8);
    }
}
