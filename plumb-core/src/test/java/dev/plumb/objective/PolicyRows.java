package dev.plumb.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.plumb.config.Binder;
import dev.plumb.config.YamlSource;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Rows of completions without padding, from which batches of any of them are made; absent numbers are empty lists.
 *
 * @param type of the tensors
 */
record PolicyRows(
        DType type,
        List<double[]> logps,
        List<double[]> old,
        List<double[]> ref,
        List<double[]> advantages,
        List<double[]> weights,
        List<double[]> entropies,
        List<double[]> values,
        List<double[]> oldValues,
        List<double[]> returns) {

    /** Policy numbers only. */
    static PolicyRows of(DType type, List<double[]> logps, List<double[]> old, List<double[]> advantages) {
        return new PolicyRows(
                type, logps, old, List.of(), advantages, List.of(), List.of(), List.of(), List.of(), List.of());
    }

    PolicyRows withRef(List<double[]> rows) {
        return new PolicyRows(type, logps, old, rows, advantages, weights, entropies, values, oldValues, returns);
    }

    PolicyRows withAdvantages(List<double[]> rows) {
        return new PolicyRows(type, logps, old, ref, rows, weights, entropies, values, oldValues, returns);
    }

    PolicyRows withWeights(List<double[]> rows) {
        return new PolicyRows(type, logps, old, ref, advantages, rows, entropies, values, oldValues, returns);
    }

    PolicyRows withEntropies(List<double[]> rows) {
        return new PolicyRows(type, logps, old, ref, advantages, weights, rows, values, oldValues, returns);
    }

    PolicyRows withCritic(List<double[]> newValues, List<double[]> before, List<double[]> targets) {
        return new PolicyRows(type, logps, old, ref, advantages, weights, entropies, newValues, before, targets);
    }

    long tokens() {
        return logps.stream().mapToInt(row -> row.length).sum();
    }

    PolicyObjective.Step step(int maxLength) {
        return new PolicyObjective.Step(logps.size(), tokens(), maxLength);
    }

    PolicyBatch batch() {
        return batch(0, logps.size());
    }

    /** Rows from … to − 1; what is learnt requires gradients. */
    PolicyBatch batch(int from, int to) {
        List<Integer> sequence = new ArrayList<>();
        double[] lengths = new double[to - from];
        for (int i = from; i < to; i++) {
            lengths[i - from] = logps.get(i).length;
            for (int t = 0; t < logps.get(i).length; t++) {
                sequence.add(i - from);
            }
        }
        return new PolicyBatch(
                to - from,
                flat(logps, from, to).requiresGrad(true),
                flat(old, from, to),
                optional(ref, from, to),
                flat(advantages, from, to),
                optional(weights, from, to),
                entropies.isEmpty()
                        ? flat(logps, from, to).mul(0)
                        : flat(entropies, from, to).requiresGrad(true),
                values.isEmpty()
                        ? Optional.empty()
                        : Optional.of(new PolicyBatch.Critic(
                                flat(values, from, to).requiresGrad(true),
                                flat(oldValues, from, to),
                                flat(returns, from, to))),
                Tensor.of(sequence.stream().mapToInt(i -> i).toArray(), Device.CPU),
                Tensor.of(lengths, Device.CPU).to(type));
    }

    private Optional<Tensor> optional(List<double[]> rows, int from, int to) {
        return rows.isEmpty() ? Optional.empty() : Optional.of(flat(rows, from, to));
    }

    private Tensor flat(List<double[]> rows, int from, int to) {
        return Tensor.of(flat(rows.subList(from, to)), Device.CPU).to(type);
    }

    static double[] flat(List<double[]> rows) {
        return rows.stream().flatMapToDouble(Arrays::stream).toArray();
    }

    // ---- from JSON

    static JsonNode read(String resource) throws IOException {
        try (InputStream in = PolicyRows.class.getResourceAsStream(resource)) {
            return new JsonMapper().readTree(in);
        }
    }

    static List<JsonNode> vectors(String... algorithms) throws IOException {
        List<JsonNode> out = new ArrayList<>();
        for (JsonNode vector : read("/spec/online.json").get("vectors")) {
            if (List.of(algorithms).contains(vector.get("algorithm").asText())) {
                out.add(vector);
            }
        }
        return out;
    }

    static JsonNode vector(String name) throws IOException {
        for (JsonNode vector : read("/spec/online.json").get("vectors")) {
            if (vector.get("name").asText().equals(name)) {
                return vector;
            }
        }
        throw new AssertionError(name);
    }

    /** Numbers of one row; null is NaN. */
    static double[] numbers(JsonNode row) {
        return IntStream.range(0, row.size())
                .mapToDouble(i -> row.get(i).isNull() ? Double.NaN : row.get(i).asDouble())
                .toArray();
    }

    static List<double[]> rows(JsonNode rows) {
        List<double[]> out = new ArrayList<>();
        rows.forEach(row -> out.add(numbers(row)));
        return out;
    }

    /** Without what the mask leaves out. */
    static List<double[]> rows(JsonNode rows, JsonNode mask) {
        List<double[]> out = new ArrayList<>();
        for (int i = 0; i < mask.size(); i++) {
            int row = i;
            out.add(IntStream.range(0, mask.get(i).size())
                    .filter(t -> mask.get(row).get(t).asInt() == 1)
                    .mapToDouble(t -> rows.get(row).get(t).asDouble())
                    .toArray());
        }
        return out;
    }

    /** Advantages of rows given to their tokens. */
    static List<double[]> spread(double[] perRow, List<double[]> like) {
        return IntStream.range(0, perRow.length)
                .mapToObj(i -> {
                    double[] row = new double[like.get(i).length];
                    Arrays.fill(row, perRow[i]);
                    return row;
                })
                .toList();
    }

    /** Each number a row of one token. */
    static List<double[]> single(JsonNode perRow) {
        return Arrays.stream(numbers(perRow)).mapToObj(v -> new double[] {v}).toList();
    }

    static <T extends Record> T config(Class<T> type, List<String> settings) {
        return Binder.bind(type, YamlSource.commandLine().with(settings));
    }

    // ---- checks

    static void assertClose(String what, double got, double want, double bound) {
        assertThat(got).as(what).isCloseTo(want, within(bound * Math.max(1, Math.abs(want))));
    }

    static void assertClose(String what, double[] got, double[] want, double bound) {
        assertThat(got).as(what).hasSize(want.length);
        for (int i = 0; i < got.length; i++) {
            assertClose(what + " " + i, got[i], want[i], bound);
        }
    }

    static double value(List<Measure> measures, String name) {
        Measure found = measures.stream()
                .filter(m -> m.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + name + " in " + measures));
        return found.sum() / found.count();
    }

    /** Loss and gradients must be the sums of those of any parts. */
    void assertSplits(PolicyObjective objective, PolicyObjective.Step step, double bound) {
        PolicyBatch whole = batch();
        Loss loss = objective.loss(whole, step);
        loss.value().backward();
        double[] gradient = whole.logps().grad().toDoubles();
        for (int cut = 1; cut < logps.size(); cut++) {
            PolicyBatch left = batch(0, cut);
            PolicyBatch right = batch(cut, logps.size());
            Loss a = objective.loss(left, step);
            Loss b = objective.loss(right, step);
            a.value().backward();
            b.value().backward();
            assertClose(
                    "split loss",
                    a.value().item() + b.value().item(),
                    loss.value().item(),
                    bound);
            double[] halves = IntStream.concat(
                            IntStream.range(0, (int) left.logps().numel()),
                            IntStream.range(0, (int) right.logps().numel()))
                    .mapToDouble(i -> 0)
                    .toArray();
            double[] first = left.logps().grad().toDoubles();
            double[] second = right.logps().grad().toDoubles();
            System.arraycopy(first, 0, halves, 0, first.length);
            System.arraycopy(second, 0, halves, first.length, second.length);
            assertClose("split gradient", halves, gradient, bound);
            for (Measure measure : loss.measures()) {
                if (measure.fold() == Measure.Fold.MEAN) {
                    double sum = sum(a, measure.name()) + sum(b, measure.name());
                    double count = count(a, measure.name()) + count(b, measure.name());
                    assertClose("split " + measure.name(), sum / count, measure.sum() / measure.count(), bound);
                }
            }
        }
    }

    private static double sum(Loss loss, String name) {
        return loss.measures().stream()
                .filter(m -> m.name().equals(name))
                .mapToDouble(Measure::sum)
                .sum();
    }

    private static double count(Loss loss, String name) {
        return loss.measures().stream()
                .filter(m -> m.name().equals(name))
                .mapToDouble(Measure::count)
                .sum();
    }

    /** Log-probabilities around −2 and everything else a method may ask for. */
    static PolicyRows random(int seed, double spread, int... lengths) {
        Random random = new Random(seed);
        List<List<double[]>> all = new ArrayList<>();
        for (int k = 0; k < 8; k++) {
            List<double[]> rows = new ArrayList<>();
            for (int length : lengths) {
                rows.add(random.doubles(length).map(v -> spread * (v - 1)).toArray());
            }
            all.add(rows);
        }
        List<double[]> advantages = new ArrayList<>();
        for (int length : lengths) {
            double one = random.nextGaussian();
            advantages.add(random.doubles(length).map(v -> one).toArray());
        }
        List<double[]> entropies = all.get(3).stream()
                .map(row -> Arrays.stream(row).map(v -> -v).toArray())
                .toList();
        return new PolicyRows(
                DType.FLOAT64,
                all.get(0),
                all.get(1),
                all.get(2),
                advantages,
                List.of(),
                entropies,
                all.get(4),
                all.get(5),
                all.get(6));
    }
}
