package dev.plumb.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.plumb.Shared;
import dev.plumb.config.PlumbException;
import dev.plumb.data.TokenSequence;
import dev.plumb.hub.Checkpoint;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import dev.plumb.train.Scorer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class GeneratorTest {
    @TestFactory
    Stream<DynamicTest> greedyTokensEqualTheGoldens() throws IOException {
        try (Stream<Path> folders = Files.list(Shared.folder("goldens/models"))) {
            return folders.filter(folder -> read(folder).hasNonNull("generate")).sorted().toList().stream()
                    .map(folder -> DynamicTest.dynamicTest(folder.getFileName().toString(), () -> greedy(folder)));
        }
    }

    private static JsonNode read(Path folder) {
        try {
            return new JsonMapper().readTree(folder.resolve("goldens.json").toFile());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static void greedy(Path folder) {
        JsonNode golden = read(folder);
        try (Checkpoint checkpoint = Checkpoint.load(folder, Optional.empty(), Device.CPU)) {
            Generator generator = new Generator(checkpoint.decoder(), 4);
            JsonNode one = golden.get("generate");
            int[] expected = ints(one.get("greedy_tokens"));
            Sampling greedy = Sampling.greedy(expected.length, Set.of());
            assertThat(generator
                            .generate(List.of(ints(one.get("prompt"))), greedy)
                            .get(0)
                            .ids())
                    .containsExactly(expected);

            JsonNode batch = golden.get("generate_left_padded_batch");
            List<int[]> prompts = new ArrayList<>();
            for (int row = 0; row < batch.get("input_ids").size(); row++) {
                int[] padded = ints(batch.get("input_ids").get(row));
                int[] mask = ints(batch.get("attention_mask").get(row));
                int real = Arrays.stream(mask).sum();
                prompts.add(Arrays.copyOfRange(padded, padded.length - real, padded.length));
            }
            List<Generator.Completion> made = generator.generate(prompts, greedy);
            for (int row = 0; row < prompts.size(); row++) {
                assertThat(made.get(row).ids())
                        .containsExactly(ints(batch.get("greedy_tokens").get(row)));
            }
        }
    }

    private static int[] ints(JsonNode array) {
        int[] out = new int[array.size()];
        for (int i = 0; i < out.length; i++) {
            out[i] = array.get(i).asInt();
        }
        return out;
    }

    private static final int VOCABULARY = 150; // two blocks of draws and a short one
    private static final Sampling PLAIN = Sampling.of(12, 0.9, Set.of(5, 6), 11);
    private static final Sampling TRUNCATED = new Sampling(12, 0.9, 20, 0.95, 0.01, 1, Set.of(5, 6), 11);
    private static final Sampling PENALISED = new Sampling(12, 1.3, 0, 0.9, 0, 1.7, Set.of(5, 6), 11);
    private static final Sampling GREEDY_PENALISED = new Sampling(12, 0, 0, 1, 0, 1.4, Set.of(5, 6), 0);

    static Stream<Arguments> waysAndSlots() {
        return Stream.of(PLAIN, TRUNCATED, PENALISED, GREEDY_PENALISED, Sampling.greedy(12, Set.of(5, 6)))
                .flatMap(sampling -> Stream.of(1, 3, 7, 64).map(slots -> Arguments.of(sampling, slots)));
    }

    /** However many slots there are and however they split groups, the completions are those of whole forward passes. */
    @ParameterizedTest
    @MethodSource("waysAndSlots")
    void groupsEqualForwardPassesOverEachSequence(Sampling sampling, int slots) {
        Architecture shape = Models.llama(VOCABULARY, 32, 2, 4, 2, 6, 8);
        try (Weights weights = Weights.random(shape, 0.3, 3, Device.CPU)) {
            Decoder decoder = new Decoder(shape, weights);
            List<int[]> prompts = prompts(5, VOCABULARY);
            List<Generator.Completion> made = new Generator(decoder, slots)
                    .generate(new Generator.Request(prompts, 7, 4), sampling, Generator.Watcher.NONE);
            assertThat(made).hasSize(20);
            for (int i = 0; i < made.size(); i++) {
                Generator.Completion plain = plain(decoder, prompts.get(i / 4), 7 + i / 4, i % 4, sampling);
                assertThat(made.get(i).ids()).as("sequence " + i).containsExactly(plain.ids());
                assertThat(made.get(i).stopped()).isEqualTo(plain.stopped());
                assertThat(made.get(i).logps()).containsExactly(plain.logps(), offset(1e-4));
                assertThat(made.get(i).samplingLogps()).containsExactly(plain.samplingLogps(), offset(1e-4));
            }
            if (sampling.temperature() > 0) { // so slots have become free at different times
                assertThat(made.stream().filter(one -> !one.stopped())).isNotEmpty();
                assertThat(made.stream().filter(Generator.Completion::stopped)).isNotEmpty();
            }
        }
    }

    /** The whole sequence goes through the model for each token; penalty, temperature and truncation as transformers has them. */
    private static Generator.Completion plain(
            Decoder decoder, int[] prompt, int promptNumber, int sample, Sampling sampling) {
        Draw draw = new Draw(sampling, promptNumber, sample);
        List<Integer> ids = new ArrayList<>(Arrays.stream(prompt).boxed().toList());
        List<Double> logps = new ArrayList<>();
        List<Double> samplingLogps = new ArrayList<>();
        boolean stopped = false;
        while (logps.size() < sampling.maxNewTokens() && !stopped) {
            double[] logits = lastLogits(decoder, ids.stream().mapToInt(i -> i).toArray());
            double temperature = sampling.temperature() == 0 ? 1 : sampling.temperature();
            double[] whole = PlainSampling.softmax(logits, temperature);
            double[] penalised = PlainSampling.penalised(logits, ids, sampling.repetitionPenalty());
            double[] kept = PlainSampling.truncated(penalised, sampling);
            int id = sampling.temperature() == 0
                    ? PlainSampling.best(penalised)
                    : draw.next(PlainSampling.floats(PlainSampling.softmax(penalised, temperature)), 0, logits.length)
                            .id();
            ids.add(id);
            logps.add(Math.log(whole[id]));
            samplingLogps.add(sampling.temperature() == 0 ? 0 : Math.log(kept[id]));
            stopped = sampling.stops().contains(id);
        }
        return new Generator.Completion(
                ids.subList(prompt.length, ids.size()).stream().mapToInt(i -> i).toArray(),
                logps.stream().mapToDouble(d -> d).toArray(),
                samplingLogps.stream().mapToDouble(d -> d).toArray(),
                stopped);
    }

    private static double[] lastLogits(Decoder decoder, int[] ids) {
        try (Scope scope = Scope.open();
                NoGrad guard = NoGrad.open()) {
            Tensor last = decoder.hidden(Layout.of(List.of(ids))).narrow(0, ids.length - 1, 1);
            double cap = decoder.architecture().logitSoftcap();
            Tensor z = last.matmul(decoder.head().transpose(0, 1));
            return (cap > 0 ? z.div(cap).tanh().mul(cap) : z).toDoubles();
        }
    }

    @Test
    void aPromptHasItsOwnDrawsWhereverItStands() {
        Architecture shape = Models.llama(64, 32, 2, 4, 2);
        try (Weights weights = Weights.random(shape, 0.3, 3, Device.CPU)) {
            Generator generator = new Generator(new Decoder(shape, weights), 3);
            List<int[]> prompts = prompts(7, 64);
            List<Generator.Completion> all =
                    generator.generate(new Generator.Request(prompts, 0, 2), PLAIN, Generator.Watcher.NONE);
            List<Generator.Completion> later = generator.generate(
                    new Generator.Request(prompts.subList(4, 7), 4, 2), PLAIN, Generator.Watcher.NONE);
            for (int i = 0; i < later.size(); i++) {
                assertThat(later.get(i).ids()).containsExactly(all.get(8 + i).ids());
            }
            assertThat(all.get(0).ids()).isNotEqualTo(all.get(1).ids());
        }
    }

    @Test
    void whatWasSampledHasTheLogProbabilityThatTheTrainerComputes() {
        Architecture shape = Models.llama(48, 32, 2, 4, 4);
        try (Weights weights = Weights.random(shape, 0.3, 4, Device.CPU)) {
            Decoder decoder = new Decoder(shape, weights);
            List<int[]> prompts = prompts(3, 48);
            Sampling sampling = new Sampling(10, 1, 7, 0.8, 0, 1.2, Set.of(), 5);
            List<Generator.Completion> made = new Generator(decoder, 4)
                    .generate(new Generator.Request(prompts, 0, 3), sampling, Generator.Watcher.NONE);
            for (int i = 0; i < made.size(); i++) {
                int[] prompt = prompts.get(i / 3);
                int[] whole = Arrays.copyOf(prompt, prompt.length + 10);
                System.arraycopy(made.get(i).ids(), 0, whole, prompt.length, 10);
                boolean[] trained = new boolean[whole.length];
                Arrays.fill(trained, prompt.length, whole.length, true);
                double[] scored = new Scorer(decoder)
                        .logProbs(List.of(new TokenSequence(whole, trained)))
                        .get(0);
                assertThat(made.get(i).logps()).containsExactly(scored, offset(1e-4));
                assertThat(made.get(i).samplingLogps()).isNotEqualTo(made.get(i).logps());
            }
        }
    }

    @Test
    void aWatcherSeesEveryTokenAndEndsSequences() {
        Architecture shape = Models.llama(48, 32, 2, 4, 4);
        try (Weights weights = Weights.random(shape, 0.3, 4, Device.CPU)) {
            int[] seen = new int[6];
            List<Generator.Completion> made = new Generator(new Decoder(shape, weights), 2)
                    .generate(
                            new Generator.Request(prompts(2, 48), 0, 3),
                            Sampling.of(10, 1, Set.of(), 1),
                            (sequence, token) -> ++seen[sequence] == sequence + 2);
            for (int i = 0; i < 6; i++) {
                assertThat(made.get(i).ids()).hasSize(i + 2);
                assertThat(seen[i]).isEqualTo(i + 2);
                assertThat(made.get(i).stopped()).isTrue();
            }
        }
    }

    @Test
    void brokenWeightsAreNamedInsteadOfDrawnFrom() {
        Architecture shape = Models.llama(48, 32, 2, 4, 4);
        try (Weights weights = Weights.random(shape, 0.3, 4, Device.CPU)) {
            try (Scope scope = Scope.open();
                    NoGrad guard = NoGrad.open()) {
                weights.get("model.norm.weight").mulInPlace(Double.NaN);
            }
            Generator generator = new Generator(new Decoder(shape, weights), 2);
            for (Sampling sampling : List.of(PLAIN, TRUNCATED, PENALISED, GREEDY_PENALISED)) {
                assertThatThrownBy(() -> generator.generate(prompts(2, 48), sampling))
                        .isInstanceOf(PlumbException.class)
                        .hasMessageContaining("logits are not finite");
            }
        }
    }

    private static List<int[]> prompts(int n, int vocabulary) {
        SplittableRandom random = new SplittableRandom(9);
        List<int[]> prompts = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            prompts.add(random.ints(3 + i, 0, vocabulary).toArray());
        }
        return prompts;
    }
}
