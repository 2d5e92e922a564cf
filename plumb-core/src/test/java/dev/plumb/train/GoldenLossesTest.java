package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.plumb.objective.Cpo;
import dev.plumb.objective.Dpo;
import dev.plumb.objective.Dpo.Divergence;
import dev.plumb.objective.Dpo.LossType;
import dev.plumb.objective.Dpo.NllReduction;
import dev.plumb.objective.Ipo;
import dev.plumb.objective.Kto;
import dev.plumb.objective.Loss;
import dev.plumb.objective.Measure;
import dev.plumb.objective.Orpo;
import dev.plumb.objective.PreferenceBatch;
import dev.plumb.objective.PreferenceObjective;
import dev.plumb.objective.SequenceBatch;
import dev.plumb.objective.SequenceObjective;
import dev.plumb.objective.Sft;
import dev.plumb.objective.SimPo;
import dev.plumb.objective.UnpairedBatch;
import dev.plumb.objective.UnpairedObjective;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Losses, metrics and gradients against numbers of TRL. The logits of a golden file go through {@link LogProbs} as hidden
 * states of a head that is the identity, so that the whole way from logits to log-probabilities and back is held too.
 */
class GoldenLossesTest {
    private static final double BOUND = 2e-6;

    /** The golden files kept here, and those of a folder given by -Dplumb.goldens. */
    private static List<JsonNode> files(String name) throws IOException {
        List<JsonNode> files = new ArrayList<>();
        try (InputStream in = GoldenLossesTest.class.getResourceAsStream("/goldens/losses/" + name)) {
            files.add(new JsonMapper().readTree(in));
        }
        String further = System.getProperty("plumb.goldens", "");
        Path file = Path.of(further, "losses", name);
        if (!further.isEmpty() && Files.exists(file)) {
            files.add(new JsonMapper().readTree(file.toFile()));
        }
        return files;
    }

    @TestFactory
    Stream<DynamicTest> dpo() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode golden : files("dpo.json")) {
            for (JsonNode one : golden.get("cases")) {
                if (isPlain(one.get("options"))) {
                    PreferenceObjective dpo = new Dpo(config(one.get("options")));
                    tests.add(DynamicTest.dynamicTest(one.get("name").asText(), () -> checkDpo(golden, one, dpo)));
                }
                if (one.get("name").asText().equals("ipo,beta=0.1")) {
                    PreferenceObjective ipo = new Ipo(new Ipo.Config(0.1, Ipo.Variant.LENGTH_MEAN));
                    tests.add(DynamicTest.dynamicTest(one.get("name").asText(), () -> checkDpo(golden, one, ipo)));
                }
            }
        }
        assertThat(tests.size()).isGreaterThanOrEqualTo(31);
        return tests.stream();
    }

    /** Whether all of a case's losses are losses of {@link Dpo}; others have files of their own. */
    private static boolean isPlain(JsonNode options) {
        List<String> ours = Stream.of(LossType.values())
                .map(type -> type.name().toLowerCase(Locale.ROOT))
                .toList();
        return StreamSupport.stream(options.get("loss_type").spliterator(), false)
                .allMatch(type -> ours.contains(type.asText()));
    }

    private static Dpo.Config config(JsonNode options) {
        List<LossType> losses = new ArrayList<>();
        List<Double> weights = new ArrayList<>();
        options.get("loss_type")
                .forEach(t -> losses.add(LossType.valueOf(t.asText().toUpperCase(Locale.ROOT))));
        options.get("loss_weights").forEach(w -> weights.add(w.asDouble()));
        return new Dpo.Config(
                options.get("beta").asDouble(),
                losses,
                weights,
                options.get("label_smoothing").asDouble(),
                Divergence.valueOf(options.get("f_divergence_type").asText().toUpperCase(Locale.ROOT)),
                1 - options.get("f_alpha_divergence_coef").asDouble(), // TRL's coefficient is 1 − α
                options.get("ld_alpha").isNull()
                        ? Optional.empty()
                        : Optional.of(options.get("ld_alpha").asDouble()),
                options.get("use_weighting").asBoolean(),
                NllReduction.TOKEN_MEAN,
                options.get("discopop_tau").asDouble());
    }

    private static void checkDpo(JsonNode golden, JsonNode one, PreferenceObjective objective) {
        JsonNode inputs = golden.get("inputs");
        int pairs = inputs.get("input_ids").size() / 2;
        try (Scope scope = Scope.open()) {
            Rows policy = new Rows(inputs.get("policy_logits"), inputs.get("input_ids"), inputs.get("completion_mask"));
            Rows reference = new Rows(inputs.get("ref_logits"), inputs.get("input_ids"), inputs.get("completion_mask"));
            LogProbs logProbs = new LogProbs(0, true);
            LogProbs.Scores scores = logProbs.forward(policy.logits, policy.identity(), policy.targets());
            LogProbs.Scores refScores = logProbs.forward(reference.logits, reference.identity(), reference.targets());
            Tensor leaf = scores.logps().detach().requiresGrad(true);
            PreferenceBatch batch =
                    policy.pairs(leaf, Optional.of(refScores.logps()), Optional.of(scores.squaredMass()));
            long chosenTokens = policy.sequence.stream().filter(s -> s < pairs).count();
            Loss loss = objective.loss(batch, new PreferenceObjective.Step(pairs, chosenTokens));

            assertThat(loss.value().item()).isCloseTo(one.at("/outputs/loss").asDouble(), within(BOUND * 2));
            JsonNode metrics = one.at("/outputs/metrics");
            assertThat(scores.entropies().mean().item())
                    .isCloseTo(metrics.get("entropy").asDouble(), within(BOUND));
            // TRL counts right tokens among those of the chosen completions only.
            assertThat(scores.hits().narrow(0, 0, chosenTokens).mean().item())
                    .isCloseTo(metrics.get("mean_token_accuracy").asDouble(), within(BOUND));
            for (String name : List.of("logps/chosen", "logps/rejected")) {
                assertThat(value(loss, name)).isCloseTo(metrics.get(name).asDouble(), within(1e-5));
            }
            if (one.at("/options/f_divergence_type").asText().equals("reverse_kl")
                    && one.at("/options/ld_alpha").isNull()
                    && objective instanceof Dpo) { // the rewards of IPO are what it compares, TRL's are not
                for (String name : List.of("rewards/chosen", "rewards/rejected", "rewards/margins")) {
                    assertThat(value(loss, name)).isCloseTo(metrics.get(name).asDouble(), within(BOUND));
                }
            }

            loss.value().backward();
            if (one.at("/grads").has("policy_logits")) {
                Tensor back = logProbs.backward(
                        policy.logits, policy.identity(), policy.targets(), scores, leaf.grad(), null);
                policy.assertGradient(back, one.at("/grads/policy_logits"));
            } else {
                float[] got = leaf.grad().toFloats();
                for (int i = 0; i < got.length; i++) {
                    double want = policy.at(one.at("/grads/policy_token_logps"), i);
                    assertThat((double) got[i]).isCloseTo(want, within(BOUND));
                }
            }
        }
    }

    @TestFactory
    Stream<DynamicTest> methodsWithoutReference() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        for (String file : List.of("cpo.json", "orpo.json")) {
            for (JsonNode golden : files(file)) {
                for (JsonNode one : golden.get("cases")) {
                    for (PreferenceObjective objective : withoutReference(one)) {
                        String name = objective.getClass().getSimpleName() + " is "
                                + one.get("name").asText();
                        tests.add(DynamicTest.dynamicTest(name, () -> checkWithoutReference(golden, one, objective)));
                    }
                }
            }
        }
        assertThat(tests.size()).isGreaterThanOrEqualTo(14);
        return tests.stream();
    }

    /** What computes a case: CPO or ORPO, and SimPO where there is no imitation. */
    private static List<PreferenceObjective> withoutReference(JsonNode one) {
        JsonNode options = one.get("options");
        double beta = options.get("beta").asDouble();
        if (!options.has("loss_type")) {
            return List.of(new Orpo(new Orpo.Config(beta, Orpo.Variant.PAPER)));
        }
        double smoothing = options.get("label_smoothing").asDouble();
        double gamma = options.get("simpo_gamma").asDouble(0);
        double alpha = options.get("alpha").asDouble();
        double imitation = options.get("cpo_alpha").asDouble();
        Cpo.LossType type =
                Cpo.LossType.valueOf(options.get("loss_type").asText().toUpperCase(Locale.ROOT));
        PreferenceObjective cpo = new Cpo(new Cpo.Config(beta, type, imitation, smoothing, gamma, alpha));
        if (type != Cpo.LossType.SIMPO || imitation != 0) {
            return List.of(cpo);
        }
        SimPo.Config simpo = new SimPo.Config(beta, Optional.empty(), Optional.of(gamma / beta), smoothing, alpha);
        return List.of(cpo, new SimPo(simpo));
    }

    private static void checkWithoutReference(JsonNode golden, JsonNode one, PreferenceObjective objective) {
        JsonNode inputs = golden.get("inputs");
        ArrayNode labels = new JsonMapper().createArrayNode();
        inputs.get("chosen_labels").forEach(labels::add);
        inputs.get("rejected_labels").forEach(labels::add);
        int pairs = labels.size() / 2;
        try (Scope scope = Scope.open()) {
            Rows rows = new Rows(inputs.get("policy_logits"), labels, null);
            LogProbs logProbs = new LogProbs(0, false);
            LogProbs.Scores scores = logProbs.forward(rows.logits, rows.identity(), rows.targets());
            Tensor leaf = scores.logps().detach().requiresGrad(true);
            PreferenceBatch batch = rows.pairs(leaf, Optional.empty(), Optional.empty());
            long chosenTokens = rows.sequence.stream().filter(s -> s < pairs).count();
            Loss loss = objective.loss(batch, new PreferenceObjective.Step(pairs, chosenTokens));
            JsonNode metrics = one.at("/outputs/metrics");
            List<String> names = new ArrayList<>(List.of(
                    "rewards/chosen",
                    "rewards/rejected",
                    "rewards/accuracies",
                    "rewards/margins",
                    "logps/chosen",
                    "logps/rejected"));
            double want = one.at("/outputs/loss").asDouble();
            loss.value().backward();
            if (objective instanceof Orpo) { // TRL imitates the prompt too, so only the rest can be compared
                names.addAll(List.of("log_odds_ratio", "log_odds_chosen"));
                want += value(loss, "nll_loss") - metrics.get("nll_loss").asDouble();
                float[] got = leaf.grad().toFloats();
                for (int i = 0; i < got.length; i++) {
                    double imitation = i < chosenTokens ? -1.0 / chosenTokens : 0;
                    assertThat(got[i] - imitation)
                            .isCloseTo(rows.at(one.at("/grads/policy_token_logps"), i), within(BOUND));
                }
            } else {
                if (metrics.get("nll_loss").asDouble() != 0) {
                    names.add("nll_loss");
                }
                Tensor back =
                        logProbs.backward(rows.logits, rows.identity(), rows.targets(), scores, leaf.grad(), null);
                rows.assertGradient(back, one.at("/grads/policy_logits"));
            }
            assertThat(loss.value().item()).isCloseTo(want, within(BOUND * Math.max(2, want)));
            for (String name : names) {
                assertThat(value(loss, name))
                        .as(name)
                        .isCloseTo(metrics.get(name).asDouble(), within(1e-5));
            }
        }
    }

    @TestFactory
    Stream<DynamicTest> sft() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode golden : files("sft.json")) {
            for (JsonNode one : golden.get("cases")) {
                tests.add(DynamicTest.dynamicTest(one.get("name").asText(), () -> checkSft(golden, one)));
            }
        }
        assertThat(tests.size()).isGreaterThanOrEqualTo(4);
        return tests.stream();
    }

    private static void checkSft(JsonNode golden, JsonNode one) {
        JsonNode inputs = golden.get("inputs");
        try (Scope scope = Scope.open()) {
            Rows rows = new Rows(inputs.get("logits"), inputs.get("labels"), null);
            JsonNode items = one.at("/options/num_items_in_batch");
            long tokens = items.isNull() ? rows.targets.size() : items.asLong();
            Sft sft = new Sft(new Sft.Config(
                    Sft.LossType.valueOf(one.at("/options/loss_type").asText().toUpperCase(Locale.ROOT)),
                    Sft.Reduction.TOKEN_MEAN));
            SequenceObjective.Step step = new SequenceObjective.Step(rows.lengths.length, tokens);
            LogProbs logProbs = new LogProbs(0, false);
            LogProbs.Scores scores = logProbs.forward(rows.logits, rows.identity(), rows.targets());
            Tensor leaf = scores.logps().detach().requiresGrad(true);
            SequenceBatch batch = new SequenceBatch(
                    rows.lengths.length,
                    leaf,
                    Tensor.of(rows.sequence.stream().mapToInt(i -> i).toArray(), Device.CPU),
                    Tensor.of(rows.lengths, Device.CPU).to(DType.FLOAT32));
            Loss loss = sft.loss(batch, step);
            assertThat(loss.value().item()).isCloseTo(one.at("/outputs/loss").asDouble(), within(BOUND * 2));
            assertThat(scores.entropies().mean().item())
                    .isCloseTo(one.at("/outputs/metrics/entropy").asDouble(), within(BOUND));
            assertThat(scores.hits().mean().item())
                    .isCloseTo(one.at("/outputs/metrics/mean_token_accuracy").asDouble(), within(BOUND));
            loss.value().backward();
            JsonNode want = one.at("/grads/logits");
            rows.assertGradient(
                    logProbs.backward(rows.logits, rows.identity(), rows.targets(), scores, leaf.grad(), null), want);
            sft.knownGradient(batch.sequence(), batch.lengths(), step).ifPresent(known -> {
                Tensor back = Tensor.zeros(DType.FLOAT32, Device.CPU, rows.logits.shape());
                Tensor head = Tensor.zeros(DType.FLOAT32, Device.CPU, rows.vocabulary, rows.vocabulary);
                LogProbs.Scores fused =
                        logProbs.forwardBackward(rows.logits, rows.identity(), rows.targets(), known, back, head);
                assertThat(fused.logps().toFloats())
                        .containsExactly(scores.logps().toFloats());
                rows.assertGradient(back, want);
            });
        }
    }

    @TestFactory
    Stream<DynamicTest> kto() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode golden : files("kto.json")) {
            for (JsonNode one : golden.get("cases")) {
                JsonNode inputs = golden.get("inputs").get(one.get("input").asText());
                tests.add(DynamicTest.dynamicTest(one.get("name").asText(), () -> checkKto(inputs, one)));
            }
        }
        assertThat(tests.size()).isGreaterThanOrEqualTo(8);
        return tests.stream();
    }

    private static void checkKto(JsonNode inputs, JsonNode one) {
        JsonNode options = one.get("options");
        try (Scope scope = Scope.open()) {
            Rows policy = new Rows(inputs.get("policy_logits"), inputs.get("input_ids"), inputs.get("completion_mask"));
            LogProbs logProbs = new LogProbs(0, false);
            LogProbs.Scores scores = logProbs.forward(policy.logits, policy.identity(), policy.targets());
            Tensor leaf = scores.logps().detach().requiresGrad(true);
            boolean[] desirable = new boolean[policy.lengths.length];
            long good = 0;
            for (int i = 0; i < desirable.length; i++) {
                desirable[i] = inputs.get("label").get(i).asInt() == 1;
                good += desirable[i] ? 1 : 0;
            }
            UnpairedBatch batch = new UnpairedBatch(
                    leaf,
                    scored(inputs, "ref_logits", ""),
                    Tensor.of(policy.sequence.stream().mapToInt(i -> i).toArray(), Device.CPU),
                    Tensor.of(policy.lengths, Device.CPU).to(DType.FLOAT32),
                    desirable);
            Kto kto = new Kto(new Kto.Config(
                    Kto.LossType.valueOf(options.get("loss_type").asText().toUpperCase(Locale.ROOT)),
                    options.get("beta").asDouble(),
                    options.get("desirable_weight").asDouble(),
                    Optional.of(options.get("undesirable_weight").asDouble())));
            UnpairedObjective.Mismatched mismatched =
                    new UnpairedObjective.Mismatched(sums(inputs, "policy_KL_logits"), sums(inputs, "ref_KL_logits"));
            Loss loss = kto.loss(batch, new UnpairedObjective.Step(good, desirable.length - good, mismatched));

            assertThat(loss.value().item()).isCloseTo(one.at("/outputs/loss").asDouble(), within(BOUND));
            assertThat(scores.entropies().mean().item())
                    .isCloseTo(one.at("/outputs/metrics/entropy").asDouble(), within(BOUND));
            one.at("/outputs/metrics").properties().forEach(metric -> {
                String name = metric.getKey();
                double want = metric.getValue().asDouble();
                if (name.equals("kl") && !kto.needsMismatched()) {
                    assertThat(want).isZero(); // TRL shows a 0 that was not measured
                } else if (!name.startsWith("logits/") && !name.equals("entropy")) {
                    assertThat(value(loss, name)).as(name).isCloseTo(want, within(1e-5));
                }
            });

            loss.value().backward();
            float[] got = leaf.grad().toFloats();
            for (int i = 0; i < got.length; i++) {
                double want = one.at("/grads/policy_token_logps")
                        .get(policy.row.get(i))
                        .get(policy.column.get(i))
                        .asDouble();
                assertThat((double) got[i]).isCloseTo(want, within(1e-7));
            }
        }
    }

    private static Tensor scored(JsonNode inputs, String logits, String prefix) {
        Rows rows =
                new Rows(inputs.get(logits), inputs.get(prefix + "input_ids"), inputs.get(prefix + "completion_mask"));
        return new LogProbs(0, false)
                .forward(rows.logits, rows.identity(), rows.targets())
                .logps();
    }

    /** Sums over the mismatched completions. */
    private static double[] sums(JsonNode inputs, String logits) {
        JsonNode mask = inputs.get("KL_completion_mask");
        double[] logps = scored(inputs, logits, "KL_").toDoubles();
        double[] sums = new double[mask.size()];
        int token = 0;
        for (int row = 0; row < sums.length; row++) {
            for (JsonNode bit : mask.get(row)) {
                sums[row] += bit.asInt() == 1 ? logps[token++] : 0;
            }
        }
        return sums;
    }

    private static double value(Loss loss, String name) {
        Measure found = loss.measures().stream()
                .filter(m -> m.name().equals(name))
                .findFirst()
                .orElseThrow();
        return found.sum() / found.count();
    }

    /** The positions of a golden file that have a target, in one row. */
    private static final class Rows {
        private final List<Integer> row = new ArrayList<>();
        private final List<Integer> column = new ArrayList<>();
        private final List<Integer> targets = new ArrayList<>();
        private final List<Integer> sequence = new ArrayList<>();
        private final List<Integer> place = new ArrayList<>();
        private final int[] lengths;
        private final int vocabulary;
        private final Tensor logits; // [positions, vocabulary]

        /** Labels are ids with a mask beside them, or -100 where nothing is to be predicted. */
        Rows(JsonNode logits, JsonNode labels, @org.jspecify.annotations.Nullable JsonNode mask) {
            this.vocabulary = logits.get(0).get(0).size();
            this.lengths = new int[labels.size()];
            List<Float> values = new ArrayList<>();
            for (int r = 0; r < labels.size(); r++) {
                for (int t = 1; t < labels.get(r).size(); t++) {
                    int label = labels.get(r).get(t).asInt();
                    boolean trained =
                            mask == null ? label >= 0 : mask.get(r).get(t).asInt() == 1;
                    if (trained) {
                        row.add(r);
                        column.add(t - 1);
                        targets.add(label);
                        sequence.add(r);
                        place.add(lengths[r]++);
                        logits.get(r).get(t - 1).forEach(z -> values.add((float) z.asDouble()));
                    }
                }
            }
            float[] flat = new float[values.size()];
            for (int i = 0; i < flat.length; i++) {
                flat[i] = values.get(i);
            }
            this.logits = Tensor.of(flat, Device.CPU).reshape(-1, vocabulary);
        }

        /** These positions as pairs: the first half of the rows is chosen, the second rejected. */
        PreferenceBatch pairs(Tensor logps, Optional<Tensor> reference, Optional<Tensor> squaredMass) {
            return new PreferenceBatch(
                    lengths.length / 2,
                    logps,
                    reference,
                    Tensor.of(sequence.stream().mapToInt(i -> i).toArray(), Device.CPU),
                    Tensor.of(place.stream().mapToInt(i -> i).toArray(), Device.CPU),
                    Tensor.of(lengths, Device.CPU).to(DType.FLOAT32),
                    squaredMass);
        }

        /** The number for a position in a table by row and column. */
        double at(JsonNode table, int position) {
            return table.get(row.get(position)).get(column.get(position)).asDouble();
        }

        Tensor targets() {
            return Tensor.of(targets.stream().mapToInt(i -> i).toArray(), Device.CPU);
        }

        Tensor identity() {
            Tensor index = Tensor.arange(vocabulary, Device.CPU);
            return index.unsqueeze(0).eq(index.unsqueeze(1)).to(DType.FLOAT32);
        }

        void assertGradient(Tensor got, JsonNode want) {
            float[] flat = got.toFloats();
            for (int i = 0; i < row.size(); i++) {
                for (int v = 0; v < vocabulary; v++) {
                    assertThat((double) flat[i * vocabulary + v])
                            .isCloseTo(
                                    want.get(row.get(i))
                                            .get(column.get(i))
                                            .get(v)
                                            .asDouble(),
                                    within(BOUND));
                }
            }
        }
    }
}
