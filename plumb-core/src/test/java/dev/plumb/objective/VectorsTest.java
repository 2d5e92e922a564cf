package dev.plumb.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.objective.Dpo.Divergence;
import dev.plumb.objective.Dpo.LossType;
import dev.plumb.objective.Dpo.NllReduction;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Functional;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Losses and gradients against the worked numbers of the specification, in 64 bits and in 32 bits. */
class VectorsTest {
    private static final Map<String, String> DPO_VARIANTS = Map.ofEntries(
            Map.entry("sigmoid", "sigmoid"),
            Map.entry("cdpo", "sigmoid"),
            Map.entry("robust", "robust"),
            Map.entry("hinge", "hinge"),
            Map.entry("sigmoid_norm", "sigmoid_norm"),
            Map.entry("f_forward_kl", "sigmoid"),
            Map.entry("f_js", "sigmoid"),
            Map.entry("f_alpha", "sigmoid"),
            Map.entry("sigmoid_tokens", "sigmoid"),
            Map.entry("ld", "sigmoid"),
            Map.entry("wpo", "sigmoid"),
            Map.entry("rpo", "sigmoid"),
            Map.entry("exo_pair", "exo_pair"),
            Map.entry("nca_pair", "nca_pair"),
            Map.entry("bco_pair", "bco_pair"),
            Map.entry("sppo_hard", "sppo_hard"),
            Map.entry("apo_zero", "apo_zero"),
            Map.entry("apo_down", "apo_down"),
            Map.entry("discopop", "discopop"),
            Map.entry("aot", "aot"),
            Map.entry("aot_unpaired", "aot_unpaired"));

    static List<JsonNode> vectors() throws IOException {
        List<JsonNode> all = new ArrayList<>();
        for (String file : List.of("/spec/vectors.json", "/spec/pairs.json")) {
            try (InputStream in = VectorsTest.class.getResourceAsStream(file)) {
                new JsonMapper().readTree(in).get("vectors").forEach(all::add);
            }
        }
        return all;
    }

    @TestFactory
    Stream<DynamicTest> pairs() throws IOException {
        List<JsonNode> known =
                vectors().stream().filter(v -> objective(v).isPresent()).toList();
        assertThat(known.size()).isEqualTo(34);
        return known.stream()
                .flatMap(v -> Stream.of(DType.FLOAT64, DType.FLOAT32)
                        .map(type -> DynamicTest.dynamicTest(
                                v.get("name").asText() + " " + type,
                                () -> check(objective(v).orElseThrow(), inSums(v), type))));
    }

    private static Optional<PreferenceObjective> objective(JsonNode vector) {
        JsonNode in = vector.get("inputs");
        String variant = vector.get("variant").asText();
        return switch (vector.get("algorithm").asText()) {
            case "dpo" ->
                DPO_VARIANTS.containsKey(variant) ? Optional.of(new Dpo(config(variant, in))) : Optional.empty();
            case "ipo" ->
                Optional.of(new Ipo(new Ipo.Config(
                        in.get("beta").asDouble(),
                        variant.equals("length_mean") ? Ipo.Variant.LENGTH_MEAN : Ipo.Variant.PAPER)));
            case "simpo" ->
                Optional.of(new SimPo(new SimPo.Config(
                        in.get("beta").asDouble(),
                        Optional.of(in.get("gamma").asDouble()),
                        Optional.empty(),
                        in.path("label_smoothing").asDouble(0),
                        0)));
            case "orpo" ->
                Optional.of(new Orpo(
                        variant.equals("paper")
                                ? new Orpo.Config(in.get("lambda_or").asDouble(), Orpo.Variant.PAPER)
                                : new Orpo.Config(in.get("lambda_pref").asDouble(), Orpo.Variant.SEED)));
            case "cpo" ->
                Optional.of(new Cpo(new Cpo.Config(
                        in.get("beta").asDouble(),
                        Cpo.LossType.SIGMOID,
                        in.get("cpo_alpha").asDouble(),
                        0,
                        0.5,
                        0)));
            default -> Optional.empty();
        };
    }

    /** Vectors of ORPO speak of means, or of sums and means: here, as everywhere else, of sums and lengths. */
    private static JsonNode inSums(JsonNode vector) {
        if (!vector.get("algorithm").asText().equals("orpo")) {
            return vector;
        }
        ObjectNode out = vector.deepCopy();
        ObjectNode in = (ObjectNode) out.get("inputs");
        ObjectNode expected = (ObjectNode) out.get("expected");
        boolean seed = in.has("policy_logps_chosen");
        for (String side : List.of("chosen", "rejected")) {
            ArrayNode sums = in.putArray("policy_" + side + "_logps");
            ArrayNode lengths = out.arrayNode();
            ArrayNode gradients = out.arrayNode();
            JsonNode means = in.path(seed ? "policy_avg_logp_" + side : side + "_avg_logps");
            for (int i = 0;
                    i
                            < in.get(seed ? "policy_logps_chosen" : "chosen_avg_logps")
                                    .size();
                    i++) {
                double length = seed && side.equals("chosen")
                        ? in.get("policy_logps_chosen").get(i).asDouble()
                                / means.get(i).asDouble()
                        : in.path(side + "_lengths").path(i).asDouble(1);
                lengths.add(length);
                sums.add(
                        seed
                                ? in.get("policy_logps_" + side).get(i).asDouble()
                                : means.get(i).asDouble() * length);
                gradients.add(expected.path("grad_policy_logps_" + side).path(i).asDouble(0)
                        + expected.path("grad_policy_avg_logp_" + side).path(i).asDouble(0) / length
                        + expected.path("grad_" + side + "_avg_logps").path(i).asDouble(0) / length);
            }
            in.set(side + "_lengths", lengths);
            if (!vector.get("name").asText().equals("orpo-extreme")) { // which gives none
                expected.set("grad_policy_" + side + "_logps", gradients);
            }
        }
        return out;
    }

    private static void check(PreferenceObjective objective, JsonNode vector, DType type) {
        JsonNode in = vector.get("inputs");
        JsonNode expected = vector.get("expected");
        double tolerance = vector.get("tolerance").asDouble();
        double bound = type == DType.FLOAT64 ? tolerance : Math.max(tolerance, 2e-6);
        try (Scope scope = Scope.open()) {
            Pairs pairs = new Pairs(in, type);
            Loss loss = objective.loss(pairs.batch, new PreferenceObjective.Step(pairs.count, pairs.chosenTokens()));
            assertClose("loss", loss.value().item(), expected.get("loss").asDouble(), bound);
            if (expected.has("margins")) {
                assertClose("margins", value(loss, "rewards/margins"), mean(expected.get("margins")), bound);
                assertClose("chosen", value(loss, "rewards/chosen"), mean(expected.get("rewards_chosen")), bound);
                assertClose(
                        "accuracy",
                        value(loss, "rewards/accuracies"),
                        expected.get("accuracy_ties_half").asDouble(),
                        bound);
            }
            for (String name : List.of("nll_loss", "sft_loss")) {
                if (expected.has(name)) {
                    assertClose(
                            "nll", value(loss, "nll_loss"), expected.get(name).asDouble(), bound);
                }
            }
            if (expected.has("h")) {
                double gap = value(loss, "rewards/margins") / in.get("beta").asDouble();
                assertClose("h", gap, mean(expected.get("h")), bound);
            }
            if (expected.has("logits")) {
                double u = value(loss, "rewards/margins") - in.get("gamma").asDouble();
                assertClose("u", u, mean(expected.get("logits")), bound);
            }
            if (expected.has("log_odds")) {
                assertClose("odds", value(loss, "log_odds_chosen"), mean(expected.get("log_odds")), bound);
            }
            if (expected.has("or_losses")) {
                assertClose("odds ratio", -value(loss, "log_odds_ratio"), mean(expected.get("or_losses")), bound);
            }
            String grad = pairs.perToken ? "grad_policy_%s_token_logps" : "grad_policy_%s_logps";
            if (expected.has(grad.formatted("chosen"))) {
                loss.value().backward();
                double[] got = pairs.batch.policy().grad().toDoubles();
                List<Double> want = new ArrayList<>();
                pairs.unpadded(expected.get(grad.formatted("chosen")), "chosen", want);
                pairs.unpadded(expected.get(grad.formatted("rejected")), "rejected", want);
                assertThat(got).hasSize(want.size());
                for (int i = 0; i < got.length; i++) {
                    assertClose("gradient " + i, got[i], want.get(i), bound);
                }
            }
        }
    }

    private static Dpo.Config config(String variant, JsonNode in) {
        return new Dpo.Config(
                in.get("beta").asDouble(),
                variant.equals("rpo")
                        ? List.of(LossType.SIGMOID, LossType.SFT)
                        : List.of(LossType.valueOf(DPO_VARIANTS.get(variant).toUpperCase(java.util.Locale.ROOT))),
                variant.equals("rpo") ? List.of(1.0, in.get("rpo_alpha").asDouble()) : List.of(),
                in.path("label_smoothing").asDouble(0),
                switch (variant) {
                    case "f_forward_kl" -> Divergence.FORWARD_KL;
                    case "f_js" -> Divergence.JS_DIVERGENCE;
                    case "f_alpha" -> Divergence.ALPHA_DIVERGENCE;
                    default -> Divergence.REVERSE_KL;
                },
                in.path("alpha").asDouble(0.5),
                variant.equals("ld") ? Optional.of(in.get("ld_alpha").asDouble()) : Optional.empty(),
                variant.equals("wpo"),
                NllReduction.SEQUENCE_MEAN,
                in.path("tau").asDouble(0.05));
    }

    /** The rows of a vector without their padding; where only sums are given, each sequence is one token. */
    private static final class Pairs {
        private final JsonNode in;
        private final boolean perToken;
        private final int count;
        private final PreferenceBatch batch;

        Pairs(JsonNode in, DType type) {
            this.in = in;
            this.perToken = in.has("policy_chosen_token_logps");
            String name = perToken ? "%s_%s_token_logps" : "%s_%s_logps";
            this.count = in.get(name.formatted("policy", "chosen")).size();
            List<Double> policy = new ArrayList<>();
            List<Double> reference = new ArrayList<>();
            List<Double> mass = new ArrayList<>();
            List<Integer> sequence = new ArrayList<>();
            List<Integer> place = new ArrayList<>();
            double[] lengths = new double[2 * count];
            int s = 0;
            for (String side : List.of("chosen", "rejected")) {
                unpadded(in.get(name.formatted("policy", side)), side, policy);
                if (in.has(name.formatted("ref", side))) {
                    unpadded(in.get(name.formatted("ref", side)), side, reference);
                }
                if (in.has(side + "_log_sum_p_sq")) {
                    unpadded(in.get(side + "_log_sum_p_sq"), side, mass);
                }
                for (int row = 0; row < count; row++) {
                    int tokens = tokens(side, row);
                    for (int t = 0; t < tokens; t++) {
                        sequence.add(s);
                        place.add(t);
                    }
                    lengths[s++] = length(side, row);
                }
            }
            this.batch = new PreferenceBatch(
                    count,
                    tensor(policy, type).requiresGrad(true),
                    reference.isEmpty() ? Optional.empty() : Optional.of(tensor(reference, type)),
                    Tensor.of(sequence.stream().mapToInt(i -> i).toArray(), Device.CPU),
                    Tensor.of(place.stream().mapToInt(i -> i).toArray(), Device.CPU),
                    Tensor.of(lengths, Device.CPU).to(type),
                    mass.isEmpty() ? Optional.empty() : Optional.of(tensor(mass, type)));
        }

        private int tokens(String side, int row) {
            int tokens = 0;
            if (!perToken) {
                return 1;
            }
            for (JsonNode bit : in.get(side + "_mask").get(row)) {
                tokens += bit.asInt();
            }
            return tokens;
        }

        private double length(String side, int row) {
            return in.has(side + "_lengths")
                    ? in.get(side + "_lengths").get(row).asDouble()
                    : tokens(side, row);
        }

        long chosenTokens() {
            double tokens = 0;
            for (int row = 0; row < count; row++) {
                tokens += length("chosen", row);
            }
            return Math.round(tokens);
        }

        void unpadded(JsonNode rows, String side, List<Double> out) {
            for (int row = 0; row < count; row++) {
                for (int t = 0; t < tokens(side, row); t++) {
                    out.add(
                            perToken
                                    ? rows.get(row).get(t).asDouble()
                                    : rows.get(row).asDouble());
                }
            }
        }
    }

    static Tensor tensor(List<Double> values, DType type) {
        return Tensor.of(values.stream().mapToDouble(v -> v).toArray(), Device.CPU)
                .to(type);
    }

    static void assertClose(String what, double got, double want, double bound) {
        assertThat(got).as(what).isCloseTo(want, within(bound * Math.max(1, Math.abs(want))));
    }

    private static double value(Loss loss, String name) {
        Measure found = loss.measures().stream()
                .filter(m -> m.name().equals(name))
                .findFirst()
                .orElseThrow();
        return found.sum() / found.count();
    }

    private static double mean(JsonNode values) {
        double sum = 0;
        for (JsonNode v : values) {
            sum += v.asDouble();
        }
        return sum / values.size();
    }

    @Test
    void sftIsTheSameHoweverABatchIsSplit() throws IOException {
        JsonNode vector = vectors().stream()
                .filter(v -> v.get("name").asText().equals("sft-micro-batch-split"))
                .findFirst()
                .orElseThrow();
        SequenceObjective sft = new Sft(new Sft.Config(Sft.LossType.NLL, Sft.Reduction.TOKEN_MEAN));
        SequenceObjective.Step step = new SequenceObjective.Step(3, 10);
        double total = 0;
        try (Scope scope = Scope.open()) {
            for (String micro : List.of("micro_1", "micro_2")) {
                JsonNode mask = vector.get("inputs").get(micro + "_mask");
                List<Double> logps = new ArrayList<>();
                List<Integer> sequence = new ArrayList<>();
                double[] lengths = new double[mask.size()];
                for (int row = 0; row < mask.size(); row++) {
                    for (int t = 0; t < mask.get(row).size(); t++) {
                        if (mask.get(row).get(t).asInt() == 1) {
                            logps.add(vector.get("inputs")
                                    .get(micro + "_logps")
                                    .get(row)
                                    .get(t)
                                    .asDouble());
                            sequence.add(row);
                            lengths[row]++;
                        }
                    }
                }
                SequenceBatch batch = new SequenceBatch(
                        lengths.length,
                        tensor(logps, DType.FLOAT64).requiresGrad(true),
                        Tensor.of(sequence.stream().mapToInt(i -> i).toArray(), Device.CPU),
                        Tensor.of(lengths, Device.CPU));
                Loss loss = sft.loss(batch, step);
                loss.value().backward();
                total += loss.value().item();
                assertThat(batch.policy().grad().toDoubles()).satisfies(g -> {
                    for (double v : g) {
                        assertThat(v).isCloseTo(-0.1, within(1e-12));
                    }
                });
                assertThat(sft.knownGradient(batch.sequence(), batch.lengths(), step)
                                .orElseThrow()
                                .toDoubles())
                        .containsExactly(batch.policy().grad().toDoubles());
            }
        }
        JsonNode expected = vector.get("expected");
        assertThat(total)
                .isCloseTo(expected.get("loss").asDouble(), within(1e-12))
                .isNotCloseTo(expected.get("wrong_mean_of_micro_means").asDouble(), within(0.1));
    }

    @Test
    void primitivesStandExtremes() throws IOException {
        for (JsonNode vector : vectors()) {
            if (!vector.get("algorithm").asText().equals("primitive")
                    || !vector.get("expected").has("y")) {
                continue;
            }
            try (Scope scope = Scope.open()) {
                List<Double> x = new ArrayList<>();
                vector.get("inputs").get("x").forEach(v -> x.add(v.asDouble()));
                Tensor in = tensor(x, DType.FLOAT64);
                Tensor out = switch (vector.get("variant").asText()) {
                    case "logsigmoid" -> Functional.logSigmoid(in);
                    case "softplus" -> Functional.softplus(in);
                    case "log1mexp" -> Functional.log1mExp(in);
                    default -> throw new AssertionError(vector);
                };
                double[] got = out.toDoubles();
                for (int i = 0; i < got.length; i++) {
                    double want = vector.get("expected").get("y").get(i).asDouble();
                    assertThat(got[i])
                            .as(vector.get("name").asText() + " " + x.get(i))
                            .isCloseTo(want, within(1e-8 * Math.abs(want) + 1e-30));
                }
            }
        }
    }
}
