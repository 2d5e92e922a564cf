package dev.plumb.objective;

import static dev.plumb.objective.VectorsTest.assertClose;
import static dev.plumb.objective.VectorsTest.tensor;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Ties and soft labels against the worked numbers of the specification, and at the ends of the scale. */
class TieVectorsTest {
    private static final RaoKupper RAO_KUPPER = new RaoKupper();
    private static final Davidson DAVIDSON = new Davidson();
    private static final BradleyTerry HALF = new BradleyTerry(new BradleyTerry.Config(0, 0), true);

    private static JsonNode vector(String name) throws IOException {
        try (InputStream in = TieVectorsTest.class.getResourceAsStream("/spec/reward-models.json")) {
            return StreamSupport.stream(
                            new JsonMapper().readTree(in).get("vectors").spliterator(), false)
                    .filter(v -> v.get("name").asText().equals(name))
                    .findFirst()
                    .orElseThrow();
        }
    }

    /** Loss with the gradients of rewards, firsts before seconds, and of the parameter. */
    private record Result(double loss, double[] gradient, double byParameter) {}

    /** Pairs (first, second) of which the first is better, the second, or neither: 1, -1, 0. */
    private static Result of(
            RewardObjective objective,
            DType type,
            List<Double> first,
            List<Double> second,
            int[] outcome,
            double[] probability,
            double parameter) {
        List<Double> rewards = new ArrayList<>(first);
        rewards.addAll(second);
        List<Ranking> rankings = new ArrayList<>();
        for (int i = 0; i < outcome.length; i++) {
            int[] ranks = {outcome[i] == -1 ? 2 : 1, outcome[i] == 1 ? 2 : 1};
            rankings.add(new Ranking(new int[] {i, first.size() + i}, ranks, probability[i], 1, 0));
        }
        try (Scope scope = Scope.open()) {
            Tensor extra = tensor(List.of(parameter), type).requiresGrad(true);
            RewardBatch batch = new RewardBatch(tensor(rewards, type).requiresGrad(true), rankings, Optional.of(extra));
            Loss loss = objective.loss(batch, new RewardObjective.Step(rankings.size()));
            loss.value().backward();
            return new Result(
                    loss.value().item(),
                    batch.rewards().grad().toDoubles(),
                    extra.hasGrad() ? extra.grad().item() : 0);
        }
    }

    private static List<Double> numbers(JsonNode node) {
        List<Double> out = new ArrayList<>();
        node.forEach(v -> out.add(v.asDouble()));
        return out;
    }

    private static Result check(JsonNode vector, RewardObjective objective, double parameter, DType type) {
        double bound = type == DType.FLOAT64 ? vector.get("tolerance").asDouble() : 1e-6;
        JsonNode in = vector.get("inputs");
        int[] outcome =
                numbers(in.get("outcome")).stream().mapToInt(Double::intValue).toArray();
        Result got = of(
                objective,
                type,
                numbers(in.get("score_a")),
                numbers(in.get("score_b")),
                outcome,
                new double[] {1, 1, 1, 1},
                parameter);
        JsonNode expected = vector.get("expected");
        assertClose("loss", got.loss(), expected.get("loss").asDouble(), bound);
        List<Double> want = numbers(expected.get("grad_score_a"));
        want.addAll(numbers(expected.get("grad_score_b")));
        for (int i = 0; i < want.size(); i++) {
            assertClose("gradient " + i, got.gradient()[i], want.get(i), bound);
        }
        return got;
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT64", "FLOAT32"})
    void raoKupper(DType type) throws IOException {
        JsonNode vector = vector("rm-ties-rao-kupper");
        double eta = vector.at("/inputs/eta").asDouble();
        double h = Math.log(Math.expm1(eta));
        Result got = check(vector, RAO_KUPPER, h, type);
        double chain = -Math.expm1(-eta); // dη/dh = σ(h)
        assertClose(
                "gradient of eta",
                got.byParameter() / chain,
                vector.at("/expected/grad_eta").asDouble(),
                type == DType.FLOAT64 ? 1e-9 : 1e-5);
        probabilities(vector, RAO_KUPPER, h);
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT64", "FLOAT32"})
    void davidson(DType type) throws IOException {
        JsonNode vector = vector("rm-ties-davidson");
        double logNu = vector.at("/inputs/log_nu").asDouble();
        Result got = check(vector, DAVIDSON, logNu, type);
        assertClose(
                "gradient of log nu",
                got.byParameter(),
                vector.at("/expected/grad_log_nu").asDouble(),
                type == DType.FLOAT64 ? 1e-9 : 1e-6);
        probabilities(vector, DAVIDSON, logNu);
    }

    /** exp of minus the loss of each outcome of the first pair. */
    private static void probabilities(JsonNode vector, RewardObjective objective, double parameter) {
        double a = vector.at("/inputs/score_a/0").asDouble();
        double b = vector.at("/inputs/score_b/0").asDouble();
        double sum = 0;
        for (int i = 0; i < 3; i++) {
            double p = Math.exp(-one(objective, a, b, 1 - i, 1, parameter).loss());
            assertClose(
                    "outcome " + i, p, vector.at("/expected/probs_first/" + i).asDouble(), 1e-9);
            sum += p;
        }
        assertClose("sum", sum, 1, 1e-12);
    }

    private static Result one(
            RewardObjective objective, double a, double b, int outcome, double probability, double parameter) {
        return of(
                objective,
                DType.FLOAT64,
                List.of(a),
                List.of(b),
                new int[] {outcome},
                new double[] {probability},
                parameter);
    }

    @Test
    void softLabels() throws IOException {
        JsonNode vector = vector("rm-soft-label");
        JsonNode in = vector.get("inputs");
        double[] probability =
                numbers(in.get("preference")).stream().mapToDouble(p -> p).toArray();
        for (RewardObjective objective : List.of(HALF, new PlackettLuce(new PlackettLuce.Config(0, true)))) {
            Result got = of(
                    objective,
                    DType.FLOAT64,
                    numbers(in.get("chosen")),
                    numbers(in.get("rejected")),
                    new int[] {1, 1, 1, 1},
                    probability,
                    0);
            assertClose("loss", got.loss(), vector.at("/expected/loss").asDouble(), 1e-9);
            for (int i = 0; i < 4; i++) {
                assertClose(
                        "chosen",
                        got.gradient()[i],
                        vector.at("/expected/grad_chosen/" + i).asDouble(),
                        1e-9);
                assertClose(
                        "rejected",
                        got.gradient()[4 + i],
                        vector.at("/expected/grad_rejected/" + i).asDouble(),
                        1e-9);
            }
        }
        JsonNode other = vector("rm-soft-label-loss"); // of the second pair the other is the likelier one
        Result got = of(
                HALF,
                DType.FLOAT64,
                numbers(other.at("/inputs/r_first")),
                numbers(other.at("/inputs/r_second")),
                new int[] {1, -1},
                new double[] {0.6, 0.6},
                0);
        assertClose("mean", got.loss(), other.at("/expected/mean").asDouble(), 1e-9);
    }

    /** A soft label is a mixture of outcomes, under each model. */
    @Test
    void softLabelsMixOutcomes() {
        for (RewardObjective objective : List.of(HALF, RAO_KUPPER, DAVIDSON)) {
            double mixed = 0.7 * one(objective, 0.4, 1.3, 1, 1, -0.5).loss()
                    + 0.3 * one(objective, 0.4, 1.3, -1, 1, -0.5).loss();
            assertThat(one(objective, 0.4, 1.3, 1, 0.7, -0.5).loss()).isCloseTo(mixed, within(1e-12));
        }
    }

    @Test
    void aHalfTieAsksForEquality() {
        Result tie = one(HALF, 2, 1, 0, 1, 0);
        double d = 1;
        assertThat(tie.loss()).isCloseTo(0.5 * (Math.log1p(Math.exp(-d)) + Math.log1p(Math.exp(d))), within(1e-12));
        assertThat(one(HALF, 1, 1, 0, 1, 0).gradient()).containsOnly(0);
        assertThat(HALF.counts(new Ranking(new int[] {0, 1}, new int[] {1, 1}))).isTrue();
    }

    /** Where there are hardly any ties, both models are Bradley and Terry's. */
    @Test
    void withoutTiesBothArePlain() {
        double plain = one(HALF, 0.4, 1.3, 1, 1, 0).loss();
        assertThat(one(RAO_KUPPER, 0.4, 1.3, 1, 1, -40).loss()).isCloseTo(plain, within(1e-9));
        assertThat(one(DAVIDSON, 0.4, 1.3, 1, 1, -40).loss()).isCloseTo(plain, within(1e-9));
    }

    @ParameterizedTest
    @ValueSource(doubles = {-1e4, -30, 0, 30, 1e4})
    void theEndsOfTheScale(double difference) {
        for (RewardObjective objective : List.of(RAO_KUPPER, DAVIDSON)) {
            for (int outcome : new int[] {-1, 0, 1}) {
                for (DType type : List.of(DType.FLOAT64, DType.FLOAT32)) {
                    for (double parameter : new double[] {-20, 0, 20}) {
                        Result got = of(
                                objective,
                                type,
                                List.of(difference),
                                List.of(0.0),
                                new int[] {outcome},
                                new double[] {1},
                                parameter);
                        assertThat(got.loss()).isFinite();
                        assertThat(got.byParameter()).isFinite();
                        assertThat(got.gradient()[0]).isFinite().isBetween(-1.0, 1.0);
                    }
                }
            }
        }
        // Against a wide difference the loss of a win that was not is that difference, of a tie half or all of it.
        double far = Math.abs(difference);
        if (far == 1e4) {
            assertThat(one(RAO_KUPPER, -far, 0, 1, 1, 0).loss()).isCloseTo(far + Math.log(2), within(1e-3));
            assertThat(one(DAVIDSON, -far, 0, 1, 1, 0).loss()).isCloseTo(far, within(1e-3));
            assertThat(one(DAVIDSON, far, 0, 0, 1, 0).loss()).isCloseTo(far / 2, within(1e-3));
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.02, 0.2, 0.6})
    void theyStartWhereEqualRewardsGiveTheShareOfTies(double share) {
        for (RewardObjective objective : List.of(RAO_KUPPER, DAVIDSON)) {
            double loss = one(objective, 1, 1, 0, 1, objective.parameterAtStart(share))
                    .loss();
            assertThat(Math.exp(-loss)).isCloseTo(share, within(1e-9));
            assertThat(objective.parameterAtStart(0)).isFinite();
            assertThat(objective.parameterAtStart(1)).isFinite();
        }
    }
}
