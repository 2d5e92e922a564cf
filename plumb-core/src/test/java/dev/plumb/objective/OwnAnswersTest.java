package dev.plumb.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.plumb.tensor.Device;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Pairs and best answers of the policy's own: which are picked, and their losses by hand. */
class OwnAnswersTest {
    private static OnlineDpo.Config dpo(OnlineDpo.LossType type, Optional<Double> penalty, double margin) {
        return new OnlineDpo.Config(0.1, type, penalty, margin);
    }

    private static Experience experience(int group, double[] rewards, int[] lengths, boolean[] stopped) {
        return new Experience(
                group,
                Arrays.stream(rewards).mapToObj(r -> new double[] {r}).toList(),
                new double[] {1},
                Arrays.stream(lengths).mapToObj(double[]::new).toList(),
                Arrays.stream(lengths).mapToObj(double[]::new).toList(),
                stopped,
                List.of(),
                List.of(),
                new double[0]);
    }

    private static int[] ones(int n) {
        return IntStream.generate(() -> 1).limit(n).toArray();
    }

    /** Vector online-dpo-pairs of the specification. */
    @Test
    void pairsAreOfDifferentRewardsAfterThePenalty() {
        double[] rewards = {1.2, 0.7, 0.5, 0.5, 2.0, 2.3, 0.9, 1.1};
        boolean[] stopped = {true, true, true, true, true, false, false, false};
        PolicyObjective.Credit credit = new OnlineDpo(dpo(OnlineDpo.LossType.SIGMOID, Optional.of(1.0), 1e-6))
                .credit(experience(2, rewards, ones(8), stopped), new double[0]);
        assertThat(credit.kept()).containsExactly(true, true, false, false, true, true, true, true);
        assertThat(credit.advantages().stream().mapToDouble(row -> row[0]))
                .containsExactly(1.0, -1.0, 0.0, 0.0, 1.0, -1.0, -1.0, 1.0);
        assertThat(credit.measures()).contains(new Measure("online/tie_rate", 1, 4));
    }

    /** Vector iterative-dpo-best-worst of the specification. */
    @Test
    void ofEqualBestTheShorterOfEqualWorstTheLongerIsTaken() {
        double[] rewards = {0.2, 1.7, -0.4, 1.7, 0.9, 0.1};
        int[] lengths = {40, 95, 60, 80, 70, 30};
        boolean[] stopped = new boolean[6];
        OnlineDpo objective = new OnlineDpo(dpo(OnlineDpo.LossType.SIGMOID, Optional.empty(), 0.5));
        assertThat(objective
                        .credit(experience(6, rewards, lengths, stopped), new double[0])
                        .kept())
                .containsExactly(false, false, true, true, false, false);
        double[] worst = {2, 0, 0, Double.NaN};
        assertThat(objective
                        .credit(experience(4, worst, new int[] {3, 2, 5, 9}, new boolean[4]), new double[0])
                        .kept())
                .containsExactly(true, false, true, false);
    }

    private static PolicyBatch batch(double[][] logps, double[][] refs, double[] signs) {
        List<Double> flat = new ArrayList<>();
        List<Double> ref = new ArrayList<>();
        List<Double> advantages = new ArrayList<>();
        List<Long> sequence = new ArrayList<>();
        double[] lengths = new double[logps.length];
        for (int i = 0; i < logps.length; i++) {
            lengths[i] = logps[i].length;
            for (int t = 0; t < logps[i].length; t++) {
                flat.add(logps[i][t]);
                ref.add(refs[i][t]);
                advantages.add(signs[i]);
                sequence.add((long) i);
            }
        }
        Tensor leaf = tensor(flat).requiresGrad(true);
        return new PolicyBatch(
                logps.length,
                leaf,
                leaf.detach(),
                Optional.of(tensor(ref)),
                tensor(advantages),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Tensor.of(sequence.stream().mapToLong(v -> v).toArray(), Device.CPU),
                Tensor.of(lengths, Device.CPU));
    }

    private static Tensor tensor(List<Double> values) {
        return Tensor.of(values.stream().mapToDouble(v -> v).toArray(), Device.CPU);
    }

    @ParameterizedTest
    @EnumSource(OnlineDpo.LossType.class)
    void theLossIsThatOfThePairInWhateverOrderItStands(OnlineDpo.LossType type) {
        double[][] logps = {{-1, -2}, {-0.5, -3, -1}, {-4}, {-2, -2}};
        double[][] refs = {{-1.5, -2}, {-0.4, -2, -1}, {-3}, {-2.5, -1}};
        double[] signs = {1, -1, -1, 1};
        double[] gaps = {0.5 - (-1.1), -0.5 - (-1)}; // D_w − D_l
        try (Scope scope = Scope.open()) {
            PolicyBatch batch = batch(logps, refs, signs);
            Loss loss = new OnlineDpo(dpo(type, Optional.empty(), 0)).loss(batch, new PolicyObjective.Step(4, 8, 9));
            double expected = 0;
            double[] slopes = new double[2]; // by each gap
            for (int p = 0; p < 2; p++) {
                double u = 0.1 * gaps[p];
                expected += type == OnlineDpo.LossType.SIGMOID
                        ? Math.log1p(Math.exp(-u)) / 2
                        : Math.pow(gaps[p] - 5, 2) / 2;
                slopes[p] = type == OnlineDpo.LossType.SIGMOID ? -0.1 / (1 + Math.exp(u)) / 2 : (gaps[p] - 5);
            }
            assertThat(loss.value().item()).isCloseTo(expected, within(1e-12));
            loss.value().backward();
            double[] want = {slopes[0], slopes[0], -slopes[0], -slopes[0], -slopes[0], -slopes[1], slopes[1], slopes[1]
            };
            double[] got = batch.logps().grad().toDoubles();
            for (int t = 0; t < want.length; t++) {
                assertThat(got[t]).isCloseTo(want[t], within(1e-12));
            }
            assertThat(loss.measures()).contains(new Measure("rewards/accuracies", 2, 2));
        }
    }

    @Test
    void farApartNothingOverflows() {
        try (Scope scope = Scope.open()) {
            PolicyBatch batch = batch(new double[][] {{-1e4}, {0}}, new double[][] {{0}, {-1e4}}, new double[] {1, -1});
            Loss loss = new OnlineDpo(dpo(OnlineDpo.LossType.SIGMOID, Optional.empty(), 0))
                    .loss(batch, new PolicyObjective.Step(2, 2, 9));
            assertThat(loss.value().item()).isCloseTo(2000, within(1e-9));
            loss.value().backward();
            assertThat(batch.logps().grad().toDoubles()).containsExactly(-0.1, 0.1);
        }
    }

    @Test
    void theBestAnswersAreImitatedAndOnlyThoseThatEarnEnough() {
        double[] rewards = {0, 1, 1, 0.5, 0, 0, Double.NaN, 0};
        int[] lengths = {1, 5, 2, 1, 1, 1, 1, 1};
        Experience experience = experience(4, rewards, lengths, new boolean[8]);
        assertThat(new Raft(new Raft.Config(Optional.empty(), 1))
                        .credit(experience, new double[0])
                        .kept())
                .containsExactly(false, false, true, false, true, false, false, false);
        assertThat(new Raft(new Raft.Config(Optional.of(1.0), 2))
                        .credit(experience, new double[0])
                        .kept())
                .containsExactly(false, true, true, false, false, false, false, false);
        try (Scope scope = Scope.open()) {
            PolicyBatch batch =
                    batch(new double[][] {{-1, -2}, {-3}}, new double[][] {{0, 0}, {0}}, new double[] {1, 1});
            Loss loss = new Raft(new Raft.Config(Optional.empty(), 1)).loss(batch, new PolicyObjective.Step(2, 6, 9));
            assertThat(loss.value().item()).isCloseTo(1, within(1e-12)); // a half of the step's tokens
            loss.value().backward();
            assertThat(batch.logps().grad().toDoubles()).containsOnly(-1.0 / 6);
        }
    }
}
