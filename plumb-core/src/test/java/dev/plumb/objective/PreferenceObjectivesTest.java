package dev.plumb.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.plumb.config.Binder;
import dev.plumb.config.PlumbException;
import dev.plumb.config.YamlSource;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds for every loss on pairs, with every setting that changes its formula. */
class PreferenceObjectivesTest {
    private static final double[] SIZES = {-1e4, -100, -31, -1, 0, 1e-3, 31, 88, 1e4};

    static Stream<String> all() {
        List<String> all = new ArrayList<>();
        for (Dpo.LossType type : Dpo.LossType.values()) {
            String smoothing = type.usesSmoothing() ? " label_smoothing=0.1" : "";
            all.add("dpo loss_type=[" + type + "]" + smoothing);
            if (type.comparesScores()) {
                for (String divergence : List.of("forward_kl", "js_divergence", "alpha_divergence")) {
                    all.add("dpo loss_type=[" + type + "]" + smoothing + " f_divergence_type=" + divergence);
                }
            }
        }
        all.addAll(List.of(
                "dpo loss_type=[sigmoid,sft]",
                "dpo ld_alpha=0.5",
                "dpo use_weighting=true",
                "dpo loss_type=[discopop] discopop_tau=2.0",
                "ipo variant=length_mean",
                "ipo variant=paper",
                "simpo gamma=0.5",
                "simpo gamma_beta_ratio=0.5 label_smoothing=0.1",
                "simpo alpha=0.25",
                "simpo alpha=-0.1",
                "orpo variant=paper",
                "orpo variant=seed",
                "cpo loss_type=sigmoid label_smoothing=0.1",
                "cpo loss_type=hinge",
                "cpo loss_type=ipo",
                "cpo loss_type=simpo cpo_alpha=0.0 alpha=0.25"));
        return all.stream().map(words -> words.toLowerCase(Locale.ROOT));
    }

    private static PreferenceObjective objective(String words) {
        String[] parts = words.split(" ");
        YamlSource source = YamlSource.commandLine().with(List.of(parts).subList(1, parts.length));
        return switch (parts[0]) {
            case "dpo" -> new Dpo(Binder.bind(Dpo.Config.class, source));
            case "ipo" -> new Ipo(Binder.bind(Ipo.Config.class, source));
            case "simpo" -> new SimPo(Binder.bind(SimPo.Config.class, source));
            case "orpo" -> new Orpo(Binder.bind(Orpo.Config.class, source));
            case "cpo" -> new Cpo(Binder.bind(Cpo.Config.class, source));
            default -> throw new AssertionError(words);
        };
    }

    /** Log-probabilities of a pair as far from the reference as given, in 32 bits: one token a side. */
    private static PreferenceBatch pair(double chosen, double rejected) {
        // A log-probability is never above 0, so what lies above lies below the reference.
        float[] policy = {(float) Math.min(chosen, 0), (float) Math.min(rejected, 0)};
        float[] reference = {(float) -Math.max(chosen, 0), (float) -Math.max(rejected, 0)};
        return new PreferenceBatch(
                1,
                Tensor.of(policy, Device.CPU).requiresGrad(true),
                Optional.of(Tensor.of(reference, Device.CPU)),
                Tensor.of(new int[] {0, 1}, Device.CPU),
                Tensor.of(new int[] {0, 0}, Device.CPU),
                Tensor.of(new float[] {1, 1}, Device.CPU),
                Optional.of(Tensor.of(policy, Device.CPU)));
    }

    @ParameterizedTest
    @MethodSource("all")
    void nothingOverflows(String words) {
        PreferenceObjective objective = objective(words);
        for (double chosen : SIZES) {
            for (double rejected : SIZES) {
                try (Scope scope = Scope.open()) {
                    PreferenceBatch batch = pair(chosen, rejected);
                    Loss loss = objective.loss(batch, new PreferenceObjective.Step(1, 1));
                    loss.value().backward();
                    String where = words + " at " + chosen + ", " + rejected;
                    assertThat(loss.value().item()).as(where).isFinite();
                    for (double gradient : batch.policy().grad().toDoubles()) {
                        assertThat(gradient).as(where).isFinite();
                    }
                    for (Measure measure : loss.measures()) {
                        assertThat(measure.sum())
                                .as(where + " " + measure.name())
                                .isFinite();
                    }
                }
            }
        }
    }

    /** The slope by the chosen log-probability, and the loss, where a pair is as right or as wrong as can be. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                // words | loss when right | slope when right | loss when wrong | slope when wrong
                "dpo loss_type=[sigmoid] | 0 | 0 | 2000 | -0.1",
                "dpo loss_type=[sigmoid] label_smoothing=0.1 | 200 | 0.01 | 1800 | -0.09",
                "dpo loss_type=[robust] label_smoothing=0.1 | -250 | -0.0125 | 2250 | -0.1125",
                "dpo loss_type=[hinge] | 0 | 0 | 2001 | -0.1",
                "dpo loss_type=[exo_pair] label_smoothing=0.1 | 0.105360516 | 0 | 2.30258509 | 0",
                "dpo loss_type=[nca_pair] | 500 | 0.05 | 1500 | -0.1",
                "dpo loss_type=[bco_pair] | 0 | 0 | 2000 | -0.1",
                "dpo loss_type=[sppo_hard] | 199800050 | 19990 | 200200050 | -20010",
                "dpo loss_type=[apo_zero] | 0 | 0 | 2 | 0",
                "dpo loss_type=[apo_down] | 1 | 0 | 1 | 0",
                "dpo loss_type=[discopop] | 0 | 0 | 2000 | -0.1",
                "dpo loss_type=[aot] | 0 | 0 | 2000 | -0.1",
                "dpo loss_type=[aot_unpaired] | 0 | 0 | 2000 | -0.1",
                "ipo variant=paper | 399800025 | 39990 | 400200025 | -40010",
                "simpo gamma=0.5 | 0 | 0 | 20000.5 | -2",
                "cpo cpo_alpha=0.0 | 0 | 0 | 1000 | -0.1",
                "cpo loss_type=hinge cpo_alpha=0.0 | 0 | 0 | 1001 | -0.1",
            })
    void limitsAreThoseOfTheFormula(
            String words, double lossRight, double slopeRight, double lossWrong, double slopeWrong) {
        PreferenceObjective objective = objective(words.strip());
        assertLimit(objective, 1e4, -1e4, lossRight, slopeRight);
        assertLimit(objective, -1e4, 1e4, lossWrong, slopeWrong);
    }

    private static void assertLimit(
            PreferenceObjective objective, double chosen, double rejected, double loss, double slope) {
        try (Scope scope = Scope.open()) {
            PreferenceBatch batch = pair(chosen, rejected);
            Tensor value =
                    objective.loss(batch, new PreferenceObjective.Step(1, 1)).value();
            value.backward();
            assertThat(value.item()).isCloseTo(loss, within(1e-6 * Math.max(1, Math.abs(loss))));
            assertThat(batch.policy().grad().toDoubles()[0])
                    .isCloseTo(slope, within(1e-6 * Math.max(1, Math.abs(slope))));
        }
    }

    /** Some pairs of several tokens, [from, to) of five. */
    private static PreferenceBatch some(int from, int to) {
        List<Double> policy = new ArrayList<>();
        List<Double> reference = new ArrayList<>();
        List<Double> mass = new ArrayList<>();
        List<Integer> sequence = new ArrayList<>();
        List<Integer> place = new ArrayList<>();
        double[] lengths = new double[2 * (to - from)];
        for (int side = 0; side < 2; side++) {
            for (int pair = from; pair < to; pair++) {
                Random random = new Random(2 * pair + side);
                int s = side * (to - from) + pair - from;
                lengths[s] = 1 + random.nextInt(5);
                for (int t = 0; t < lengths[s]; t++) {
                    policy.add(-3 * random.nextDouble());
                    reference.add(-3 * random.nextDouble());
                    mass.add(-2 * random.nextDouble());
                    sequence.add(s);
                    place.add(t);
                }
            }
        }
        return new PreferenceBatch(
                to - from,
                Tensor.of(policy.stream().mapToDouble(v -> v).toArray(), Device.CPU)
                        .requiresGrad(true),
                Optional.of(Tensor.of(reference.stream().mapToDouble(v -> v).toArray(), Device.CPU)),
                Tensor.of(sequence.stream().mapToInt(v -> v).toArray(), Device.CPU),
                Tensor.of(place.stream().mapToInt(v -> v).toArray(), Device.CPU),
                Tensor.of(lengths, Device.CPU),
                Optional.of(Tensor.of(mass.stream().mapToDouble(v -> v).toArray(), Device.CPU)));
    }

    @ParameterizedTest
    @MethodSource("all")
    void aStepIsTheSumOfItsPartsHoweverItIsSplit(String words) {
        PreferenceObjective objective = objective(words);
        try (Scope scope = Scope.open()) {
            PreferenceBatch whole = some(0, 5);
            List<PreferenceBatch> parts = List.of(some(0, 2), some(2, 3), some(3, 5));
            PreferenceObjective.Step step = new PreferenceObjective.Step(
                    5, (long) whole.chosen(whole.lengths()).sum().item());
            Loss want = objective.loss(whole, step);
            want.value().backward();
            List<Loss> got = objective.needsWholeStep()
                    ? List.of(objective.loss(PreferenceBatch.join(parts), step))
                    : parts.stream().map(part -> objective.loss(part, step)).toList();
            got.forEach(loss -> loss.value().backward());
            assertThat(got.stream().mapToDouble(loss -> loss.value().item()).sum())
                    .isCloseTo(
                            want.value().item(),
                            within(1e-12 * Math.max(1, Math.abs(want.value().item()))));
            assertThat(sums(got))
                    .usingRecursiveComparison()
                    .withComparatorForType(
                            (a, b) -> Math.abs(a - b) < 1e-9 * Math.max(1, Math.abs(b)) ? 0 : 1, Double.class)
                    .isEqualTo(sums(List.of(want)));
            Tensor joined = PreferenceBatch.join(parts.stream()
                            .map(part -> new PreferenceBatch(
                                    part.pairs(),
                                    part.policy().grad(),
                                    Optional.empty(),
                                    part.sequence(),
                                    part.place(),
                                    part.lengths(),
                                    Optional.empty()))
                            .toList())
                    .policy();
            double[] gradient = joined.toDoubles();
            double[] wanted = whole.policy().grad().toDoubles();
            for (int i = 0; i < wanted.length; i++) {
                assertThat(gradient[i]).isCloseTo(wanted[i], within(1e-12 * Math.max(1, Math.abs(wanted[i]))));
            }
        }
    }

    private static Map<String, List<Double>> sums(List<Loss> losses) {
        Map<String, List<Double>> sums = new LinkedHashMap<>();
        for (Loss loss : losses) {
            for (Measure measure : loss.measures()) {
                sums.merge(
                        measure.name(),
                        List.of(measure.sum(), measure.count()),
                        (a, b) -> List.of(a.get(0) + b.get(0), a.get(1) + b.get(1)));
            }
        }
        return sums;
    }

    @Test
    void joinedBatchesAreTheWhole() {
        try (Scope scope = Scope.open()) {
            PreferenceBatch whole = some(0, 5);
            PreferenceBatch joined = PreferenceBatch.join(List.of(some(0, 2), some(2, 3), some(3, 5)));
            assertThat(joined.pairs()).isEqualTo(5);
            assertThat(joined.policy().toDoubles())
                    .containsExactly(whole.policy().toDoubles());
            assertThat(joined.reference().orElseThrow().toDoubles())
                    .containsExactly(whole.reference().orElseThrow().toDoubles());
            assertThat(joined.sequence().toLongs())
                    .containsExactly(whole.sequence().toLongs());
            assertThat(joined.place().toLongs()).containsExactly(whole.place().toLongs());
            assertThat(joined.lengths().toDoubles())
                    .containsExactly(whole.lengths().toDoubles());
            assertThat(joined.logSquaredMass().orElseThrow().toDoubles())
                    .containsExactly(whole.logSquaredMass().orElseThrow().toDoubles());
        }
    }

    @ParameterizedTest
    @MethodSource("all")
    void theLossAtTheStartIsTheOneThatIsSaid(String words) {
        PreferenceObjective objective = objective(words);
        if (Double.isNaN(objective.lossAtStart())) {
            return;
        }
        try (Scope scope = Scope.open()) {
            PreferenceBatch one = some(0, 5);
            PreferenceBatch same = new PreferenceBatch(
                    5,
                    one.policy(),
                    Optional.of(one.policy().detach()),
                    one.sequence(),
                    one.place(),
                    one.lengths(),
                    one.logSquaredMass());
            assertThat(objective
                            .loss(same, new PreferenceObjective.Step(5, 1))
                            .value()
                            .item())
                    .isCloseTo(objective.lossAtStart(), within(1e-9));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "simpo gamma=0.5 gamma_beta_ratio=0.2 | gamma and gamma_beta_ratio say the same; give one of them",
                "cpo loss_type=hinge label_smoothing=0.1 | label_smoothing is used by loss_type sigmoid and simpo only",
                "cpo alpha=0.1 | alpha is used by loss_type simpo only",
                "dpo loss_type=[exo_pair] | exo_pair needs a label_smoothing above 0, such as 1e-3",
                "dpo loss_type=[hinge,nca_pair] label_smoothing=0.1 | exo_pair and aot only, not by hinge, nca_pair",
                "dpo loss_type=[sigmoid,bco_pair] f_divergence_type=forward_kl | bco_pair: defined for f_divergence_type: reverse_kl only",
                "dpo loss_type=[aot] use_weighting=true | use_weighting weighs pairs of the data, but aot compares others",
            })
    void settingsThatContradictAreRefused(String words, String sentence) {
        assertThatThrownBy(() -> objective(words.strip()))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining(sentence.strip());
    }
}
