package dev.plumb.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.plumb.model.Decoder;
import dev.plumb.model.Generator;
import dev.plumb.model.Layout;
import dev.plumb.model.Pass;
import dev.plumb.model.Sampling;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Functional;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Families without numbers of other software against {@link PlainModel}: tiny random models under the names, shapes and config
 * keys that transformers writes, their values, gradients, and what is written of them.
 */
class PlainFamiliesTest {
    private static final int VOCABULARY = 23;
    private static final int WIDTH = 24;
    private static final int INNER = 40;
    private static final int LAYERS = 2;
    private static final int[][] TEXTS = {{3, 7, 7, 1, 0, 22, 5, 9, 14, 2, 11}, {8, 4, 19, 6}};

    @TempDir
    private Path folder;

    /** A config, the shapes of the weights and the plain computation. */
    private enum Family {
        PYTHIA(
                neoxConfig("\"rotary_pct\": 0.25, \"rotary_emb_base\": 10000, \"use_parallel_residual\": true"),
                neox(true),
                (plain, ids) -> plain.neox(ids, LAYERS, 3, 0.25, true, true)),
        NEOX_AS_NEWER_SOFTWARE_WRITES_IT(
                neoxConfig(
                        "\"rope_parameters\": {\"rope_theta\": 10000, \"partial_rotary_factor\": 0.5, \"rope_type\": \"default\"}"),
                neox(true),
                (plain, ids) -> plain.neox(ids, LAYERS, 3, 0.5, true, true)),
        NEOX_ONE_AFTER_THE_OTHER(
                neoxConfig("\"rotary_pct\": 1.0, \"use_parallel_residual\": false, \"attention_bias\": false"),
                neox(false),
                (plain, ids) -> plain.neox(ids, LAYERS, 3, 1, false, false)),
        FALCON_ONE_KEY_FOR_ALL(
                falconConfig("\"multi_query\": true, \"num_kv_heads\": 6"),
                falcon(8 * 4, false, "input_layernorm"),
                (plain, ids) -> plain.falcon(ids, LAYERS, 6, 1, false, true, "input_layernorm")),
        FALCON_GROUPS(
                falconConfig("\"new_decoder_architecture\": true, \"num_kv_heads\": 2, \"bias\": true"),
                falcon((6 + 4) * 4, true, "ln_attn", "ln_mlp"),
                (plain, ids) -> plain.falcon(ids, LAYERS, 6, 2, true, true, "ln_attn", "ln_mlp")),
        FALCON_GROUPS_WITH_ONE_NORM(
                falconConfig("\"new_decoder_architecture\": true, \"num_kv_heads\": 2, \"num_ln_in_parallel_attn\": 1"),
                falcon((6 + 4) * 4, false, "input_layernorm"),
                (plain, ids) -> plain.falcon(ids, LAYERS, 6, 2, false, true, "input_layernorm")),
        FALCON_ONE_AFTER_THE_OTHER(
                falconConfig("\"multi_query\": false, \"parallel_attn\": false, \"bias\": true"),
                falcon(18 * 4, true, "input_layernorm", "post_attention_layernorm"),
                (plain, ids) ->
                        plain.falcon(ids, LAYERS, 6, 6, true, false, "input_layernorm", "post_attention_layernorm")),
        OLMO2(olmo2Config(), olmo2(), (plain, ids) -> plain.olmo2(ids, LAYERS, 6, 2, 4));

        private final String config;
        private final Map<String, long[]> shapes;
        private final BiFunction<PlainModel, int[], double[][]> logits;

        Family(String config, Map<String, long[]> shapes, BiFunction<PlainModel, int[], double[][]> logits) {
            this.config = config;
            this.shapes = shapes;
            this.logits = logits;
        }

        private static String sizes(String type, int heads) {
            return "{\"model_type\": \"" + type + "\", \"vocab_size\": " + VOCABULARY + ", \"hidden_size\": " + WIDTH
                    + ", \"num_hidden_layers\": " + LAYERS + ", \"num_attention_heads\": " + heads
                    + ", \"torch_dtype\": \"float32\", ";
        }

        private static String neoxConfig(String more) {
            return sizes("gpt_neox", 3) + "\"architectures\": [\"GPTNeoXForCausalLM\"], \"intermediate_size\": " + INNER
                    + ", \"hidden_act\": \"gelu\", \"layer_norm_eps\": 1e-05, \"max_position_embeddings\": 64, "
                    + "\"tie_word_embeddings\": false, " + more + "}";
        }

        private static Map<String, long[]> neox(boolean attentionBias) {
            Map<String, long[]> all = new LinkedHashMap<>();
            all.put("gpt_neox.embed_in.weight", new long[] {VOCABULARY, WIDTH});
            for (int i = 0; i < LAYERS; i++) {
                String layer = "gpt_neox.layers." + i + ".";
                layerNorm(all, layer + "input_layernorm");
                layerNorm(all, layer + "post_attention_layernorm");
                linear(all, layer + "attention.query_key_value", 3 * WIDTH, WIDTH, attentionBias);
                linear(all, layer + "attention.dense", WIDTH, WIDTH, attentionBias);
                linear(all, layer + "mlp.dense_h_to_4h", INNER, WIDTH, true);
                linear(all, layer + "mlp.dense_4h_to_h", WIDTH, INNER, true);
            }
            layerNorm(all, "gpt_neox.final_layer_norm");
            all.put("embed_out.weight", new long[] {VOCABULARY, WIDTH});
            return all;
        }

        private static String falconConfig(String more) {
            return sizes("falcon", 6) + "\"architectures\": [\"FalconForCausalLM\"], \"alibi\": false, "
                    + "\"layer_norm_epsilon\": 1e-05, " + more + "}";
        }

        private static Map<String, long[]> falcon(int fused, boolean bias, String... norms) {
            Map<String, long[]> all = new LinkedHashMap<>();
            all.put("transformer.word_embeddings.weight", new long[] {VOCABULARY, WIDTH});
            for (int i = 0; i < LAYERS; i++) {
                String layer = "transformer.h." + i + ".";
                for (String norm : norms) {
                    layerNorm(all, layer + norm);
                }
                linear(all, layer + "self_attention.query_key_value", fused, WIDTH, bias);
                linear(all, layer + "self_attention.dense", WIDTH, WIDTH, bias);
                linear(all, layer + "mlp.dense_h_to_4h", 4 * WIDTH, WIDTH, bias);
                linear(all, layer + "mlp.dense_4h_to_h", WIDTH, 4 * WIDTH, bias);
            }
            layerNorm(all, "transformer.ln_f");
            return all;
        }

        private static String olmo2Config() {
            return sizes("olmo2", 6) + "\"architectures\": [\"Olmo2ForCausalLM\"], \"num_key_value_heads\": 2, "
                    + "\"intermediate_size\": " + INNER + ", \"rope_theta\": 10000.0, \"rope_scaling\": null, "
                    + "\"max_position_embeddings\": 64, \"tie_word_embeddings\": false}";
        }

        private static Map<String, long[]> olmo2() {
            Map<String, long[]> all = new LinkedHashMap<>();
            all.put("model.embed_tokens.weight", new long[] {VOCABULARY, WIDTH});
            for (int i = 0; i < LAYERS; i++) {
                String layer = "model.layers." + i + ".";
                linear(all, layer + "self_attn.q_proj", WIDTH, WIDTH, false);
                linear(all, layer + "self_attn.k_proj", 8, WIDTH, false);
                linear(all, layer + "self_attn.v_proj", 8, WIDTH, false);
                linear(all, layer + "self_attn.o_proj", WIDTH, WIDTH, false);
                all.put(layer + "self_attn.q_norm.weight", new long[] {WIDTH});
                all.put(layer + "self_attn.k_norm.weight", new long[] {8});
                all.put(layer + "post_attention_layernorm.weight", new long[] {WIDTH});
                all.put(layer + "post_feedforward_layernorm.weight", new long[] {WIDTH});
                linear(all, layer + "mlp.gate_proj", INNER, WIDTH, false);
                linear(all, layer + "mlp.up_proj", INNER, WIDTH, false);
                linear(all, layer + "mlp.down_proj", WIDTH, INNER, false);
            }
            all.put("model.norm.weight", new long[] {WIDTH});
            all.put("lm_head.weight", new long[] {VOCABULARY, WIDTH});
            return all;
        }

        private static void linear(Map<String, long[]> all, String name, int out, int in, boolean bias) {
            all.put(name + ".weight", new long[] {out, in});
            if (bias) {
                all.put(name + ".bias", new long[] {out});
            }
        }

        private static void layerNorm(Map<String, long[]> all, String name) {
            all.put(name + ".weight", new long[] {WIDTH});
            all.put(name + ".bias", new long[] {WIDTH});
        }
    }

    /** Writes a model whose norms and biases are not at their initial values, and gives its numbers. */
    private Map<String, double[]> write(Family family, Map<String, long[]> more) throws IOException {
        Random random = new Random(4);
        Map<String, double[]> numbers = new LinkedHashMap<>();
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        Map<String, long[]> shapes = new LinkedHashMap<>(family.shapes);
        shapes.putAll(more);
        try (Scope scope = Scope.open()) {
            shapes.forEach((name, shape) -> {
                float[] values = new float[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
                for (int i = 0; i < values.length; i++) {
                    boolean norm = shape.length == 1 && name.endsWith(".weight");
                    values[i] = (float) (random.nextGaussian() * 0.35 + (norm ? 1 : 0));
                }
                tensors.put(name, Tensor.of(values, Device.CPU).reshape(shape));
                double[] exact = new double[values.length];
                Arrays.setAll(exact, i -> values[i]);
                numbers.put(name, exact);
            });
            Safetensors.write(model().resolve("model.safetensors"), tensors, Optional.empty());
        }
        Files.writeString(model().resolve("config.json"), family.config);
        return numbers;
    }

    private Path model() throws IOException {
        return Files.createDirectories(folder.resolve("model"));
    }

    private static Checkpoint load(Path model) {
        return Checkpoint.load(model, Optional.empty(), Device.CPU);
    }

    private static Tensor logits(Decoder decoder, Tensor hidden) {
        return hidden.matmul(decoder.head().transpose(0, 1));
    }

    @ParameterizedTest
    @EnumSource
    void logitsAreThoseOfThePlainComputation(Family family) throws IOException {
        PlainModel plain = new PlainModel(write(family, Map.of()));
        double largest = 0;
        try (Checkpoint checkpoint = load(model());
                Scope scope = Scope.open()) {
            Decoder decoder = checkpoint.decoder();
            float[] got =
                    logits(decoder, decoder.hidden(Layout.of(List.of(TEXTS)))).toFloats();
            int at = 0;
            for (int[] ids : TEXTS) { // packed into one row by the decoder
                for (double[] row : family.logits.apply(plain, ids)) {
                    for (double want : row) {
                        assertThat((double) got[at]).isCloseTo(want, within(1e-4));
                        largest = Math.max(largest, Math.abs(want - got[at]));
                        at++;
                    }
                }
            }
            assertThat(at).isEqualTo(got.length);
        }
        System.out.println(family + ": logits differ by at most " + largest);
    }

    /** The loss of the plain computation must change as the decoder's gradient says: along it, and along random directions. */
    @ParameterizedTest
    @EnumSource
    void gradientsAreTheDifferencesOfThePlainComputation(Family family) throws IOException {
        Map<String, double[]> numbers = write(family, Map.of());
        Map<String, double[]> gradients = gradients();
        assertThat(gradients.keySet()).isEqualTo(family.shapes.keySet());
        Random random = new Random(5);
        gradients.forEach((name, gradient) -> {
            double length = length(gradient);
            assertThat(length).as(name).isGreaterThan(1e-6);
            double[] along = gradient.clone();
            double[] anywhere = random.doubles(gradient.length, -1, 1).toArray();
            for (double[] direction : List.of(along, anywhere)) {
                double size = length(direction);
                double expected = 0;
                for (int i = 0; i < direction.length; i++) {
                    direction[i] /= size;
                    expected += direction[i] * gradient[i];
                }
                double slope =
                        (loss(family, numbers, name, direction, 1e-5) - loss(family, numbers, name, direction, -1e-5))
                                / 2e-5;
                assertThat(slope).as(name).isCloseTo(expected, within(1e-4 * length + 1e-6));
            }
        });
    }

    private static double length(double[] vector) {
        return Math.sqrt(Arrays.stream(vector).map(v -> v * v).sum());
    }

    private static double loss(
            Family family, Map<String, double[]> numbers, String name, double[] direction, double step) {
        Map<String, double[]> moved = new LinkedHashMap<>(numbers);
        double[] changed = numbers.get(name).clone();
        for (int i = 0; i < changed.length; i++) {
            changed[i] += step * direction[i];
        }
        moved.put(name, changed);
        return PlainModel.loss(family.logits.apply(new PlainModel(moved), TEXTS[0]), TEXTS[0]);
    }

    private Map<String, double[]> gradients() throws IOException {
        Map<String, double[]> gradients = new LinkedHashMap<>();
        int[] ids = TEXTS[0];
        try (Checkpoint checkpoint = load(model());
                Scope scope = Scope.open()) {
            Decoder decoder = checkpoint.decoder();
            Map<String, Tensor> weights = decoder.weights().all();
            weights.values().forEach(weight -> weight.requiresGrad(true));
            Pass pass = decoder.forward(Layout.of(List.of(ids)), false);
            Tensor hidden = pass.hidden().requiresGrad(true);
            int[] targets = Arrays.copyOfRange(ids, 1, ids.length);
            Functional.logSoftmax(logits(decoder, hidden).narrow(0, 0, targets.length), -1)
                    .gather(1, Tensor.of(targets, Device.CPU).unsqueeze(1))
                    .mean()
                    .neg()
                    .backward();
            pass.backward(hidden.grad());
            weights.forEach((name, weight) ->
                    gradients.put(name, weight.grad().reshape(-1).toDoubles()));
        }
        return gradients;
    }

    @ParameterizedTest
    @EnumSource
    void whatIsReadIsWrittenByteForByte(Family family) throws IOException {
        write(family, Map.of());
        Path once = folder.resolve("once");
        Path twice = folder.resolve("twice");
        try (Checkpoint read = load(model())) {
            read.save(once, read.storedType());
        }
        try (Checkpoint read = load(once)) {
            read.save(twice, read.storedType());
        }
        try (Safetensors before = Safetensors.open(model().resolve("model.safetensors"));
                Safetensors after = Safetensors.open(once.resolve("model.safetensors"));
                Scope scope = Scope.open()) {
            assertThat(after.names()).containsExactlyInAnyOrderElementsOf(family.shapes.keySet());
            for (String name : before.names()) {
                assertThat(after.read(name).toFloats())
                        .containsExactly(before.read(name).toFloats());
            }
        }
        for (String file : List.of("config.json", "model.safetensors")) {
            assertThat(twice.resolve(file)).hasSameBinaryContentAs(once.resolve(file));
        }
        assertThat(once.resolve("config.json")).hasContent(family.config);
    }

    @ParameterizedTest
    @EnumSource
    void withACacheItWritesWhatItWritesWithout(Family family) throws IOException {
        write(family, Map.of());
        try (Checkpoint checkpoint = load(model())) {
            int[] cached = new Generator(checkpoint.decoder(), 1)
                    .generate(List.of(TEXTS[1]), Sampling.greedy(8, Set.of()))
                    .get(0)
                    .ids();
            int[] ids = TEXTS[1];
            for (int next : cached) {
                assertThat(next).isEqualTo(best(checkpoint.decoder(), ids));
                ids = Arrays.copyOf(ids, ids.length + 1);
                ids[ids.length - 1] = next;
            }
            assertThat(cached).hasSize(8);
        }
    }

    private static int best(Decoder decoder, int[] ids) {
        try (Scope scope = Scope.open();
                NoGrad guard = NoGrad.open()) {
            float[] last = logits(decoder, decoder.hidden(Layout.of(List.of(ids))))
                    .select(0, ids.length - 1)
                    .toFloats();
            int best = 0;
            for (int v = 1; v < last.length; v++) {
                best = last[v] > last[best] ? v : best;
            }
            return best;
        }
    }

    @ParameterizedTest
    @EnumSource
    void itRunsInSixteenBits(Family family) throws IOException {
        write(family, Map.of());
        Layout layout = Layout.of(List.of(TEXTS));
        try (Checkpoint wide = load(model());
                Checkpoint narrow = Checkpoint.load(model(), Optional.of(DType.BFLOAT16), Device.CPU);
                Scope scope = Scope.open()) {
            Tensor exact = wide.decoder().hidden(layout);
            Tensor rounded = narrow.decoder().hidden(layout);
            assertThat(rounded.dtype()).isEqualTo(DType.BFLOAT16);
            double error = rounded.to(DType.FLOAT32).sub(exact).squaredNorm() / exact.squaredNorm();
            assertThat(Math.sqrt(error)).isBetween(1e-6, 0.1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void itBecomesARewardModelThatIsReadAgain(Family family) throws IOException {
        write(family, Map.of());
        Path saved = folder.resolve("reward");
        try (Checkpoint reward = Checkpoint.loadForScoring(model(), Optional.empty(), Device.CPU, 1, 1)) {
            reward.save(saved, reward.storedType());
        }
        try (Checkpoint again = load(saved)) {
            assertThat(again.decoder().architecture().isScoring()).isTrue();
            assertThat(again.decoder().weights().get("score.weight").shape()).containsExactly(1, WIDTH);
        }
        String causal = family.config.replaceAll(".*\"(\\w+)ForCausalLM\".*", "$1");
        assertThat(Files.readString(saved.resolve("config.json"))).contains(causal + "ForSequenceClassification");
    }

    /** Masks and frequencies that older software stored beside the weights follow from the config. */
    @Test
    void buffersOfOlderPythiasAreLeftOut() throws IOException {
        Map<String, long[]> buffers = new LinkedHashMap<>();
        for (int i = 0; i < LAYERS; i++) {
            buffers.put("gpt_neox.layers." + i + ".attention.bias", new long[] {1, 1, 4, 4});
            buffers.put("gpt_neox.layers." + i + ".attention.masked_bias", new long[] {1});
            buffers.put("gpt_neox.layers." + i + ".attention.rotary_emb.inv_freq", new long[] {1});
        }
        write(Family.PYTHIA, buffers);
        try (Checkpoint checkpoint = load(model())) {
            assertThat(checkpoint.decoder().weights().all().keySet()).isEqualTo(Family.PYTHIA.shapes.keySet());
        }
    }

    @Test
    void theErrorFunctionIsRight() {
        assertThat(PlainModel.erf(0.5)).isCloseTo(0.5204998778130465, within(1e-15));
        assertThat(PlainModel.erf(-2)).isCloseTo(-0.9953222650189527, within(1e-15));
        assertThat(PlainModel.erf(4)).isCloseTo(0.9999999845827421, within(1e-15));
    }
}
