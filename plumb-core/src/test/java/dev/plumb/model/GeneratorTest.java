package dev.plumb.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.plumb.Shared;
import dev.plumb.hub.Checkpoint;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
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

    @Test
    void aTextDoesNotDependOnWhatElseIsGenerated() {
        Architecture shape = Models.llama(64, 32, 2, 4, 2);
        try (Weights weights = Weights.random(shape, 0.3, 3, Device.CPU)) {
            Decoder decoder = new Decoder(shape, weights);
            List<int[]> prompts = prompts(7, 64);
            Sampling sampling = new Sampling(12, 0.9, 20, 0.95, Set.of(5, 6), 11);
            List<Generator.Completion> together = new Generator(decoder, 7).generate(prompts, sampling);
            List<Generator.Completion> queued = new Generator(decoder, 2).generate(prompts, sampling);
            for (int i = 0; i < prompts.size(); i++) {
                assertThat(queued.get(i).ids()).containsExactly(together.get(i).ids());
            }
            assertThat(together.stream().filter(Generator.Completion::stopped)).isNotEmpty();
        }
    }

    @Test
    void whatWasSampledHasTheLogProbabilityThatAForwardPassGivesIt() {
        Architecture shape = Models.llama(48, 32, 2, 4, 4);
        try (Weights weights = Weights.random(shape, 0.3, 4, Device.CPU);
                Scope scope = Scope.open();
                NoGrad guard = NoGrad.open()) {
            Decoder decoder = new Decoder(shape, weights);
            int[] prompt = prompts(1, 48).get(0);
            Sampling sampling = new Sampling(10, 1, 0, 1, Set.of(), 5);
            Generator.Completion made = new Generator(decoder, 1)
                    .generate(List.of(prompt), sampling)
                    .get(0);
            int[] whole = Arrays.copyOf(prompt, prompt.length + 10);
            System.arraycopy(made.ids(), 0, whole, prompt.length, 10);
            Tensor hidden = decoder.hidden(Layout.of(List.of(whole)));
            float[] logps = dev.plumb.tensor.Functional.logSoftmax(
                            hidden.matmul(decoder.head().transpose(0, 1)), -1)
                    .toFloats();
            for (int t = 0; t < 10; t++) {
                int row = prompt.length - 1 + t;
                assertThat(made.logps()[t])
                        .isCloseTo(logps[row * 48 + made.ids()[t]], org.assertj.core.data.Offset.offset(1e-4));
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
