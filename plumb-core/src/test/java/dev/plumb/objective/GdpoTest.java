package dev.plumb.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.plumb.config.Binder;
import dev.plumb.config.PlumbException;
import dev.plumb.config.YamlSource;
import dev.plumb.objective.BeliefObjective.Step;
import dev.plumb.objective.Gdpo.Variant;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Functional;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** GDPO against the worked numbers of the specification, in any split, and where numbers are large. */
class GdpoTest {
    private static JsonNode vector(String name) throws IOException {
        try (InputStream in = GdpoTest.class.getResourceAsStream("/spec/beliefs.json")) {
            return StreamSupport.stream(
                            new JsonMapper().readTree(in).get("vectors").spliterator(), false)
                    .filter(v -> v.get("name").asText().equals(name))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static double[] doubles(JsonNode node) {
        return StreamSupport.stream(node.spliterator(), false)
                .mapToDouble(JsonNode::asDouble)
                .toArray();
    }

    private static double[][] rows(JsonNode node) {
        return StreamSupport.stream(node.spliterator(), false)
                .map(GdpoTest::doubles)
                .toArray(double[][]::new);
    }

    private static Gdpo gdpo(String... settings) {
        return new Gdpo(Binder.bind(Gdpo.Config.class, YamlSource.commandLine().with(List.of(settings))));
    }

    private static String word(Variant variant) {
        return variant.name().toLowerCase(Locale.ROOT);
    }

    private static double value(Loss loss, String name) {
        Measure found = loss.measures().stream()
                .filter(m -> m.name().equals(name))
                .findFirst()
                .orElseThrow();
        return found.sum() / found.count();
    }

    /** Rows as numbers; answers are one token each. */
    private static final class Numbers {
        double[][] beliefs;
        double[][] targets;
        double[][] prefix;
        double[] chosen;
        double[] rejected;
        double[] refChosen;
        double[] refRejected;
        double[] weights;
        int[] held;

        /** Rows that agree with their reference. */
        static Numbers of(double[][] beliefs, double[][] targets) {
            Numbers numbers = new Numbers();
            numbers.beliefs = beliefs;
            numbers.targets = targets;
            int rows = beliefs.length;
            numbers.prefix = new double[rows][1];
            numbers.chosen = new double[rows];
            numbers.rejected = new double[rows];
            numbers.refChosen = new double[rows];
            numbers.refRejected = new double[rows];
            numbers.weights = new double[rows];
            Arrays.fill(numbers.weights, 1);
            numbers.held = new int[rows];
            return numbers;
        }

        BeliefBatch batch(int from, int to, DType type) {
            int count = to - from;
            double[] ones = new double[2 * count];
            Arrays.fill(ones, 1);
            double[] both = IntStream.concat(IntStream.range(from, to), IntStream.range(from, to))
                    .mapToDouble(i -> 0)
                    .toArray();
            double[] ref = both.clone();
            for (int i = 0; i < count; i++) {
                both[i] = chosen[from + i];
                both[count + i] = rejected[from + i];
                ref[i] = refChosen[from + i];
                ref[count + i] = refRejected[from + i];
            }
            double[] flat = Arrays.stream(beliefs, from, to)
                    .flatMapToDouble(Arrays::stream)
                    .toArray();
            double[] tokens = Arrays.stream(prefix, from, to)
                    .flatMapToDouble(Arrays::stream)
                    .toArray();
            int[] row = IntStream.range(from, to)
                    .flatMap(i -> IntStream.generate(() -> i - from).limit(prefix[i].length))
                    .toArray();
            return new BeliefBatch(
                    new PreferenceBatch(
                            count,
                            leaf(both, type),
                            Optional.of(Tensor.of(ref, Device.CPU).to(type)),
                            Tensor.of(IntStream.range(0, 2 * count).toArray(), Device.CPU),
                            Tensor.of(new int[2 * count], Device.CPU),
                            Tensor.of(ones, Device.CPU).to(type),
                            Optional.empty()),
                    Tensor.of(flat, Device.CPU)
                            .to(type)
                            .reshape(count, beliefs[0].length)
                            .requiresGrad(true),
                    Arrays.copyOfRange(targets, from, to),
                    Arrays.copyOfRange(held, from, to),
                    leaf(tokens, type),
                    Tensor.of(row, Device.CPU),
                    Tensor.of(
                                    Arrays.stream(prefix, from, to)
                                            .mapToDouble(one -> one.length)
                                            .toArray(),
                                    Device.CPU)
                            .to(type),
                    Arrays.copyOfRange(weights, from, to));
        }

        private static Tensor leaf(double[] values, DType type) {
            return Tensor.of(values, Device.CPU).to(type).requiresGrad(true);
        }

        Step step() {
            long majority = IntStream.range(0, held.length)
                    .filter(i -> BeliefBatch.isMajority(targets[i], held[i]))
                    .count();
            return new Step(held.length, majority);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT64", "FLOAT32"})
    void calibrationAndItsGradientByTheLogits(DType type) throws IOException {
        JsonNode vector = vector("gdpo-belief-calibration");
        JsonNode expected = vector.get("expected");
        double bound = type == DType.FLOAT64 ? 1e-7 : 2e-6;
        double[][] logits = rows(vector.get("inputs").get("logits"));
        int[] tokens = Arrays.stream(doubles(vector.get("inputs").get("belief_token_ids")))
                .mapToInt(id -> (int) id)
                .toArray();
        try (Scope scope = Scope.open()) {
            Tensor z = Tensor.of(
                            Arrays.stream(logits)
                                    .flatMapToDouble(Arrays::stream)
                                    .toArray(),
                            Device.CPU)
                    .to(type)
                    .reshape(2, logits[0].length)
                    .requiresGrad(true);
            Tensor q = Functional.logSoftmax(z, 1).indexSelect(1, Tensor.of(tokens, Device.CPU));
            Numbers numbers =
                    Numbers.of(new double[2][6], rows(vector.get("inputs").get("target")));
            numbers.held = new int[] {4, 4};
            BeliefBatch zeros = numbers.batch(0, 2, type);
            BeliefBatch batch = new BeliefBatch(
                    zeros.answers(),
                    q,
                    zeros.targets(),
                    zeros.held(),
                    zeros.prefix(),
                    zeros.prefixRow(),
                    zeros.prefixLengths(),
                    zeros.weights());
            Loss loss = gdpo("variant=calibration_only", "w_prefix=0").loss(batch, numbers.step());
            loss.value().backward();
            assertThat(loss.value().item()).isCloseTo(expected.get("loss").asDouble(), within(bound));
            double[] gradient = z.grad().toDoubles();
            double[] want = Arrays.stream(rows(expected.get("grad_logits")))
                    .flatMapToDouble(Arrays::stream)
                    .toArray();
            for (int i = 0; i < want.length; i++) {
                assertThat(gradient[i]).isCloseTo(want[i], within(bound));
            }
            assertThat(value(loss, "belief/mass")).isCloseTo(mean(expected.get("belief_mass")), within(bound));
            assertThat(value(loss, "belief/js_distance"))
                    .isCloseTo(mean(expected.get("js_distance_nats")), within(bound));
            assertThat(value(loss, "belief/kl")).isCloseTo(mean(expected.get("kl_restricted_rows")), within(bound));
            Loss restricted = gdpo("variant=calibration_only", "calibration=restricted", "w_prefix=0")
                    .loss(batch, numbers.step());
            assertThat(restricted.value().item()).isCloseTo(mean(expected.get("kl_restricted_rows")), within(bound));
        }
    }

    private static double mean(JsonNode values) {
        return Arrays.stream(doubles(values)).average().orElseThrow();
    }

    private static Numbers total() throws IOException {
        JsonNode in = vector("gdpo-total-loss").get("inputs");
        JsonNode of = vector("gdpo-belief-calibration").get("inputs");
        double[][] logits = rows(of.get("logits"));
        int[] tokens = Arrays.stream(doubles(of.get("belief_token_ids")))
                .mapToInt(id -> (int) id)
                .toArray();
        double[][] beliefs = new double[2][];
        for (int row = 0; row < 2; row++) {
            double[] z = logits[row];
            double sum = Math.log(Arrays.stream(z).map(Math::exp).sum());
            beliefs[row] = Arrays.stream(tokens).mapToDouble(id -> z[id] - sum).toArray();
        }
        Numbers numbers = Numbers.of(beliefs, rows(of.get("target")));
        numbers.prefix = rows(in.get("belief_prefix_token_logps"));
        numbers.chosen = doubles(in.get("policy_chosen"));
        numbers.rejected = doubles(in.get("policy_rejected"));
        numbers.refChosen = doubles(in.get("ref_chosen"));
        numbers.refRejected = doubles(in.get("ref_rejected"));
        numbers.held = new int[] {4, 1};
        return numbers;
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT64", "FLOAT32"})
    void allTermsInOnePartAndInTwo(DType type) throws IOException {
        JsonNode expected = vector("gdpo-total-loss").get("expected");
        double bound = type == DType.FLOAT64 ? 1e-7 : 4e-6;
        Numbers numbers = total();
        for (int[] borders : new int[][] {{0, 2}, {0, 1, 2}}) {
            double total = 0;
            double margins = 0;
            List<Double> chosen = new ArrayList<>();
            List<Double> rejected = new ArrayList<>();
            List<Double> prefix = new ArrayList<>();
            for (int part = 0; part + 1 < borders.length; part++) {
                try (Scope scope = Scope.open()) {
                    BeliefBatch batch = numbers.batch(borders[part], borders[part + 1], type);
                    Loss loss = gdpo().loss(batch, numbers.step());
                    loss.value().backward();
                    total += loss.value().item();
                    double[] both = batch.answers().policy().grad().toDoubles();
                    for (int i = 0; i < both.length; i++) {
                        (i < both.length / 2 ? chosen : rejected).add(both[i]);
                    }
                    Arrays.stream(batch.prefix().grad().toDoubles()).forEach(prefix::add);
                    margins += value(loss, "rewards/margins") * batch.rows() / 2;
                }
            }
            assertThat(total).isCloseTo(expected.get("loss").asDouble(), within(bound));
            assertThat(margins).isCloseTo(mean(expected.get("reward_margins")), within(bound));
            assertClose(chosen, doubles(expected.get("grad_policy_chosen")), bound);
            assertClose(rejected, doubles(expected.get("grad_policy_rejected")), bound);
            assertClose(
                    prefix,
                    Arrays.stream(rows(expected.get("grad_belief_prefix_token_logps")))
                            .flatMapToDouble(Arrays::stream)
                            .toArray(),
                    bound);
        }
    }

    private static void assertClose(List<Double> got, double[] want, double bound) {
        assertThat(got).hasSize(want.length);
        for (int i = 0; i < want.length; i++) {
            assertThat(got.get(i)).isCloseTo(want[i], within(bound));
        }
    }

    @Test
    void theVariantsAreSumsOfTheTerms() throws IOException {
        JsonNode expected = vector("gdpo-total-loss").get("expected");
        double cal =
                vector("gdpo-belief-calibration").get("expected").get("loss").asDouble();
        double pref = mean(expected.get("preference_rows"));
        double prefix = mean(expected.get("prefix_nll_rows"));
        Numbers numbers = total();
        try (Scope scope = Scope.open()) {
            BeliefBatch batch = numbers.batch(0, 2, DType.FLOAT64);
            Step step = numbers.step();
            assertThat(gdpo("variant=paper_two_terms").loss(batch, step).value().item())
                    .isCloseTo(cal + pref, within(1e-9));
            assertThat(gdpo("variant=calibration_only")
                            .loss(batch, step)
                            .value()
                            .item())
                    .isCloseTo(cal + prefix, within(1e-9));
            assertThat(gdpo("variant=conditional_only")
                            .loss(batch, step)
                            .value()
                            .item())
                    .isCloseTo(pref, within(1e-9));
            Loss weighed = gdpo("w_cal=2", "w_pref=0.5", "w_prefix=3").loss(batch, step);
            assertThat(weighed.value().item()).isCloseTo(2 * cal + 0.5 * pref + 3 * prefix, within(1e-9));
            assertThat(value(weighed, "loss/cal")).isCloseTo(cal, within(1e-9));
            assertThat(value(weighed, "loss/pref")).isCloseTo(pref, within(1e-9));
            assertThat(value(weighed, "loss/prefix_nll")).isCloseTo(prefix, within(1e-9));
            assertThat(value(weighed, "loss/selection"))
                    .isCloseTo(pref + value(weighed, "belief/js_distance"), within(1e-9));
            // The first row voices the belief of most, the second one of few: 0.23 and 0.03.
            assertThat(value(weighed, "rewards/margins_majority")).isCloseTo(0.23, within(1e-9));
            assertThat(value(weighed, "rewards/margins_minority")).isCloseTo(0.03, within(1e-9));
            assertThat(value(weighed, "rewards/margin_gap")).isCloseTo(0.2, within(1e-9));
            assertThat(value(weighed, "rewards/accuracies_belief_4")).isEqualTo(1);
        }
    }

    @Test
    void theSeedFormWeighsThePromptsRows() throws IOException {
        JsonNode vector = vector("gdpo-seed-weighted-sum");
        double[] p = doubles(vector.get("inputs").get("belief_probabilities"));
        Numbers numbers = Numbers.of(new double[3][3], new double[][] {p, p, p});
        numbers.held = new int[] {0, 1, 2};
        numbers.chosen = doubles(vector.get("inputs").get("chosen_logratios"));
        numbers.rejected = doubles(vector.get("inputs").get("rejected_logratios"));
        numbers.weights = Arrays.stream(p).map(share -> share * 3).toArray(); // 1 in the mean over the prompt's rows
        try (Scope scope = Scope.open()) {
            BeliefBatch batch = numbers.batch(0, 3, DType.FLOAT64);
            Gdpo seed = gdpo("variant=seed");
            assertThat(seed.conditions()).isFalse();
            assertThat(gdpo("variant=seed", "condition_on_belief=true").conditions())
                    .isTrue();
            Loss loss = seed.loss(batch, numbers.step());
            loss.value().backward();
            assertThat(loss.value().item())
                    .isCloseTo(vector.get("expected").get("loss").asDouble(), within(1e-7));
            double[] want = doubles(vector.get("expected").get("grad_chosen_logratios"));
            double[] got = batch.answers().policy().grad().toDoubles();
            for (int i = 0; i < want.length; i++) {
                assertThat(got[i]).isCloseTo(want[i], within(1e-7));
            }
        }
    }

    @Test
    void distances() throws IOException {
        JsonNode expected = vector("gdpo-evaluation").get("expected");
        double[] target = doubles(vector("gdpo-evaluation").get("inputs").get("target"));
        double[] emitted = doubles(expected.get("empirical"));
        double divergence = BeliefMeasures.jensenShannon(emitted, target);
        assertThat(divergence).isCloseTo(expected.get("js_divergence_nats").asDouble(), within(1e-7));
        assertThat(Math.sqrt(divergence)).isCloseTo(expected.get("js_distance").asDouble(), within(1e-7));
        assertThat(BeliefMeasures.totalVariation(emitted, target))
                .isCloseTo(expected.get("total_variation").asDouble(), within(1e-7));
        assertThat(BeliefMeasures.jensenShannon(new double[] {1, 0}, new double[] {0, 1}))
                .isCloseTo(Math.log(2), within(1e-12));
    }

    @ParameterizedTest
    @EnumSource(Variant.class)
    void noLogProbabilityOverflows(Variant variant) {
        double[] sizes = {1e4, -1e4, 0};
        for (double belief : new double[] {-1e4, -50, 0}) {
            Numbers numbers = Numbers.of(
                    new double[][] {{belief, -1e4}, {belief, belief}, {-1e4, belief}},
                    new double[][] {{1, 0}, {0.5, 0.5}, {0.1, 0.9}});
            numbers.chosen = sizes;
            numbers.prefix = new double[][] {{-1e4}, {0, -1e4}, {belief}};
            try (Scope scope = Scope.open()) {
                BeliefBatch batch = numbers.batch(0, 3, DType.FLOAT32);
                Loss loss = gdpo("variant=" + word(variant)).loss(batch, numbers.step());
                loss.value().backward();
                assertThat(loss.value().item()).isBetween(0.0, 1e5);
                for (Measure measure : loss.measures()) {
                    assertThat(measure.sum()).as(measure.name()).isFinite();
                }
                for (Tensor leaf : List.of(batch.answers().policy(), batch.beliefs(), batch.prefix())) {
                    if (leaf.hasGrad()) {
                        assertThat(Arrays.stream(leaf.grad().toDoubles()).allMatch(Double::isFinite))
                                .isTrue();
                    }
                }
            }
        }
    }

    @Test
    void withoutAReferenceOnlyCalibrationCanBeLearnt() {
        for (Variant variant : Variant.values()) {
            assertThat(gdpo("variant=" + word(variant)).needsReference())
                    .isEqualTo(variant != Variant.CALIBRATION_ONLY);
        }
        assertThatThrownBy(() -> gdpo("condition_on_belief=true"))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("variant: seed alone");
        assertThatThrownBy(() -> gdpo("variant=conditional_only", "w_pref=0"))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("weight 0");
    }

    /** With swapped answers and equal shares nothing is learnt; else the margin goes to ln(p/(1−p))/β. */
    @Test
    void theSeedFormMeetsAtTheOddsOfTheShares() {
        for (double p : new double[] {0.5, 0.8}) {
            double beta = 0.5;
            double margin = Math.log(p / (1 - p)) / beta;
            Numbers numbers = Numbers.of(new double[2][2], new double[][] {{p, 1 - p}, {p, 1 - p}});
            numbers.held = new int[] {0, 1};
            numbers.chosen = new double[] {margin, 0};
            numbers.rejected = new double[] {0, margin};
            numbers.weights = new double[] {2 * p, 2 * (1 - p)};
            try (Scope scope = Scope.open()) {
                BeliefBatch batch = numbers.batch(0, 2, DType.FLOAT64);
                gdpo("variant=seed", "beta=" + beta)
                        .loss(batch, numbers.step())
                        .value()
                        .backward();
                double[] g = batch.answers().policy().grad().toDoubles(); // chosen 0, 1, rejected 0, 1
                assertThat(g[0] + g[3])
                        .isCloseTo(0, within(1e-12)); // of the answer that is first chosen, then rejected
                assertThat(g[1] + g[2]).isCloseTo(0, within(1e-12));
            }
        }
    }
}
