package dev.plumb.objective;

import static dev.plumb.objective.VectorsTest.assertClose;
import static dev.plumb.objective.VectorsTest.tensor;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Scope;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rankings against the worked numbers of the specification, and at the ends of the scale. */
class RankingVectorsTest {
    private static final BradleyTerry PAIRS = new BradleyTerry(new BradleyTerry.Config(0, 0));
    private static final PlackettLuce ORDERS = new PlackettLuce(new PlackettLuce.Config(0, true));

    private static JsonNode vector(String name) throws IOException {
        try (InputStream in = RankingVectorsTest.class.getResourceAsStream("/spec/reward-models.json")) {
            return StreamSupport.stream(
                            new JsonMapper().readTree(in).get("vectors").spliterator(), false)
                    .filter(v -> v.get("name").asText().equals(name))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static int[] ints(JsonNode node) {
        return IntStream.range(0, node.size()).map(i -> node.get(i).asInt()).toArray();
    }

    private static double[] doubles(JsonNode node) {
        return IntStream.range(0, node.size())
                .mapToDouble(i -> node.get(i).asDouble())
                .toArray();
    }

    /** Loss and gradients of rankings one behind the other. */
    private record Result(double loss, double[] gradient, Loss all) {}

    private static Result of(RewardObjective objective, DType type, double[][] scores, int[][] ranks) {
        List<Double> rewards = new ArrayList<>();
        List<Ranking> rankings = new ArrayList<>();
        for (int i = 0; i < scores.length; i++) {
            int start = rewards.size();
            DoubleStream.of(scores[i]).forEach(rewards::add);
            rankings.add(new Ranking(
                    IntStream.range(0, scores[i].length).map(j -> start + j).toArray(), ranks[i]));
        }
        try (Scope scope = Scope.open()) {
            RewardBatch batch = new RewardBatch(tensor(rewards, type).requiresGrad(true), rankings);
            Loss loss = objective.loss(batch, new RewardObjective.Step(scores.length));
            loss.value().backward();
            return new Result(loss.value().item(), batch.rewards().grad().toDoubles(), loss);
        }
    }

    private static void check(String name, RewardObjective objective, DType type) throws IOException {
        JsonNode vector = vector(name);
        JsonNode in = vector.get("inputs");
        double bound = type == DType.FLOAT64 ? vector.get("tolerance").asDouble() : 1e-6;
        Result got = of(
                objective,
                type,
                new double[][] {doubles(in.get("scores_1")), doubles(in.get("scores_2"))},
                new int[][] {ints(in.get("ranks_1")), ints(in.get("ranks_2"))});
        JsonNode expected = vector.get("expected");
        assertClose("loss", got.loss(), expected.get("loss").asDouble(), bound);
        double[] want = DoubleStream.concat(
                        DoubleStream.of(doubles(expected.get("grad_scores_1"))),
                        DoubleStream.of(doubles(expected.get("grad_scores_2"))))
                .toArray();
        assertThat(got.gradient()).hasSize(want.length);
        for (int i = 0; i < want.length; i++) {
            assertClose("gradient " + i, got.gradient()[i], want[i], bound);
        }
        assertThat(got.all().measures())
                .filteredOn(m -> m.name().equals("accuracy"))
                .singleElement() // of the first ranking 5 pairs of 6 are right, of the second none
                .satisfies(m -> assertClose("accuracy", m.sum() / m.count(), (5.0 / 6 + 1) / 2, 1e-12));
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT64", "FLOAT32"})
    void allPairs(DType type) throws IOException {
        check("rm-listwise-instructgpt", PAIRS, type);
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT64", "FLOAT32"})
    void wholeOrders(DType type) throws IOException {
        check("rm-plackett-luce", ORDERS, type);
    }

    @Test
    void sumsOverChoicesAndFirstPlaces() throws IOException {
        JsonNode vector = vector("rm-plackett-luce");
        JsonNode in = vector.get("inputs");
        double[][] scores = {doubles(in.get("scores_1"))};
        int[][] ranks = {ints(in.get("ranks_1"))};
        Result sum = of(new PlackettLuce(new PlackettLuce.Config(0, false)), DType.FLOAT64, scores, ranks);
        assertClose("nll", sum.loss(), vector.at("/expected/per_prompt_nll/0").asDouble(), 1e-9);

        JsonNode two = vector("rm-plackett-luce-top-2");
        Result first = of(
                new PlackettLuce(new PlackettLuce.Config(2, false)),
                DType.FLOAT64,
                new double[][] {doubles(two.at("/inputs/scores"))},
                new int[][] {ints(two.at("/inputs/ranks"))});
        assertClose("nll", first.loss(), two.at("/expected/nll").asDouble(), 1e-9);
        double[] want = doubles(two.at("/expected/grad_scores_of_nll"));
        for (int i = 0; i < want.length; i++) {
            assertClose("gradient " + i, first.gradient()[i], want[i], 1e-9);
        }
        Result mean = of(
                new PlackettLuce(new PlackettLuce.Config(2, true)),
                DType.FLOAT64,
                new double[][] {doubles(two.at("/inputs/scores"))},
                new int[][] {ints(two.at("/inputs/ranks"))});
        assertClose("normalised", mean.loss(), two.at("/expected/normalised").asDouble(), 1e-9);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.7})
    void anOrderOfTwoIsAPair(double margin) {
        double[] losses = new double[2];
        double[][] gradients = new double[2][];
        RewardObjective[] both = {PAIRS, ORDERS};
        for (int i = 0; i < 2; i++) {
            try (Scope scope = Scope.open()) {
                RewardBatch batch = new RewardBatch(
                        tensor(List.of(0.3, 1.1), DType.FLOAT64).requiresGrad(true),
                        List.of(
                                Ranking.pair(0, 1, margin),
                                new Ranking(new int[] {1, 0}, new int[] {1, 2}, 0.7, 1, margin)));
                Loss loss = both[i].loss(batch, new RewardObjective.Step(2));
                loss.value().backward();
                losses[i] = loss.value().item();
                gradients[i] = batch.rewards().grad().toDoubles();
            }
        }
        assertClose("loss", losses[1], losses[0], 1e-12);
        assertClose("gradient", gradients[1][0], gradients[0][0], 1e-12);
    }

    /** A ranking's gradients sum to 0, equal ranks are not told apart, and what cannot be worse costs what it is wrong by. */
    @Test
    void theEndsOfTheScale() {
        for (RewardObjective objective : List.of(PAIRS, ORDERS)) {
            double[][] scores = {{1e4, -1e4, 0}};
            Result right = of(objective, DType.FLOAT32, scores, new int[][] {{1, 3, 2}});
            assertThat(right.loss()).isEqualTo(0);
            assertThat(right.gradient()).containsOnly(0);
            Result wrong = of(objective, DType.FLOAT32, scores, new int[][] {{3, 1, 2}});
            // pairs: (2e4 + 1e4 + 1e4) / 3; choices: (2e4 + 1e4) / 2
            assertClose("wrong", wrong.loss(), objective == PAIRS ? 4e4 / 3 : 1.5e4, 1e-6);
            assertThat(DoubleStream.of(wrong.gradient()).sum())
                    .isCloseTo(0, org.assertj.core.api.Assertions.within(1e-6));
            Result tied = of(objective, DType.FLOAT64, new double[][] {{0.5, 0.1, -0.2}}, new int[][] {{1, 1, 2}});
            assertThat(tied.gradient()[0]).isNegative().isGreaterThan(tied.gradient()[1]);
            assertThat(objective.counts(new Ranking(new int[] {0, 1}, new int[] {2, 2})))
                    .isFalse();
        }
    }
}
