package dev.plumb.objective;

import static dev.plumb.objective.VectorsTest.assertClose;
import static dev.plumb.objective.VectorsTest.tensor;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Reward models against the worked numbers of the specification, in 64 bits and in 32 bits. */
class RewardVectorsTest {
    private static JsonNode vector(String name) throws IOException {
        return StreamSupport.stream(vectors().spliterator(), false)
                .filter(v -> v.get("name").asText().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static JsonNode vectors() throws IOException {
        try (InputStream in = RewardVectorsTest.class.getResourceAsStream("/spec/reward-models.json")) {
            return new JsonMapper().readTree(in).get("vectors");
        }
    }

    private static List<Double> numbers(JsonNode node) {
        List<Double> out = new ArrayList<>();
        node.forEach(v -> out.add(v.asDouble()));
        return out;
    }

    private static double[] array(JsonNode node) {
        return numbers(node).stream().mapToDouble(v -> v).toArray();
    }

    @TestFactory
    Stream<DynamicTest> bradleyTerry() throws IOException {
        List<JsonNode> vectors = StreamSupport.stream(vectors().spliterator(), false)
                .filter(v -> v.get("variant").asText().equals("bradley_terry"))
                .toList();
        assertThat(vectors).hasSize(4);
        return vectors.stream()
                .flatMap(v -> Stream.of(DType.FLOAT64, DType.FLOAT32)
                        .map(type ->
                                DynamicTest.dynamicTest(v.get("name").asText() + " " + type, () -> check(v, type))));
    }

    private static void check(JsonNode vector, DType type) {
        JsonNode in = vector.get("inputs");
        JsonNode expected = vector.get("expected");
        double bound = type == DType.FLOAT64 ? vector.get("tolerance").asDouble() : 1e-6;
        BradleyTerry objective =
                new BradleyTerry(new BradleyTerry.Config(in.path("centering").asDouble(), 0));
        try (Scope scope = Scope.open()) {
            RewardBatch batch = batch(in, type);
            Loss loss = objective.loss(
                    batch, new RewardObjective.Step(batch.rankings().size()));
            assertClose("loss", loss.value().item(), expected.get("loss").asDouble(), bound);
            assertClose(
                    "accuracy",
                    value(loss, "accuracy"),
                    expected.get("accuracy").asDouble(),
                    bound);
            assertClose(
                    "margin", value(loss, "margin"), expected.get("margin_mean").asDouble(), bound);
            loss.value().backward();
            assertAll(half(batch, 0), expected.get("grad_chosen"), bound);
            assertAll(half(batch, 1), expected.get("grad_rejected"), bound);
        }
    }

    /** All chosen ones, then all rejected ones. */
    private static RewardBatch batch(JsonNode in, DType type) {
        List<Double> rewards = numbers(in.get("chosen"));
        int pairs = rewards.size();
        rewards.addAll(numbers(in.get("rejected")));
        List<Ranking> rankings = new ArrayList<>();
        for (int i = 0; i < pairs; i++) {
            rankings.add(Ranking.pair(i, pairs + i, in.at("/margin/" + i).asDouble(0)));
        }
        return new RewardBatch(tensor(rewards, type).requiresGrad(true), rankings);
    }

    /** The gradient of half of the rewards. */
    private static Tensor half(RewardBatch batch, int which) {
        long pairs = batch.rankings().size();
        return batch.rewards().grad().narrow(0, which * pairs, pairs);
    }

    private static void assertAll(Tensor got, JsonNode want, double bound) {
        double[] values = got.toDoubles();
        assertThat(values).hasSize(want.size());
        for (int i = 0; i < values.length; i++) {
            assertClose("number " + i, values[i], want.get(i).asDouble(), bound);
        }
    }

    private static double value(Loss loss, String name) {
        Measure found = loss.measures().stream()
                .filter(m -> m.name().equals(name))
                .findFirst()
                .orElseThrow();
        return found.sum() / found.count();
    }

    /** The golden file kept here, and that of a folder given by -Dplumb.goldens. */
    @TestFactory
    Stream<DynamicTest> trl() throws IOException {
        List<JsonNode> files = new ArrayList<>();
        try (InputStream in = RewardVectorsTest.class.getResourceAsStream("/goldens/losses/reward.json")) {
            files.add(new JsonMapper().readTree(in));
        }
        String further = System.getProperty("plumb.goldens", "");
        Path file = Path.of(further, "losses", "reward.json");
        if (!further.isEmpty() && Files.exists(file)) {
            files.add(new JsonMapper().readTree(file.toFile()));
        }
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode golden : files) {
            for (JsonNode one : golden.get("cases")) {
                tests.add(DynamicTest.dynamicTest(one.get("name").asText(), () -> checkTrl(golden.get("inputs"), one)));
            }
        }
        assertThat(tests).hasSizeGreaterThanOrEqualTo(4);
        return tests.stream();
    }

    private static void checkTrl(JsonNode inputs, JsonNode one) {
        List<Double> rewards = numbers(inputs.get("rewards_chosen"));
        int pairs = rewards.size();
        rewards.addAll(numbers(inputs.get("rewards_rejected")));
        boolean hasMargin = !one.at("/options/margin").isNull();
        List<Ranking> rankings = new ArrayList<>();
        for (int i = 0; i < pairs; i++) {
            double margin = hasMargin ? inputs.at("/margin/" + i).asDouble() : 0;
            rankings.add(Ranking.pair(i, pairs + i, margin));
        }
        double centring = one.at("/options/center_rewards_coefficient").asDouble(0);
        try (Scope scope = Scope.open()) {
            RewardBatch batch = new RewardBatch(tensor(rewards, DType.FLOAT32).requiresGrad(true), rankings);
            Loss loss =
                    new BradleyTerry(new BradleyTerry.Config(centring, 0)).loss(batch, new RewardObjective.Step(pairs));
            assertClose("loss", loss.value().item(), one.at("/outputs/loss").asDouble(), 1e-6);
            for (String name : List.of("mean_reward", "accuracy", "margin")) { // min and max are the loop's
                assertClose(
                        name,
                        value(loss, name),
                        one.at("/outputs/metrics/" + name).asDouble(),
                        1e-6);
            }
            loss.value().backward();
            List<Double> want = numbers(one.at("/grads/rewards"));
            double[] got = batch.rewards().grad().toDoubles();
            assertThat(got).hasSize(want.size());
            for (int i = 0; i < got.length; i++) {
                assertClose("gradient " + i, got[i], want.get(i), 1e-6);
            }
        }
    }

    /** A soft label p is a label that is wrong with probability 1 − p; each pair of the vector has its own. */
    @Test
    void labelSmoothingIsASoftLabel() throws IOException {
        JsonNode vector = vector("rm-soft-label");
        JsonNode expected = vector.get("expected");
        double total = 0;
        for (int i = 0; i < 4; i++) {
            double wrong = 1 - vector.at("/inputs/preference/" + i).asDouble();
            BradleyTerry objective = new BradleyTerry(new BradleyTerry.Config(0, wrong));
            try (Scope scope = Scope.open()) {
                RewardBatch all = batch(vector.get("inputs"), DType.FLOAT64);
                RewardBatch one =
                        new RewardBatch(all.rewards(), List.of(all.rankings().get(i)));
                Loss loss = objective.loss(one, new RewardObjective.Step(4));
                loss.value().backward();
                total += loss.value().item();
                assertClose(
                        "loss",
                        4 * loss.value().item(),
                        expected.at("/losses/" + i).asDouble(),
                        1e-9);
                assertClose(
                        "gradient",
                        half(all, 0).toDoubles()[i],
                        expected.at("/grad_chosen/" + i).asDouble(),
                        1e-9);
                assertClose(
                        "gradient",
                        half(all, 1).toDoubles()[i],
                        expected.at("/grad_rejected/" + i).asDouble(),
                        1e-9);
            }
        }
        assertClose("mean", total, expected.get("loss").asDouble(), 1e-9);
    }

    @Test
    void calibration() throws IOException {
        JsonNode vector = vector("rm-calibration-ece");
        JsonNode expected = vector.get("expected");
        double[] differences = array(vector.at("/inputs/score_differences"));
        assertClose(
                "ece",
                RewardMeasures.calibrationError(
                        differences, vector.at("/inputs/bins").asInt()),
                expected.get("ece").asDouble(),
                1e-9);
        assertClose(
                "brier",
                RewardMeasures.brier(differences),
                expected.get("brier").asDouble(),
                1e-9);
        assertClose(
                "accuracy",
                RewardMeasures.accuracy(differences),
                expected.get("accuracy").asDouble(),
                1e-9);
    }

    @Test
    void validationOfPairs() throws IOException {
        JsonNode vector = vector("reward-model-metrics");
        JsonNode in = vector.get("inputs");
        JsonNode expected = vector.get("expected");
        List<RewardMeasures.Pair> pairs = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            pairs.add(new RewardMeasures.Pair(
                    in.at("/chosen_scores/" + i).asDouble(),
                    in.at("/rejected_scores/" + i).asDouble(),
                    in.at("/chosen_lengths/" + i).asInt(),
                    in.at("/rejected_lengths/" + i).asInt()));
        }
        double[] differences =
                pairs.stream().mapToDouble(RewardMeasures.Pair::difference).toArray();
        assertClose(
                "ece of 5 bins",
                RewardMeasures.calibrationError(differences, 5),
                expected.get("ece").asDouble(),
                1e-6);
        Map<String, Double> got = RewardMeasures.of(pairs);
        assertClose("brier", got.get("brier"), expected.get("brier").asDouble(), 1e-6);
        assertClose(
                "correlation",
                got.get("reward_length_corr"),
                expected.get("length_pearson").asDouble(),
                1e-6);
        // The chosen answer is longer in 4 pairs of 8 and as long in one; where it is shorter the model has 1 of 3
        // right.
        assertClose("baseline", got.get("length_baseline_accuracy"), 4.5 / 8, 1e-12);
        assertClose("shorter", got.get("shorter_chosen_accuracy"), 1.0 / 3, 1e-12);
    }

    @Test
    void whatIsUndefinedIsLeftOutAndWhatIsNoNumberIsNot() {
        assertThat(RewardMeasures.of(List.of())).isEmpty();
        assertThat(RewardMeasures.of(List.of(new RewardMeasures.Pair(1, 0, 5, 5))))
                .containsOnlyKeys("ece", "brier", "length_baseline_accuracy");
        assertThat(RewardMeasures.of(List.of(new RewardMeasures.Pair(Double.NaN, 0, 5, 6)))
                        .values())
                .contains(Double.NaN);
    }
}
