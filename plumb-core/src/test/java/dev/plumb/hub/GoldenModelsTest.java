package dev.plumb.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.plumb.Shared;
import dev.plumb.model.Decoder;
import dev.plumb.model.Layout;
import dev.plumb.model.Pass;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Functional;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.function.Executable;

/** The decoder of each family against logits, log-probabilities, loss and gradients that other software computed. */
class GoldenModelsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TestFactory
    Stream<DynamicTest> own() throws IOException {
        return tests(Path.of("src/test/resources/goldens/models"));
    }

    @TestFactory
    Stream<DynamicTest> shared() throws IOException {
        return tests(Shared.folder("goldens/models"));
    }

    @TestFactory
    Stream<DynamicTest> further() throws IOException {
        String folder = System.getProperty("plumb.goldens", "");
        Assumptions.assumeFalse(folder.isEmpty(), "skipped: no further folder was named with -Dplumb.goldens");
        Path named = Path.of(folder);
        // Maven runs tests in the module's folder; a relative path may be meant from the one above.
        return tests((Files.exists(named) ? named : Path.of("..").resolve(named)).resolve("models"));
    }

    private static Stream<DynamicTest> tests(Path models) throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        try (Stream<Path> folders = Files.list(models)) {
            for (Path folder : folders.sorted().toList()) {
                JsonNode golden = JSON.readTree(folder.resolve("goldens.json").toFile());
                String name = folder.getFileName().toString();
                for (JsonNode each : golden.path("cases")) {
                    String label = name + " " + each.get("name").asText();
                    tests.add(DynamicTest.dynamicTest(label, () -> named(label, () -> checkCase(folder, each))));
                }
                if (golden.has("rewards")) {
                    tests.add(DynamicTest.dynamicTest(name, () -> named(name, () -> checkRewards(folder, golden))));
                }
            }
        }
        assertThat(tests).isNotEmpty();
        return tests.stream();
    }

    /** Reports of the build number dynamic tests and leave out their names. */
    private static void named(String label, Executable test) throws Throwable {
        try {
            test.execute();
        } catch (AssertionError e) {
            throw new AssertionError(label + ": " + e.getMessage(), e);
        }
    }

    /** A row's tokens that the model is given: all but left padding, whose right neighbours cannot see it. */
    private record Row(int skipped, int length, int start) {
        int at(int position) {
            return start + position - skipped;
        }
    }

    private static List<Row> rows(JsonNode mask) {
        List<Row> rows = new ArrayList<>();
        int start = 0;
        for (JsonNode row : mask) {
            int skipped = 0;
            while (row.get(skipped).asInt() == 0) {
                skipped++;
            }
            rows.add(new Row(skipped, row.size() - skipped, start));
            start += row.size() - skipped;
        }
        return rows;
    }

    private static Layout layout(JsonNode ids, List<Row> rows) {
        List<int[]> sequences = new ArrayList<>();
        for (int r = 0; r < rows.size(); r++) {
            JsonNode row = ids.get(r);
            int skipped = rows.get(r).skipped();
            int[] tokens = new int[rows.get(r).length()];
            for (int t = 0; t < tokens.length; t++) {
                tokens[t] = row.get(skipped + t).asInt();
            }
            sequences.add(tokens);
        }
        return Layout.of(sequences);
    }

    private static void checkCase(Path folder, JsonNode golden) {
        List<Row> rows = rows(golden.get("attention_mask"));
        try (Checkpoint checkpoint = Checkpoint.load(folder, Optional.of(DType.FLOAT32), Device.CPU);
                Scope scope = Scope.open()) {
            Decoder decoder = checkpoint.decoder();
            decoder.weights().all().values().forEach(weight -> weight.requiresGrad(true));
            assertThat(decoder.weights().dtype()).isEqualTo(DType.FLOAT32);
            Pass pass = decoder.forward(layout(golden.get("input_ids"), rows), false);
            Tensor hidden = pass.hidden().requiresGrad(true);
            Tensor logits = hidden.matmul(decoder.head().transpose(0, 1));
            double cap = decoder.architecture().logitSoftcap();
            if (cap > 0) {
                logits = logits.div(cap).tanh().mul(cap);
            }
            checkLogits(golden, rows, logits);

            List<Integer> from = new ArrayList<>();
            List<Integer> targets = new ArrayList<>();
            List<Double> expected = new ArrayList<>();
            for (int r = 0; r < rows.size(); r++) {
                JsonNode labels = golden.get("labels").get(r);
                for (int t = 1; t < labels.size(); t++) {
                    if (labels.get(t).asInt() != -100) {
                        from.add(rows.get(r).at(t - 1));
                        targets.add(labels.get(t).asInt());
                        expected.add(
                                golden.get("token_logprobs").get(r).get(t - 1).asDouble());
                    }
                }
            }
            Tensor chosen = Functional.logSoftmax(logits, -1)
                    .indexSelect(0, Tensor.of(ints(from), Device.CPU))
                    .gather(1, Tensor.of(ints(targets), Device.CPU).unsqueeze(1));
            float[] logProbs = chosen.toFloats();
            for (int i = 0; i < logProbs.length; i++) {
                assertThat((double) logProbs[i]).as("log-probability " + i).isCloseTo(expected.get(i), within(2e-4));
            }
            Tensor loss = chosen.mean().neg();
            assertThat(loss.item()).as("loss").isCloseTo(golden.get("loss").asDouble(), within(2e-5));
            loss.backward();
            pass.backward(hidden.grad());
            checkGradients(golden, decoder);
        }
    }

    private static void checkLogits(JsonNode golden, List<Row> rows, Tensor logits) {
        JsonNode positions = golden.get("logit_positions");
        for (int i = 0; i < positions.size(); i++) {
            Row row = rows.get(positions.get(i).get(0).asInt());
            float[] ours =
                    logits.select(0, row.at(positions.get(i).get(1).asInt())).toFloats();
            JsonNode theirs = golden.get("logits").get(i);
            assertThat(ours).hasSize(theirs.size());
            for (int v = 0; v < ours.length; v++) {
                assertThat((double) ours[v])
                        .as("logit %d at %s", v, positions.get(i))
                        .isCloseTo(theirs.get(v).asDouble(), within(2e-4));
            }
        }
    }

    private static void checkGradients(JsonNode golden, Decoder decoder) {
        double total = 0;
        Map<String, Tensor> weights = decoder.weights().all();
        JsonNode norms = golden.get("grad_norms");
        assertThat(weights).hasSize(norms.size());
        for (Map.Entry<String, Tensor> each : weights.entrySet()) {
            String name = each.getKey();
            float[] grad = each.getValue().grad().toFloats();
            double squared = 0;
            for (float g : grad) {
                squared += (double) g * g;
            }
            total += squared;
            double norm = norms.get(name).asDouble();
            assertThat(Math.sqrt(squared)).as("gradient norm of " + name).isCloseTo(norm, within(1e-3 * norm + 1e-6));
            for (int i = 0; i < 4; i++) {
                double sample = golden.get("grad_samples").get(name).get(i).asDouble();
                int at = (int) ((long) i * (grad.length - 1) / 3);
                assertThat((double) grad[at])
                        .as("gradient of %s at %d", name, at)
                        .isCloseTo(sample, within(1e-3 * Math.abs(sample) + 2e-5));
            }
        }
        double norm = golden.get("grad_norm_total").asDouble();
        assertThat(Math.sqrt(total)).as("norm of all gradients").isCloseTo(norm, within(1e-4 * norm));
    }

    private static void checkRewards(Path folder, JsonNode golden) {
        List<int[]> sequences = new ArrayList<>();
        List<Integer> last = new ArrayList<>();
        int tokens = 0;
        for (int r = 0; r < golden.get("input_ids").size(); r++) {
            int length = 0;
            for (JsonNode seen : golden.get("attention_mask").get(r)) {
                length += seen.asInt();
            }
            int[] ids = new int[length];
            for (int t = 0; t < length; t++) {
                ids[t] = golden.get("input_ids").get(r).get(t).asInt();
            }
            sequences.add(ids);
            tokens += length;
            last.add(tokens - 1);
        }
        try (Checkpoint checkpoint = Checkpoint.load(folder, Optional.of(DType.FLOAT32), Device.CPU);
                Scope scope = Scope.open()) {
            Decoder decoder = checkpoint.decoder();
            decoder.weights().all().values().forEach(weight -> weight.requiresGrad(true));
            Pass pass = decoder.forward(Layout.of(sequences), false);
            Tensor hidden = pass.hidden().requiresGrad(true);
            Tensor rewards = hidden.indexSelect(0, Tensor.of(ints(last), Device.CPU))
                    .matmul(decoder.head().transpose(0, 1));
            float[] ours = rewards.toFloats();
            for (int r = 0; r < ours.length; r++) {
                assertThat((double) ours[r])
                        .as("reward " + r)
                        .isCloseTo(golden.get("rewards").get(r).asDouble(), within(2e-4));
            }
            rewards.sum().backward();
            pass.backward(hidden.grad());
            JsonNode norms = golden.get("grad_norms_of_reward_sum");
            assertThat(decoder.weights().all()).hasSize(norms.size());
            decoder.weights().all().forEach((name, weight) -> {
                double norm = norms.get(name).asDouble();
                assertThat(Math.sqrt(weight.grad().squaredNorm())).as(name).isCloseTo(norm, within(1e-3 * norm));
            });
        }
    }

    private static int[] ints(List<Integer> numbers) {
        return numbers.stream().mapToInt(n -> n).toArray();
    }
}
