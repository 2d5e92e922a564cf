package dev.plumb.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Functional;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Process and outcome reward models: worked numbers, the textbook form, parts of a step, and extremes. */
class StepObjectivesTest {
    private static final double[] HARD = {1, 0, 1, 0};

    private static ProcessReward process(ProcessReward.Normalise normalise) {
        return new ProcessReward(new ProcessReward.Config(normalise));
    }

    private static JsonNode vector(String name) throws IOException {
        try (InputStream in = StepObjectivesTest.class.getResourceAsStream("/spec/process-rewards.json")) {
            return StreamSupport.stream(
                            new JsonMapper().readTree(in).get("vectors").spliterator(), false)
                    .filter(v -> v.get("name").asText().equals(name))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static double[] numbers(JsonNode node) {
        return StreamSupport.stream(node.spliterator(), false)
                .mapToDouble(JsonNode::asDouble)
                .toArray();
    }

    private static Tensor tensor(DType type, double... values) {
        return Tensor.of(values, Device.CPU).to(type);
    }

    @ParameterizedTest
    @CsvSource({"hard, FLOAT64, 1e-12", "hard, FLOAT32, 1e-6", "soft, FLOAT64, 1e-12", "soft, FLOAT32, 1e-6"})
    void worked(String labels, DType type, double bound) throws IOException {
        JsonNode vector = vector("prm-step-cross-entropy");
        JsonNode expected = vector.get("expected");
        double[] label = numbers(vector.at("/inputs/" + labels + "_labels"));
        double[] c = numbers(expected.get("step_probabilities"));
        double[] pairs = StreamSupport.stream(
                        vector.at("/inputs/step_logits_neg_pos").spliterator(), false)
                .flatMapToDouble(pair -> Arrays.stream(numbers(pair)))
                .toArray();
        try (Scope scope = Scope.open()) {
            Tensor logits = tensor(type, pairs).reshape(4, 2).requiresGrad(true);
            StepBatch batch = new StepBatch(StepBatch.logOdds(logits), tensor(type, label), new int[] {3, 1});
            near(batch.logOdds().detach().sigmoid(), c, bound);
            near(batch.crossEntropy().detach(), numbers(expected.get(labels + "_loss_per_step")), bound);
            Loss loss = process(ProcessReward.Normalise.GLOBAL).loss(batch, new StepObjective.Step(4, 2));
            assertThat(loss.value().item())
                    .isCloseTo(expected.get(labels + "_loss_mean").asDouble(), within(bound));
            loss.value().backward();
            double[] gradient = new double[8];
            for (int j = 0; j < 4; j++) {
                gradient[2 * j + 1] = (c[j] - label[j]) / 4;
                gradient[2 * j] = -gradient[2 * j + 1];
            }
            near(logits.grad().reshape(8), gradient, bound);
            if (labels.equals("hard")) { // the two-class cross-entropy of other software
                double[] logp = Functional.logSoftmax(logits.detach(), 1).toDoubles();
                double textbook = 0;
                for (int j = 0; j < 4; j++) {
                    textbook -= logp[2 * j + (int) label[j]] / 4;
                }
                assertThat(loss.value().item()).isCloseTo(textbook, within(bound));
                assertThat(value(loss, "prm/step_accuracy")).isEqualTo(0.75);
                assertThat(value(loss, "labels/positive_share")).isEqualTo(0.5);
            }
        }
    }

    private static void near(Tensor got, double[] want, double bound) {
        double[] values = got.toDoubles();
        assertThat(values).hasSize(want.length);
        for (int i = 0; i < want.length; i++) {
            assertThat(values[i]).as("number " + i).isCloseTo(want[i], within(bound));
        }
    }

    private static double value(Loss loss, String name) {
        return loss.measures().stream()
                .filter(m -> m.name().equals(name))
                .mapToDouble(m -> m.sum() / m.count())
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aHeadOfZerosGivesLogTwo() {
        try (Scope scope = Scope.open()) {
            StepBatch batch =
                    new StepBatch(tensor(DType.FLOAT32, 0, 0, 0, 0), tensor(DType.FLOAT32, HARD), new int[] {4});
            for (StepObjective objective : List.of(
                    process(ProcessReward.Normalise.GLOBAL),
                    process(ProcessReward.Normalise.PER_ROW),
                    new OutcomeReward())) {
                assertThat(objective
                                .loss(batch, new StepObjective.Step(4, 1))
                                .value()
                                .item())
                        .isCloseTo(Math.log(2), within(1e-6));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(ProcessReward.Normalise.class)
    void partsAddUpToTheWhole(ProcessReward.Normalise normalise) {
        ProcessReward objective = process(normalise);
        double[] odds = {0.3, -1.2, 2.0, 0.7, -0.1, 1.1};
        double[] labels = {1, 0.25, 1, 0, 0, 1};
        StepObjective.Step step = new StepObjective.Step(6, 3);
        try (Scope scope = Scope.open()) {
            Tensor whole = tensor(DType.FLOAT64, odds).requiresGrad(true);
            Tensor loss = objective
                    .loss(new StepBatch(whole, tensor(DType.FLOAT64, labels), new int[] {1, 3, 2}), step)
                    .value();
            loss.backward();
            double want = 0;
            int[] of = {1, 3, 3, 3, 2, 2};
            for (int i = 0; i < 6; i++) {
                double one = Math.log1p(Math.exp(odds[i])) - labels[i] * odds[i];
                want += normalise == ProcessReward.Normalise.GLOBAL ? one / 6 : one / of[i] / 3;
            }
            assertThat(loss.item()).isCloseTo(want, within(1e-12));
            double sum = 0;
            int at = 0;
            for (int places : new int[] {1, 3, 2}) {
                Tensor part = tensor(DType.FLOAT64, Arrays.copyOfRange(odds, at, at + places))
                        .requiresGrad(true);
                Tensor share = objective
                        .loss(
                                new StepBatch(
                                        part,
                                        tensor(DType.FLOAT64, Arrays.copyOfRange(labels, at, at + places)),
                                        new int[] {places}),
                                step)
                        .value();
                share.backward();
                sum += share.item();
                near(part.grad(), Arrays.copyOfRange(whole.grad().toDoubles(), at, at + places), 1e-12);
                at += places;
            }
            assertThat(sum).isCloseTo(want, within(1e-12));
        }
    }

    @Test
    void farOutAllStaysANumber() {
        try (Scope scope = Scope.open()) {
            Tensor odds = tensor(DType.FLOAT32, 1e4, 1e4, -1e4, -1e4).requiresGrad(true);
            StepBatch batch = new StepBatch(odds, tensor(DType.FLOAT32, 1, 0, 1, 0), new int[] {4});
            near(batch.crossEntropy().detach(), new double[] {0, 1e4, 1e4, 0}, 1e-3);
            process(ProcessReward.Normalise.GLOBAL)
                    .loss(batch, new StepObjective.Step(4, 1))
                    .value()
                    .backward();
            near(odds.grad(), new double[] {0, 0.25, -0.25, 0}, 1e-6);
        }
    }

    @Test
    void anOutcomeIsJudgedByItsLastPlace() {
        try (Scope scope = Scope.open()) {
            StepBatch batch =
                    new StepBatch(tensor(DType.FLOAT64, -1, 2, -3), tensor(DType.FLOAT64, 1, 1, 1), new int[] {2, 1});
            Loss loss = new OutcomeReward().loss(batch, new StepObjective.Step(3, 2));
            assertThat(loss.value().item())
                    .isCloseTo(
                            (Math.log1p(Math.exp(1)) + Math.log1p(Math.exp(-2)) + Math.log1p(Math.exp(3))) / 3,
                            within(1e-12));
            assertThat(value(loss, "accuracy")).isEqualTo(0.5);
            assertThat(value(loss, "labels/positive_share")).isEqualTo(1);
        }
    }

    private static StepMeasures.Solution solution(double[] scores, double... labels) {
        return new StepMeasures.Solution(scores, labels);
    }

    @Test
    void measuresOfSteps() throws IOException {
        Map<String, Double> got = StepMeasures.ofSteps(List.of(
                solution(new double[] {0.9, 0.8, 0.7}, 1, 1, 1), // right, found right
                solution(new double[] {0.9, 0.4, 0.6}, 1, 0, 0), // the first error is found, the second not
                solution(new double[] {0.2}, 1))); // an error is seen where none is
        assertThat(got.get("prm/first_error_accuracy")).isCloseTo(2 / 3.0, within(1e-12));
        assertThat(got.get("prm/f1")).isCloseTo(2 / 3.0, within(1e-12)); // of 1 and 1/2
        assertThat(got.get("prm/recall/good")).isCloseTo(4 / 5.0, within(1e-12));
        assertThat(got.get("prm/recall/bad")).isCloseTo(1 / 2.0, within(1e-12));
        assertThat(got.get("prm/step_auc")).isCloseTo(8 / 10.0, within(1e-12)); // 0.2 loses to 0.4 and to 0.6
        assertThat(got.get("prm/calibration_first")).isCloseTo((-0.1 - 0.1 - 0.8) / 3, within(1e-12));
        assertThat(got.get("prm/calibration_middle")).isCloseTo((-0.2 + 0.4) / 2, within(1e-12));
        assertThat(got.get("prm/calibration_last")).isCloseTo((-0.3 + 0.6) / 2, within(1e-12));
        // Bins of 1/15: 0.9 twice, 0.8, 0.7, 0.6, 0.4, 0.2.
        assertThat(got.get("prm/ece")).isCloseTo((0.2 + 0.2 + 0.3 + 0.6 + 0.4 + 0.8) / 7, within(1e-12));
        JsonNode vector = vector("processbench-f1");
        assertThat(StepMeasures.f1(
                        vector.at("/inputs/accuracy_on_erroneous").asDouble(),
                        vector.at("/inputs/accuracy_on_correct").asDouble()))
                .isCloseTo(vector.at("/expected/f1").asDouble(), within(1e-12));
        assertThat(StepMeasures.f1(0, 0)).isZero();
    }

    @Test
    void measuresOfOutcomesAndOfOneClassAlone() {
        Map<String, Double> got = StepMeasures.ofOutcomes(
                List.of(solution(new double[] {0.1, 0.8}, 0, 1), solution(new double[] {0.8}, 0)));
        assertThat(got).containsOnlyKeys("auc", "recall/good", "recall/bad", "ece", "brier");
        assertThat(List.copyOf(got.values()).subList(0, 3)).containsExactly(0.5, 1.0, 0.0);
        assertThat(got.get("ece")).isCloseTo(0.3, within(1e-12));
        assertThat(got.get("brier")).isCloseTo((0.04 + 0.64) / 2, within(1e-12));
        assertThat(StepMeasures.ofOutcomes(List.of(solution(new double[] {0.8}, 1))))
                .containsOnlyKeys("recall/good", "ece", "brier");
        assertThat(StepMeasures.ofSteps(List.of(solution(new double[] {0.8}, 1))))
                .containsOnlyKeys("prm/recall/good", "prm/ece", "prm/calibration_first", "prm/first_error_accuracy");
        assertThat(StepMeasures.ofSteps(List.of())).isEmpty();
        assertThat(StepMeasures.ofOutcomes(List.of(solution(new double[] {Double.NaN}, 1)))
                        .get("brier"))
                .isNaN();
    }
}
