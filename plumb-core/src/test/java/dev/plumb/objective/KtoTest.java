package dev.plumb.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.plumb.data.Preflight;
import dev.plumb.objective.Kto.LossType;
import dev.plumb.objective.UnpairedObjective.Mismatched;
import dev.plumb.objective.UnpairedObjective.Step;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** KTO and its relatives against the worked numbers of the specification, and where numbers are large or a class is absent. */
class KtoTest {
    private static List<JsonNode> vectors(String... variants) throws IOException {
        return StreamSupport.stream(VectorsTest.vectors().spliterator(), false)
                .filter(v -> v.get("algorithm").asText().equals("kto")
                        && List.of(variants).contains(v.get("variant").asText()))
                .toList();
    }

    @TestFactory
    Stream<DynamicTest> worked() throws IOException {
        List<JsonNode> known = vectors("paper", "seed", "apo_zero_unpaired");
        assertThat(known).hasSize(7);
        return known.stream()
                .flatMap(v -> Stream.of(DType.FLOAT64, DType.FLOAT32)
                        .map(type ->
                                DynamicTest.dynamicTest(v.get("name").asText() + " " + type, () -> check(v, type))));
    }

    private static void check(JsonNode vector, DType type) {
        JsonNode in = vector.get("inputs");
        JsonNode expected = vector.get("expected");
        double tolerance = vector.get("tolerance").asDouble();
        double bound = type == DType.FLOAT64 ? tolerance : Math.max(tolerance, 2e-6);
        LossType loss = switch (vector.get("variant").asText()) {
            case "seed" -> LossType.SEED;
            case "apo_zero_unpaired" -> LossType.APO_ZERO_UNPAIRED;
            default -> LossType.KTO;
        };
        Kto kto = new Kto(new Kto.Config(
                loss,
                in.get("beta").asDouble(),
                in.path("desirable_weight").asDouble(in.path("lambda_chosen").asDouble(1)),
                // The default of `seed` is the vector's number, so it is left to the default.
                in.has("undesirable_weight")
                        ? Optional.of(in.get("undesirable_weight").asDouble())
                        : Optional.empty()));
        assertThat(kto.needsMismatched()).isEqualTo(in.has("kl_policy_logps"));
        Mismatched mismatched = kto.needsMismatched()
                ? new Mismatched(doubles(in.get("kl_policy_logps")), doubles(in.get("kl_ref_logps")))
                : Mismatched.NONE;
        double[] policy = doubles(in.get("policy_logps"));
        double[] reference = doubles(in.get("ref_logps"));
        boolean[] labels = labels(in.get("labels"));
        for (int first = 1; first <= policy.length; first++) { // in one part, and in two of any size
            double total = 0;
            List<Double> gradient = new ArrayList<>();
            Step step = step(labels, mismatched);
            for (int[] part : new int[][] {{0, first}, {first, policy.length}}) {
                if (part[0] == part[1]) {
                    continue;
                }
                try (Scope scope = Scope.open()) {
                    UnpairedBatch batch = batch(policy, reference, labels, part[0], part[1], type);
                    Loss share = kto.loss(batch, step);
                    share.value().backward();
                    total += share.value().item();
                    for (double one : batch.policy().grad().toDoubles()) {
                        gradient.add(one);
                    }
                    if (expected.has("z_ref")) {
                        assertThat(value(share, "kl"))
                                .isCloseTo(expected.get("z_ref").asDouble(), within(bound));
                    }
                }
            }
            VectorsTest.assertClose("loss", total, expected.get("loss").asDouble(), bound);
            double[] want = doubles(expected.get("grad_policy_logps"));
            assertThat(gradient).hasSize(want.length);
            for (int i = 0; i < want.length; i++) {
                VectorsTest.assertClose("gradient " + i, gradient.get(i), want[i], bound);
            }
        }
    }

    private static double[] doubles(JsonNode node) {
        return StreamSupport.stream(node.spliterator(), false)
                .mapToDouble(JsonNode::asDouble)
                .toArray();
    }

    private static boolean[] labels(JsonNode node) {
        boolean[] labels = new boolean[node.size()];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = node.get(i).asInt() == 1;
        }
        return labels;
    }

    private static Step step(boolean[] labels, Mismatched mismatched) {
        long good = IntStream.range(0, labels.length).filter(i -> labels[i]).count();
        return new Step(good, labels.length - good, mismatched);
    }

    /** Completions of one token each. */
    private static UnpairedBatch batch(
            double[] policy, double[] reference, boolean[] labels, int from, int to, DType type) {
        double[] ones = new double[to - from];
        Arrays.fill(ones, 1);
        return new UnpairedBatch(
                Tensor.of(Arrays.copyOfRange(policy, from, to), Device.CPU)
                        .to(type)
                        .requiresGrad(true),
                Tensor.of(Arrays.copyOfRange(reference, from, to), Device.CPU).to(type),
                Tensor.of(IntStream.range(0, to - from).toArray(), Device.CPU),
                Tensor.of(ones, Device.CPU).to(type),
                Arrays.copyOfRange(labels, from, to));
    }

    private static double value(Loss loss, String name) {
        Measure found = loss.measures().stream()
                .filter(m -> m.name().equals(name))
                .findFirst()
                .orElseThrow();
        return found.sum() / found.count();
    }

    private static Kto kto(LossType type) {
        return new Kto(new Kto.Config(type, 0.1, 1, Optional.empty()));
    }

    @Test
    void noLogRatioOverflows() {
        double[] sizes = {1e4, -1e4, 1e4, -1e4, 0, 0};
        boolean[] labels = {true, true, false, false, true, false};
        double[] zeros = new double[sizes.length];
        for (LossType type : LossType.values()) {
            for (double drift : new double[] {0, 1e4, -1e4}) {
                try (Scope scope = Scope.open()) {
                    UnpairedBatch batch = batch(sizes, zeros, labels, 0, sizes.length, DType.FLOAT32);
                    Step step = step(labels, new Mismatched(new double[] {drift}, new double[] {0}));
                    Loss loss = kto(type).loss(batch, step);
                    loss.value().backward();
                    assertThat(loss.value().item()).isBetween(0.0, 3.0);
                    for (double gradient : batch.policy().grad().toDoubles()) {
                        assertThat(Double.isFinite(gradient)).isTrue();
                    }
                    for (Measure measure : loss.measures()) {
                        assertThat(Double.isFinite(measure.sum()))
                                .as(measure.name())
                                .isTrue();
                    }
                }
            }
        }
    }

    @Test
    void aClassThatAStepLacksIsLeftOutOfTheMetricsAndCounted() {
        boolean[] labels = {true, true};
        try (Scope scope = Scope.open()) {
            UnpairedBatch batch = batch(new double[] {-1, -2}, new double[] {-2, -2}, labels, 0, 2, DType.FLOAT64);
            Loss loss = kto(LossType.SEED).loss(batch, step(labels, Mismatched.NONE));
            assertThat(Double.isFinite(loss.value().item())).isTrue();
            assertThat(value(loss, "class_missing")).isEqualTo(1);
            assertThat(value(loss, "class_frac/desirable")).isEqualTo(1);
            assertThat(value(loss, "rewards/chosen")).isCloseTo(0.05, within(1e-12));
            assertThat(loss.measures()).extracting(Measure::name).doesNotContain("rewards/margins", "kl");
        }
    }

    @Test
    void theLossAtTheStartIsThatOfAPolicyThatIsTheReference() {
        boolean[] labels = {true, false, false};
        double[] same = {-3, -4, -5};
        for (LossType type : LossType.values()) {
            Kto kto = new Kto(new Kto.Config(type, 0.1, 1.5, Optional.of(0.8)));
            Step step = step(labels, new Mismatched(new double[] {-7}, new double[] {-7}));
            try (Scope scope = Scope.open()) {
                Loss loss = kto.loss(batch(same, same, labels, 0, 3, DType.FLOAT64), step);
                assertThat(loss.value().item()).isCloseTo(kto.lossAtStart(step), within(1e-12));
            }
        }
    }

    @Test
    void theWeightsThatTheReportProposes() throws IOException {
        JsonNode vector = vectors("class_weights").get(0);
        JsonNode expected = vector.get("expected");
        for (int i = 0; i < expected.get("auto").size(); i++) {
            JsonNode counts = vector.get("inputs").get("cases").get(i);
            Preflight.Labels labels = new Preflight.Labels(
                    counts.get("n_desirable").asLong(),
                    counts.get("n_undesirable").asLong());
            double[] auto = doubles(expected.get("auto").get(i));
            assertThat(labels.weights(1)).isEqualTo(new Preflight.Weights(auto[0], auto[1]));
            double[] range = doubles(expected.get("minority_weight_range").get(i));
            Preflight.Weights most = labels.weights(4.0 / 3);
            boolean good = labels.desirable() <= labels.undesirable();
            assertThat(good ? most.desirable() : most.undesirable())
                    .isCloseTo(good ? range[1] : range[0], within(1e-9));
            assertThat(labels.isBalanced()).isEqualTo(range[0] == 1);
        }
    }

    @Test
    void weightsThatLeaveNothingToLearnAreRefused() {
        assertThatThrownBy(() -> new Kto.Config(LossType.KTO, 0.1, 0, Optional.of(0.0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("both 0");
    }
}
