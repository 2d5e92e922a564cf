package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.plumb.config.Binder;
import dev.plumb.config.YamlSource;
import dev.plumb.data.Stores;
import dev.plumb.data.TokenPair;
import dev.plumb.data.TokenSequence;
import dev.plumb.data.TokenStore;
import dev.plumb.hub.Checkpoint;
import dev.plumb.model.Decoder;
import dev.plumb.model.Models;
import dev.plumb.model.Weights;
import dev.plumb.objective.Dpo;
import dev.plumb.objective.PreferenceBatch;
import dev.plumb.objective.PreferenceObjective;
import dev.plumb.objective.SequenceBatch;
import dev.plumb.objective.SequenceObjective;
import dev.plumb.objective.Sft;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * However rows are laid out, split into micro-batches and run backward, loss, metrics and every parameter's gradient are those
 * of the plain computation, {@link Plain}.
 */
class LayoutsAgreeTest {
    private static final Path GOLDENS = Path.of("src/test/resources/goldens/models");
    private static final double LOSS = 1e-5;
    private static final double GRADIENT = 1e-4;

    @TempDir
    private Path folder;

    static Stream<String> models() {
        return Stream.of("grouped heads", "window", "capped logits", "phi3_partial", "gpt2_unscaled", "gemma3_linear");
    }

    private static Decoder model(String name) {
        return switch (name) {
            case "grouped heads" -> random(0, 0);
            case "window" -> random(4, 0);
            case "capped logits" -> random(0, 2);
            default ->
                Checkpoint.load(GOLDENS.resolve(name), Optional.of(DType.FLOAT32), Device.CPU)
                        .decoder();
        };
    }

    private static Decoder random(int window, double softcap) {
        var shape = Models.llama(50, 24, 2, 4, 2, window, softcap);
        return new Decoder(shape, Weights.random(shape, 0.3, 1, Device.CPU));
    }

    /** The ways to compute that must not matter. */
    private static List<Optimisation> ways() {
        List<Optimisation> ways = new ArrayList<>();
        for (String layout : List.of("padding_free=false", "share_prompts=false", "share_prompts=true")) {
            for (String more : List.of(
                    "micro_batch_tokens=1",
                    "micro_batch_tokens=64",
                    "micro_batch_tokens=1000000",
                    "gradient_checkpointing=true")) {
                ways.add(Plain.optimisation(layout, more));
            }
        }
        return ways;
    }

    @ParameterizedTest
    @MethodSource("models")
    void pairs(String name) {
        Decoder decoder = model(name);
        try (Weights weights = decoder.weights();
                Weights others = shaken(weights)) {
            Decoder reference = new Decoder(decoder.architecture(), others);
            List<TokenPair> pairs = pairs(decoder);
            List<String> settings = List.of("ld_alpha=0.4", "loss_type=[sigmoid, sft]", "use_weighting=true");
            Dpo dpo = new Dpo(
                    Binder.bind(Dpo.Config.class, YamlSource.commandLine().with(settings)));
            holdPairs(decoder, reference, pairs, dpo);
        }
    }

    /** Weights near the given ones, so that log-ratios are not 0. */
    private static Weights shaken(Weights weights) {
        Weights copy = weights.frozenCopy();
        try (Scope scope = Scope.open();
                NoGrad guard = NoGrad.open()) {
            for (Tensor tensor : copy.all().values()) {
                Tensor noise = Tensor.zeros(DType.FLOAT32, Device.CPU, tensor.shape());
                tensor.addInPlace(noise.normalInPlace(0, 0.05), 1);
            }
        }
        return copy;
    }

    private void holdPairs(Decoder decoder, Decoder reference, List<TokenPair> pairs, Dpo dpo) {
        try (AdamW optimizer =
                        new AdamW(decoder.weights().all(), Plain.optimisation().adam());
                TokenStore store = Stores.of(folder, pairs)) {
            Map<String, Double> want = plainPairs(decoder, reference, pairs, dpo);
            Map<String, double[]> gradients = Plain.gradients(decoder, optimizer);
            Policy frozen = new Policy(reference, false);
            for (Optimisation way : ways()) {
                Metrics got = new PreferenceLoop(
                                decoder,
                                way,
                                dpo,
                                Optional.of(part -> frozen.score(part.packing()).logps()))
                        .learn(optimizer, store, store.rows());
                assertMetrics(got.values(), want, way);
                Plain.assertSame(Plain.gradients(decoder, optimizer), gradients, GRADIENT);
            }
        }
    }

    private static void assertMetrics(Map<String, Double> got, Map<String, Double> want, Optimisation way) {
        want.forEach((metric, value) -> assertThat(got.get(metric))
                .as(metric + " with " + way)
                .isCloseTo(value, within(LOSS * Math.max(1, Math.abs(value)))));
    }

    /** Loss, its metrics and its gradients by autograd alone. */
    private static Map<String, Double> plainPairs(
            Decoder decoder, Decoder reference, List<TokenPair> pairs, PreferenceObjective objective) {
        try (Scope scope = Scope.open()) {
            List<Tensor> logps = new ArrayList<>();
            List<Tensor> references = new ArrayList<>();
            List<Tensor> masses = new ArrayList<>();
            List<Integer> sequence = new ArrayList<>();
            List<Integer> place = new ArrayList<>();
            List<Integer> lengths = new ArrayList<>();
            for (boolean chosen : new boolean[] {true, false}) {
                for (TokenPair pair : pairs) {
                    int[] completion = chosen ? pair.chosen() : pair.rejected();
                    int[] ids = IntStream.concat(Arrays.stream(pair.prompt()), Arrays.stream(completion))
                            .toArray();
                    logps.add(Plain.logps(decoder, ids, completion.length));
                    references.add(Plain.logps(reference, ids, completion.length));
                    masses.add(Plain.distributions(decoder, ids)
                            .narrow(0, pair.prompt().length - 1L, completion.length)
                            .detach()
                            .mul(2)
                            .logSumExp(1));
                    for (int t = 0; t < completion.length; t++) {
                        sequence.add(lengths.size());
                        place.add(t);
                    }
                    lengths.add(completion.length);
                }
            }
            PreferenceBatch batch = new PreferenceBatch(
                    pairs.size(),
                    Tensor.cat(0, logps),
                    Optional.of(Tensor.cat(0, references).detach()),
                    ints(sequence),
                    ints(place),
                    ints(lengths).to(DType.FLOAT32),
                    Optional.of(Tensor.cat(0, masses)));
            long chosenTokens =
                    pairs.stream().mapToLong(pair -> pair.chosen().length).sum();
            var loss = objective.loss(batch, new PreferenceObjective.Step(pairs.size(), chosenTokens));
            loss.value().backward();
            Map<String, Double> metrics = new LinkedHashMap<>();
            metrics.put("loss", loss.value().item());
            loss.measures().forEach(measure -> metrics.put(measure.name(), measure.sum() / measure.count()));
            return metrics;
        }
    }

    private static Tensor ints(List<Integer> values) {
        return Tensor.of(values.stream().mapToInt(i -> i).toArray(), Device.CPU);
    }

    @ParameterizedTest
    @MethodSource("models")
    void sequences(String name) {
        Decoder decoder = model(name);
        List<TokenSequence> rows = rows(decoder);
        try (Weights weights = decoder.weights()) {
            for (String settings : List.of("loss_type=nll", "loss_type=dft")) {
                Sft sft = new Sft(
                        Binder.bind(Sft.Config.class, YamlSource.commandLine().with(List.of(settings))));
                holdSequences(decoder, rows, sft, settings);
            }
        }
    }

    private void holdSequences(Decoder decoder, List<TokenSequence> rows, Sft sft, String settings) {
        try (AdamW optimizer =
                        new AdamW(decoder.weights().all(), Plain.optimisation().adam());
                TokenStore store = Stores.of(folder, rows)) {
            double want = plainSequences(decoder, rows, sft);
            Map<String, double[]> gradients = Plain.gradients(decoder, optimizer);
            for (Optimisation way : ways()) {
                SequenceLoop loop = new SequenceLoop(decoder, way, sft);
                Metrics got = loop.learn(optimizer, store, store.rows());
                assertThat(got.values().get("loss")).as(settings + " " + way).isCloseTo(want, within(LOSS));
                Plain.assertSame(Plain.gradients(decoder, optimizer), gradients, GRADIENT);
                assertThat(loop.evaluate(store, store.rows()).values().get("loss"))
                        .isCloseTo(want, within(LOSS));
            }
        }
    }

    private static double plainSequences(Decoder decoder, List<TokenSequence> rows, Sft sft) {
        try (Scope scope = Scope.open()) {
            List<Tensor> logps = new ArrayList<>();
            List<Integer> sequence = new ArrayList<>();
            List<Integer> lengths = new ArrayList<>();
            for (TokenSequence row : rows) {
                int[] at = IntStream.range(1, row.ids().length)
                        .filter(t -> row.trained()[t])
                        .toArray();
                int[] before = Arrays.stream(at).map(t -> t - 1).toArray();
                logps.add(Plain.logps(decoder, row.ids()).indexSelect(0, Tensor.of(before, Device.CPU)));
                Arrays.stream(at).forEach(t -> sequence.add(lengths.size()));
                lengths.add(at.length);
            }
            SequenceBatch batch = new SequenceBatch(
                    rows.size(),
                    Tensor.cat(0, logps),
                    ints(sequence),
                    ints(lengths).to(DType.FLOAT32));
            var loss = sft.loss(batch, new SequenceObjective.Step(rows.size(), sequence.size()));
            loss.value().backward();
            return loss.value().item();
        }
    }

    /** Pairs with prompts and answers of one token and of many, and answers of very different lengths. */
    private static List<TokenPair> pairs(Decoder decoder) {
        Random random = new Random(7);
        int vocabulary = decoder.architecture().vocabularySize();
        int most = Math.min(40, decoder.architecture().contextLength());
        int half = most / 2;
        int[][] lengths = {
            {half, most - half, 1},
            {1, 1, most - 1},
            {1, 2, 2},
            {half, 1, 1},
            {2, most - 2, 3},
            {half, 3, half},
            {3, 2, 1}
        };
        return Arrays.stream(lengths)
                .map(l -> new TokenPair(
                        ids(random, vocabulary, l[0]), ids(random, vocabulary, l[1]), ids(random, vocabulary, l[2])))
                .toList();
    }

    private static List<TokenSequence> rows(Decoder decoder) {
        Random random = new Random(8);
        int vocabulary = decoder.architecture().vocabularySize();
        int most = Math.min(40, decoder.architecture().contextLength());
        List<TokenSequence> rows = new ArrayList<>();
        for (int length : new int[] {2, most, most, 3, most / 2, 2, most - 1, most / 3 + 2}) {
            boolean[] trained = new boolean[length];
            for (int t = 1; t < length; t++) {
                trained[t] = random.nextInt(3) > 0;
            }
            trained[length - 1] = rows.size() % 2 == 0;
            trained[1] |= !trained[length - 1];
            rows.add(new TokenSequence(ids(random, vocabulary, length), trained));
        }
        return rows;
    }

    private static int[] ids(Random random, int vocabulary, int length) {
        return random.ints(length, 0, vocabulary).toArray();
    }
}
