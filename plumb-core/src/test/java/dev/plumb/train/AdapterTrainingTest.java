package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.plumb.config.Binder;
import dev.plumb.config.PlumbException;
import dev.plumb.config.YamlSource;
import dev.plumb.data.Stores;
import dev.plumb.data.TokenPair;
import dev.plumb.data.TokenSequence;
import dev.plumb.data.TokenStore;
import dev.plumb.hub.AdapterFolder;
import dev.plumb.hub.Checkpoint;
import dev.plumb.hub.Safetensors;
import dev.plumb.model.Adapter;
import dev.plumb.model.Architecture;
import dev.plumb.model.Decoder;
import dev.plumb.model.Models;
import dev.plumb.model.Weights;
import dev.plumb.objective.Dpo;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Functional;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import dev.plumb.train.MetricsLog.Split;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Training an adapter: its gradients, the reference that costs nothing, runs and what they leave. */
class AdapterTrainingTest {
    private static final int VOCABULARY = 60;
    private static final Dpo DPO = new Dpo(Binder.bind(Dpo.Config.class, YamlSource.commandLine()));

    @TempDir
    private Path folder;

    private static Adapter adapter(Decoder decoder, boolean rslora, boolean dora) {
        return Adapter.fresh(new Adapter.Settings(3, 6, List.of("q_proj", "up_proj"), rslora, dora), decoder, 1);
    }

    private static void shake(Adapter adapter) {
        try (NoGrad guard = NoGrad.open();
                Scope scope = Scope.open()) {
            adapter.parameters()
                    .values()
                    .forEach(parameter -> parameter.addInPlace(
                            Tensor.zeros(parameter.dtype(), Device.CPU, parameter.shape())
                                    .normalInPlace(0, 0.2),
                            1));
        }
    }

    private static List<TokenPair> pairs(int rows) {
        Random random = new Random(2);
        List<TokenPair> pairs = new ArrayList<>();
        for (int row = 0; row < rows; row++) {
            pairs.add(new TokenPair(ids(random), ids(random), ids(random)));
        }
        return pairs;
    }

    private static int[] ids(Random random) {
        return random.ints(1 + random.nextInt(9), 0, VOCABULARY).toArray();
    }

    private static Reference reference(FrozenModel frozen) {
        Policy policy = new Policy(frozen.decoder(), false);
        return part -> policy.score(part.packing()).logps();
    }

    /** The loss by nothing but autograd. */
    private static Tensor plainLoss(Decoder policy, List<TokenPair> pairs) {
        Tensor loss = Tensor.zeros(policy.weights().dtype(), Device.CPU);
        for (TokenPair pair : pairs) {
            Tensor margin =
                    reward(policy, pair.prompt(), pair.chosen()).sub(reward(policy, pair.prompt(), pair.rejected()));
            loss = loss.sub(Functional.logSigmoid(margin.mul(0.1)));
        }
        return loss.div(pairs.size());
    }

    private static Tensor reward(Decoder policy, int[] prompt, int[] completion) {
        int[] ids = Arrays.copyOf(prompt, prompt.length + completion.length);
        System.arraycopy(completion, 0, ids, prompt.length, completion.length);
        Tensor reference = Plain.logps(policy.withoutAdapter(), ids, completion.length);
        return Plain.logps(policy, ids, completion.length).sub(reference).sum();
    }

    @ParameterizedTest
    @CsvSource({"false,false,false", "true,false,false", "false,true,false", "false,false,true", "false,true,true"})
    void gradientsAreThoseOfPlainAutograd(boolean rslora, boolean dora, boolean checkpointing) {
        Architecture shape = Models.llama(VOCABULARY, 16, 2, 2, 1);
        try (Weights weights = Weights.random(shape, 0.3, 1, Device.CPU);
                Adapter adapter = adapter(new Decoder(shape, weights), rslora, dora);
                TokenStore store = Stores.of(folder, pairs(7))) {
            shake(adapter);
            Decoder decoder = new Decoder(shape, weights).with(adapter);
            Optimisation settings =
                    Plain.optimisation("micro_batch_tokens=40", "gradient_checkpointing=" + checkpointing);
            try (FrozenModel frozen = FrozenModel.of(decoder);
                    AdamW optimizer = new AdamW(decoder.trained(), settings.adam())) {
                Metrics measured = new PreferenceLoop(decoder, settings, DPO, Optional.of(reference(frozen)))
                        .learn(optimizer, store, store.rows());
                Map<String, double[]> got = Plain.gradients(decoder, optimizer);
                assertThat(weights.all().values()).noneMatch(Tensor::hasGrad).noneMatch(Tensor::requiresGrad);
                Map<String, double[]> want = new LinkedHashMap<>();
                try (Scope scope = Scope.open()) {
                    Tensor loss = plainLoss(decoder, pairs(7));
                    assertThat(measured.values().get("loss")).isCloseTo(loss.item(), within(1e-5));
                    loss.backward();
                    adapter.parameters()
                            .forEach((name, parameter) ->
                                    want.put(name, parameter.grad().reshape(-1).toDoubles()));
                }
                assertThat(got.keySet()).isEqualTo(adapter.parameters().keySet());
                Plain.assertSame(got, want, 1e-4);
                if (!dora) { // of DoRA the length in the denominator counts as a constant, which differences cannot
                    // know
                    assertDifferences(decoder, adapter, want);
                }
            }
        }
    }

    /** Along the gradient of each parameter, the loss must change as fast as the gradient is long. */
    private static void assertDifferences(Decoder decoder, Adapter adapter, Map<String, double[]> gradients) {
        adapter.parameters().forEach((name, parameter) -> {
            double length =
                    Math.sqrt(Arrays.stream(gradients.get(name)).map(g -> g * g).sum());
            double step = 0.005;
            try (Scope scope = Scope.open();
                    NoGrad guard = NoGrad.open()) {
                Tensor direction = Tensor.of(
                                Arrays.stream(gradients.get(name))
                                        .map(g -> g / length)
                                        .toArray(),
                                Device.CPU)
                        .to(parameter.dtype())
                        .reshape(parameter.shape());
                Tensor start = parameter.detach().copy();
                parameter.addInPlace(direction, step);
                double up = plainLoss(decoder, pairs(7)).item();
                parameter.copyInPlace(start).addInPlace(direction, -step);
                double down = plainLoss(decoder, pairs(7)).item();
                parameter.copyInPlace(start);
                assertThat((up - down) / (2 * step)).as(name).isCloseTo(length, within(0.005 * length + 1e-4));
            }
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void beforeTheFirstUpdateTheLossIsLogTwoExactly(boolean dora) {
        Architecture shape = Models.llama(VOCABULARY, 16, 2, 2, 1);
        try (Weights weights = Weights.random(shape, 0.3, 1, Device.CPU);
                Adapter adapter = adapter(new Decoder(shape, weights), false, dora);
                TokenStore store = Stores.of(folder, pairs(16))) {
            Decoder decoder = new Decoder(shape, weights).with(adapter);
            Optimisation settings = Plain.optimisation("micro_batch_tokens=40");
            try (FrozenModel frozen = FrozenModel.of(decoder);
                    AdamW optimizer = new AdamW(decoder.trained(), settings.adam())) {
                assertThat(frozen.decoder().weights()).isSameAs(weights);
                assertThat(frozen.decoder().adapter()).isEmpty();
                PreferenceLoop loop = new PreferenceLoop(decoder, settings, DPO, Optional.of(reference(frozen)));
                Map<String, Double> measured =
                        loop.learn(optimizer, store, store.rows()).values();
                assertThat(measured.get("loss").floatValue()).isEqualTo((float) Math.log(2));
                assertThat(measured.get("rewards/margins")).isZero();
                assertThat(measured.get("rewards/chosen")).isZero();
                // The reference stays where it was while the policy moves.
                double[] before = reference(frozen)
                        .logps(Part.pairs(store, store.rows(), 1000, Packing.Style.SHARED)
                                .iterator()
                                .next())
                        .toDoubles();
                optimizer.step(0.05, 1);
                assertThat(loop.evaluate(store, store.rows()).values().get("rewards/margins"))
                        .isNotZero();
                assertThat(reference(frozen)
                                .logps(Part.pairs(store, store.rows(), 1000, Packing.Style.SHARED)
                                        .iterator()
                                        .next())
                                .toDoubles())
                        .containsExactly(before);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"float32,false", "float32,true", "bfloat16,false"})
    void aShortRunWidensTheMarginOnHeldOutRows(String dtype, boolean dora) throws IOException {
        TinyRun tiny = TinyRun.make(folder);
        Files.write(folder.resolve("pairs.jsonl"), animals());
        RunLayout run = tiny.train(
                "dpo",
                "run",
                "max_steps: 30",
                "learning_rate: 1e-2",
                "save_steps: 15",
                "use_peft: true",
                "lora_r: 4",
                "use_dora: " + dora,
                "dtype: " + dtype);
        List<MetricsLog.Entry> eval = TinyRun.entries(run, Split.EVAL);
        assertThat(eval.get(0).values().get("rewards/margins"))
                .isCloseTo(0, within(dtype.equals("float32") ? 0 : 0.01));
        double margin = eval.get(eval.size() - 1).values().get("rewards/margins");
        double accuracy = eval.get(eval.size() - 1).values().get("rewards/accuracies");
        System.out.println(
                dtype + (dora ? " DoRA" : " LoRA") + ": held-out margin 0 -> " + margin + ", accuracy " + accuracy);
        assertThat(margin).isGreaterThan(0.2);
        assertThat(accuracy).isGreaterThan(0.9);
        assertFiles(tiny, run, dora);
    }

    /** Pairs in which one of two words is always preferred. */
    private static List<String> animals() {
        List<String> rows = new ArrayList<>();
        for (int row = 0; row < 60; row++) {
            rows.add("{\"prompt\": \"row " + row + "\", \"chosen\": \" the lamp\", \"rejected\": \" the storm\"}");
        }
        return rows;
    }

    /** The final folder is that of a PEFT adapter with a tokenizer, and so is a checkpoint; both without the model. */
    private static void assertFiles(TinyRun tiny, RunLayout run, boolean dora) {
        assertThat(run.finalModel())
                .isDirectoryContaining("glob:**/adapter_config.json")
                .isDirectoryContaining("glob:**/tokenizer.json")
                .isDirectoryNotContaining("glob:**/model.safetensors")
                .isDirectoryNotContaining("glob:**/config.json");
        assertThat(AdapterFolder.base(run.finalModel())).isEqualTo(tiny.model());
        Path checkpoint = run.checkpoints().resolve("step-15");
        try (Safetensors moments = Safetensors.open(checkpoint.resolve("optimizer.safetensors"));
                Safetensors adapter = Safetensors.open(checkpoint.resolve("adapter_model.safetensors"))) {
            assertThat(checkpoint).isDirectoryNotContaining("glob:**/model.safetensors");
            assertThat(adapter.names()).hasSize(2 * 7 * (dora ? 3 : 2)).allMatch(name -> name.contains("lora_"));
            assertThat(moments.names()).hasSize(3 * adapter.names().size()); // with counts, and no master copies
        }
        TokenSequence text = new TokenSequence(new int[] {5, 9, 20, 31}, new boolean[] {false, true, true, true});
        try (Checkpoint base = Checkpoint.load(tiny.model(), Optional.empty(), Device.CPU)) {
            Checkpoint adapted = base.with(AdapterFolder.read(run.finalModel(), base.decoder()));
            double[] unmerged =
                    new Scorer(adapted.decoder()).logProbs(List.of(text)).get(0);
            double[] off = new Scorer(base.decoder()).logProbs(List.of(text)).get(0);
            Checkpoint merged = adapted.merged();
            assertThat(new Scorer(merged.decoder()).logProbs(List.of(text)).get(0))
                    .containsExactly(unmerged, within(2e-5));
            assertThat(unmerged[0]).isNotCloseTo(off[0], within(1e-3));
        }
    }

    @Test
    void aRunTakenUpAgainEndsWithTheSameAdapter() {
        TinyRun tiny = TinyRun.make(folder);
        String[] settings = {"max_steps: 8", "save_steps: 3", "eval_steps: 4", "use_peft: true", "lora_r: 4"};
        RunLayout want = tiny.train("sft", "want", settings);
        tiny.assertResumes(3, want);
        tiny.assertResumes(0, want);
    }

    @Test
    void theBestAdapterIsTheFinalOneIfAskedFor() {
        TinyRun tiny = TinyRun.make(folder);
        RunLayout run = tiny.train(
                "sft",
                "run",
                "max_steps: 12",
                "eval_steps: 2",
                "save_steps: 2",
                "save_total_limit: 9",
                "learning_rate: 0.3",
                "load_best_model_at_end: true",
                "use_peft: true");
        Path best = new Checkpoints(run).best().orElseThrow().folder();
        assertThat(run.finalModel().resolve("adapter_model.safetensors"))
                .hasSameBinaryContentAs(best.resolve("adapter_model.safetensors"));
    }

    /** A step must not hold the weights a second time, be it as a reference, as gradients or as moments. */
    @Test
    void aStepHoldsNoSecondCopyOfTheWeights() throws IOException {
        Path peak = Path.of("/proc/self/clear_refs");
        Assumptions.assumeTrue(
                Files.isWritable(peak), "skipped: no peak of memory that can be set back on this system");
        Architecture shape = Models.llama(VOCABULARY, 1024, 6, 8, 8);
        try (Weights weights = Weights.random(shape, 0.02, 1, Device.CPU);
                TokenStore store = Stores.of(folder, pairs(2))) { // few, so that what they make weighs little
            long size = 4 * weights.count() >> 20;
            Decoder base = new Decoder(shape, weights);
            warm(store); // libraries take what they need
            Files.writeString(peak, "5");
            long before = kilobytes("VmRSS");
            try (Adapter adapter = Adapter.fresh(
                            new Adapter.Settings(16, 32, List.of(Adapter.ALL_LINEAR), false, false), base, 1);
                    FrozenModel frozen = FrozenModel.of(base.with(adapter));
                    AdamW optimizer =
                            new AdamW(adapter.parameters(), Plain.optimisation().adam())) {
                steps(base.with(adapter), frozen, optimizer, store);
            }
            long grown = (kilobytes("VmHWM") - before) / 1024;
            System.out.println("two DPO steps with an adapter grew the process by " + grown
                    + " MB at most; its weights are " + size + " MB");
            assertThat(grown).isLessThan(size / 2);
        }
    }

    private static void warm(TokenStore store) {
        Architecture shape = Models.llama(VOCABULARY, 64, 1, 2, 2);
        try (Weights weights = Weights.random(shape, 0.02, 1, Device.CPU)) {
            Decoder decoder = new Decoder(shape, weights);
            try (FrozenModel frozen = FrozenModel.of(decoder);
                    AdamW optimizer =
                            new AdamW(decoder.trained(), Plain.optimisation().adam())) {
                steps(decoder, frozen, optimizer, store);
            }
        }
    }

    private static void steps(Decoder decoder, FrozenModel frozen, AdamW optimizer, TokenStore store) {
        PreferenceLoop loop = new PreferenceLoop(decoder, Plain.optimisation(), DPO, Optional.of(reference(frozen)));
        for (int step = 0; step < 2; step++) {
            loop.learn(optimizer, store, store.rows());
            optimizer.step(1e-3, 1);
        }
    }

    private static long kilobytes(String name) throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith(name + ":"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void wrongSettingsAreRefusedInASentence() {
        TinyRun tiny = TinyRun.make(folder);
        Path yaml = tiny.yaml("dpo", "run", "max_steps: 2");
        assertThatThrownBy(() -> TinyRun.job(yaml, "lora_r=8"))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("use_peft is false; add use_peft: true");
        assertThatThrownBy(() -> TinyRun.job(yaml, "use_peft=true", "lora_dropout=0.05"))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("adapters have no dropout in Plumb; leave it at 0");
        Job job = TinyRun.job(yaml, "use_peft=true", "lora_target_modules=[q_proj, gate_porj]");
        assertThatThrownBy(() -> new Training(job, false, List.of("test")).run())
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining(
                        "lora_target_modules: No linear layer of this llama model is called 'gate_porj', did you mean 'gate_proj'?");
    }
}
