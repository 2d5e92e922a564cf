package dev.plumb.train;

import dev.plumb.config.Binder;
import dev.plumb.config.PlumbException;
import dev.plumb.config.YamlSource;
import dev.plumb.data.RowId;
import dev.plumb.data.TokenPair;
import dev.plumb.data.TokenPrompt;
import dev.plumb.data.TokenSequence;
import dev.plumb.data.TokenStore;
import dev.plumb.model.Adapter;
import dev.plumb.model.Architecture;
import dev.plumb.model.Decoder;
import dev.plumb.model.Rope;
import dev.plumb.model.Weights;
import dev.plumb.objective.Dpo;
import dev.plumb.objective.PreferenceObjective;
import dev.plumb.objective.Sft;
import dev.plumb.objective.SimPo;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import dev.plumb.tensor.Torch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * Times training steps through the same loops that runs use, on random weights and tokens, beside the rate that a plain
 * matrix product reaches in the same process. A benchmark, not a test.
 */
public final class TrainBench {
    private static final int VOCABULARY = 32_000;
    private static final int PROMPT = 128;
    private static final int[] CHOSEN = {64, 128, 192, 256};
    private static final int[] REJECTED = {256, 64, 128, 192};

    private static final PreferenceObjective DPO = new Dpo(settings(Dpo.Config.class, List.of()));
    private static final PreferenceObjective SIMPO = new SimPo(settings(SimPo.Config.class, List.of()));

    private TrainBench() {}

    /** What one step does. */
    public enum Task {
        /** 4 pairs, prompts of 128 tokens, completions of 64 to 256, with a frozen copy as reference. */
        DPO,
        /** The same with the reference's log-probabilities known. */
        DPO_PRE,
        /** The same where an adapter of rank 16 on all linear layers is trained, whose reference is the model without it. */
        DPO_LORA,
        /** The same pairs without a reference. */
        SIMPO,
        /** 8 sequences of 256 tokens, all trained. */
        SFT,
        /** 4 prompts of 64 tokens with 8 completions of 64 each: drawn, rewarded, learnt from without a reference. */
        GRPO
    }

    /** Sizes of random Llamas with vocabulary 32000 and tied embeddings. */
    public enum Size {
        /** 40 million parameters. */
        SMALL(512, 8, 8, 4, 1408),
        /** 110 million parameters. */
        BASE(768, 12, 12, 12, 2048);

        private final int width;
        private final int layers;
        private final int heads;
        private final int keyValueHeads;
        private final int inner;

        Size(int width, int layers, int heads, int keyValueHeads, int inner) {
            this.width = width;
            this.layers = layers;
            this.heads = heads;
            this.keyValueHeads = keyValueHeads;
            this.inner = inner;
        }

        Architecture architecture() {
            int headWidth = width / heads;
            Rope rope = new Rope(10_000, headWidth, new Rope.Scaling.None());
            return new Architecture(
                    "llama",
                    VOCABULARY,
                    width,
                    layers,
                    1024,
                    new Architecture.Attention(
                            heads,
                            keyValueHeads,
                            headWidth,
                            1 / Math.sqrt(headWidth),
                            0,
                            false,
                            false,
                            Architecture.Attention.Projections.APART,
                            Architecture.Attention.QueryKeyNorm.NONE,
                            Collections.nCopies(layers, 0)),
                    new Architecture.FeedForward(inner, Architecture.Activation.SILU, true, false, false, false),
                    new Architecture.Norm(Architecture.Norm.Kind.RMS, 1e-6, Architecture.Norm.Place.BEFORE),
                    new Architecture.Positions.Rotary(rope, rope),
                    1,
                    0,
                    VOCABULARY,
                    true,
                    Architecture.Names.llama("post_attention_layernorm"));
        }
    }

    /**
     * What was measured.
     *
     * @param task what one step does
     * @param size size of the model
     * @param parameters numbers in the model
     * @param threads processor threads
     * @param seconds of each timed step
     * @param median of them
     * @param tokens tokens a step, a shared prompt counted once for each completion
     * @param pairs pairs a step, 0 for sequences
     * @param flops floating-point operations of a step that cannot be avoided: what is left after sharing prompts, without
     *     attention
     * @param peakGflops what a matrix product of the model's shape reaches in this process
     * @param peakRssMb largest resident memory of the process, -1 where the system does not tell
     */
    public record Result(
            Task task,
            Size size,
            long parameters,
            int threads,
            List<Double> seconds,
            double median,
            long tokens,
            int pairs,
            double flops,
            double peakGflops,
            long peakRssMb) {
        /**
         * The rate of the median step.
         *
         * @return 10^9 operations a second
         */
        public double gflops() {
            return flops / median / 1e9;
        }
    }

    /**
     * Runs steps.
     *
     * @param task what one step does
     * @param size size of the model
     * @param steps timed steps, after one that is not
     * @param microBatchTokens see {@link Optimisation#microBatchTokens}
     * @param checkpointing see {@link Optimisation#gradientCheckpointing}
     * @param device where
     * @return what was measured
     */
    public static Result run(
            Task task, Size size, int steps, Optional<Integer> microBatchTokens, boolean checkpointing, Device device) {
        Architecture shape = size.architecture();
        List<String> words = new ArrayList<>(
                List.of("lr_scheduler_type=constant", "weight_decay=0", "gradient_checkpointing=" + checkpointing));
        microBatchTokens.ifPresent(tokens -> words.add("micro_batch_tokens=" + tokens));
        Optimisation optimisation = settings(Optimisation.class, words);
        double peak = matrixPeak(shape, device);
        Path folder = temporary();
        int rows = task == Task.SFT ? 8 : 4;
        try (Weights weights = Weights.random(shape, 0.02, 0, device);
                TokenStore store = rows(task, folder, (steps + 1) * rows)) {
            Decoder plain = new Decoder(shape, weights);
            Decoder decoder = task == Task.DPO_LORA
                    ? plain.with(Adapter.fresh(
                            new Adapter.Settings(16, 32, List.of(Adapter.ALL_LINEAR), false, false), plain, 0))
                    : plain;
            List<Double> seconds;
            try (AdamW optimizer = new AdamW(decoder.trained(), optimisation.adam())) {
                seconds = switch (task) {
                    case SFT ->
                        time(
                                steps,
                                rows,
                                optimizer,
                                store,
                                new SequenceLoop(
                                        decoder, optimisation, new Sft(settings(Sft.Config.class, List.of()))));
                    case DPO, DPO_LORA -> {
                        try (FrozenModel frozen = FrozenModel.of(decoder)) {
                            Policy model = new Policy(frozen.decoder(), false);
                            Reference reference =
                                    part -> model.score(part.packing()).logps();
                            yield time(steps, rows, optimizer, store, pairs(decoder, optimisation, DPO, reference));
                        }
                    }
                    case DPO_PRE -> {
                        Reference known = part -> Tensor.full(
                                -10, DType.FLOAT32, device, part.packing().trained());
                        yield time(steps, rows, optimizer, store, pairs(decoder, optimisation, DPO, known));
                    }
                    case SIMPO ->
                        time(
                                steps,
                                rows,
                                optimizer,
                                store,
                                new PreferenceLoop(decoder, optimisation, SIMPO, Optional.empty()));
                    case GRPO -> time(steps, rows, optimizer, store, new GrpoStep(decoder, optimisation));
                };
            } finally {
                decoder.adapter().ifPresent(Adapter::close);
            }
            List<Double> sorted = seconds.stream().sorted().toList();
            long tokens = switch (task) {
                case SFT -> 8 * 256;
                case GRPO -> 32 * 64; // those that are drawn, as the peer counts them
                default ->
                    8L * PROMPT
                            + Arrays.stream(CHOSEN).sum()
                            + Arrays.stream(REJECTED).sum();
            };
            return new Result(
                    task,
                    size,
                    weights.count(),
                    Torch.threads(),
                    seconds,
                    sorted.get(sorted.size() / 2),
                    tokens,
                    task == Task.SFT || task == Task.GRPO ? 0 : 4,
                    flops(task, shape, weights.count()),
                    peak,
                    ProcessMemory.peak().orElse(-1));
        } finally {
            folder.toFile().delete();
        }
    }

    private static PreferenceLoop pairs(
            Decoder decoder, Optimisation optimisation, PreferenceObjective objective, Reference reference) {
        return new PreferenceLoop(decoder, optimisation, objective, Optional.of(reference));
    }

    /** Settings at their defaults but for some words. */
    private static <T extends Record> T settings(Class<T> kind, List<String> words) {
        return Binder.bind(kind, YamlSource.commandLine().with(words));
    }

    private static List<Double> time(int steps, int rows, AdamW optimizer, TokenStore store, Loop loop) {
        List<Double> seconds = new ArrayList<>();
        for (int step = 0; step <= steps; step++) {
            List<Long> numbers = new ArrayList<>();
            for (int i = 0; i < rows; i++) {
                numbers.add((long) step * rows + i);
            }
            long start = System.nanoTime();
            loop.learn(optimizer, store, numbers);
            double norm = optimizer.gradientNorm();
            optimizer.step(1e-5, Math.min(1, 1 / (norm + 1e-6)));
            if (step > 0) {
                seconds.add((System.nanoTime() - start) / 1e9);
            }
        }
        return seconds;
    }

    private static TokenStore rows(Task task, Path folder, int count) {
        SplittableRandom random = new SplittableRandom(1);
        try (TokenStore.Writer writer = new TokenStore.Writer(folder, "bench")) {
            for (int i = 0; i < count; i++) {
                RowId id = new RowId("random", i + 1L);
                if (task == Task.SFT) {
                    boolean[] trained = new boolean[256];
                    Arrays.fill(trained, 1, 256, true);
                    writer.add(id, new TokenSequence(ids(random, 256), trained));
                } else if (task == Task.GRPO) {
                    writer.add(id, new TokenPrompt(ids(random, 64), "{}"));
                } else {
                    writer.add(
                            id,
                            new TokenPair(
                                    ids(random, PROMPT), ids(random, CHOSEN[i % 4]), ids(random, REJECTED[i % 4])));
                }
            }
            return writer.finish();
        }
    }

    private static int[] ids(SplittableRandom random, int n) {
        return random.ints(n, 3, VOCABULARY).toArray();
    }

    /** Matrix products of a step, two operations a multiplication: forward once, backward twice. */
    private static double flops(Task task, Architecture shape, long parameters) {
        double head = (double) shape.vocabularySize() * shape.width();
        double body = parameters - head;
        if (task == Task.SFT) {
            return 6 * (body * 8 * 255 + head * 8 * 255);
        }
        if (task
                == Task.GRPO) { // drawing reads prompts once and each drawn token, learning the same once more and back
            return 4 * 2 * (body * (4 * 64 + 32 * 64) + head * 32 * 64);
        }
        double completions =
                Arrays.stream(CHOSEN).sum() + Arrays.stream(REJECTED).sum();
        double forward = 2 * (body * (4 * PROMPT + completions) + head * completions);
        // The way back is twice the way there; with an adapter the weights have no gradients, which is one of the two,
        // and the
        // reference's way there takes its place.
        return (task == Task.DPO ? 4 : 3) * forward;
    }

    /** The best of some products of [1024, width] with [width, inner]. */
    private static double matrixPeak(Architecture shape, Device device) {
        int inner = shape.feedForward().width();
        double best = 0;
        try (Scope scope = Scope.open();
                NoGrad guard = NoGrad.open()) {
            Tensor a = Tensor.zeros(DType.FLOAT32, device, 1024, shape.width()).normalInPlace(0, 1);
            Tensor b = Tensor.zeros(DType.FLOAT32, device, shape.width(), inner).normalInPlace(0, 1);
            Tensor c = Tensor.zeros(DType.FLOAT32, device, 1024, inner);
            for (int i = 0; i < 30; i++) {
                long start = System.nanoTime();
                c.setToMm(a, b);
                c.narrow(0, 0, 1).narrow(1, 0, 1).item(); // waits for a device that works on its own
                best = Math.max(best, 2.0 * 1024 * shape.width() * inner / (System.nanoTime() - start));
            }
        }
        return best;
    }

    private static Path temporary() {
        try {
            return Files.createTempDirectory("plumb-bench");
        } catch (IOException e) {
            throw new PlumbException("No temporary folder can be made (" + e.getMessage() + ").", e);
        }
    }
}
