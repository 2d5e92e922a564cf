package dev.plumb.objective;

import static dev.plumb.objective.PolicyRows.assertClose;
import static dev.plumb.objective.PolicyRows.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.objective.Experience.Steps;
import dev.plumb.objective.PolicyObjective.Credit;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** GRPO and its relatives against the specification's vectors, TRL's numbers, splits and extremes. */
class GrpoTest {
    private static final double GOLDEN = 3e-6; // theirs are in 32 bits, with 8 or 9 digits

    static Grpo grpo(String... settings) {
        return new Grpo(PolicyRows.config(GrpoConfig.class, List.of(settings)));
    }

    // ---- losses

    @TestFactory
    Stream<DynamicTest> lossesOfTheSpecification() throws IOException {
        List<JsonNode> known = PolicyRows.vectors("group_loss").stream()
                .filter(v -> v.get("inputs").has("reduction") && v.get("inputs").has("old_logps"))
                .filter(v -> !v.get("name").asText().equals("grpo-kl-in-loss-k1")) // refused, see below
                .toList();
        assertThat(known).hasSize(13);
        return known.stream()
                .flatMap(v -> Stream.of(DType.FLOAT64, DType.FLOAT32)
                        .map(type ->
                                DynamicTest.dynamicTest(v.get("name").asText() + " " + type, () -> check(v, type))));
    }

    private static Grpo objective(JsonNode in, String variant) {
        List<String> settings = new ArrayList<>();
        boolean cispo = variant.equals("cispo");
        settings.add("loss_type="
                + (cispo
                        ? "cispo"
                        : switch (in.get("reduction").asText()) {
                            case "seq_mean_token_mean" -> "grpo";
                            case "seq_sum_fixed" -> "dr_grpo";
                            default -> "dapo";
                        }));
        if (cispo) {
            settings.add("ratio_cap=" + in.get("ratio_cap").asText());
        } else {
            settings.add("epsilon=" + in.get("clip_low").asText());
            settings.add("epsilon_high=" + in.get("clip_high").asText());
        }
        settings.add("beta=" + in.get("beta").asText());
        if (in.has("kl")) {
            settings.add("kl_estimator=" + in.get("kl").asText());
        }
        if (in.has("delta")) {
            settings.add("delta=" + in.get("delta").asText());
        }
        if (in.has("level")) {
            settings.add("importance_sampling_level=" + (variant.equals("gspo_token") ? "sequence_token" : "sequence"));
        }
        settings.add("use_bias_correction_kl=" + in.has("kl_ratio_corrected"));
        return grpo(settings.toArray(String[]::new));
    }

    private static PolicyRows unpadded(JsonNode in, DType type) {
        JsonNode mask = in.get("mask");
        List<double[]> logps = PolicyRows.rows(in.get("new_logps"), mask);
        JsonNode advantages = in.get("advantages");
        PolicyRows rows = PolicyRows.of(
                type,
                logps,
                PolicyRows.rows(in.get("old_logps"), mask),
                advantages.get(0).isArray()
                        ? PolicyRows.rows(advantages, mask)
                        : PolicyRows.spread(PolicyRows.numbers(advantages), logps));
        if (in.has("ref_logps")) {
            rows = rows.withRef(PolicyRows.rows(in.get("ref_logps"), mask));
        }
        return in.has("is_weights") ? rows.withWeights(PolicyRows.rows(in.get("is_weights"), mask)) : rows;
    }

    private static void check(JsonNode vector, DType type) {
        JsonNode in = vector.get("inputs");
        JsonNode expected = vector.get("expected");
        double tolerance = vector.get("tolerance").asDouble();
        double bound = type == DType.FLOAT64 ? tolerance : Math.max(tolerance, 2e-6);
        try (Scope scope = Scope.open()) {
            Grpo objective = objective(in, vector.get("variant").asText());
            PolicyRows rows = unpadded(in, type);
            PolicyBatch batch = rows.batch();
            PolicyObjective.Step step = rows.step(in.path("max_length").asInt(8));
            Loss loss = objective.loss(batch, step);
            loss.value().backward();
            assertClose("loss", loss.value().item(), expected.get("loss").asDouble(), bound);
            assertClose(
                    "gradient",
                    batch.logps().grad().toDoubles(),
                    PolicyRows.flat(PolicyRows.rows(expected.get("grad_new_logps"), in.get("mask"))),
                    bound);
            for (String side : List.of("low", "high")) {
                if (expected.has("clip_" + side + "_mean")) {
                    double want = expected.get("clip_" + side + "_mean").asDouble();
                    assertClose(side, value(loss.measures(), "clip_ratio/" + side + "_mean"), want, bound);
                }
            }
            if (expected.has("kl") && in.get("kl").asText().equals("k3")) {
                assertClose(
                        "kl", value(loss.measures(), "kl"), expected.get("kl").asDouble(), bound);
            }
            rows.assertSplits(objective, step, bound);
        }
    }

    @Test
    void k1InTheLossIsRefusedAndItsNumbersStand() throws IOException {
        assertThatThrownBy(() -> grpo("beta=0.1", "kl_estimator=k1")).hasMessageContaining("use k3 or k2");
        JsonNode vector = PolicyRows.vector("grpo-kl-in-loss-k1");
        JsonNode in = vector.get("inputs");
        try (Scope scope = Scope.open()) {
            PolicyBatch batch = unpadded(in, DType.FLOAT64).batch();
            Tensor loss = KlEstimator.K1
                    .of(batch.logps().sub(batch.refLogps().orElseThrow()))
                    .mean()
                    .mul(in.get("beta").asDouble());
            loss.backward();
            assertClose("loss", loss.item(), vector.get("expected").get("loss").asDouble(), 1e-9);
            assertClose(
                    "gradient",
                    batch.logps().grad().toDoubles(),
                    PolicyRows.flat(PolicyRows.rows(vector.get("expected").get("grad_new_logps"), in.get("mask"))),
                    1e-9);
        }
    }

    @Test
    void estimatorsOfTheKl() throws IOException {
        for (JsonNode vector : PolicyRows.vectors("kl")) {
            JsonNode in = vector.get("inputs");
            JsonNode expected = vector.get("expected");
            String variant = vector.get("variant").asText();
            try (Scope scope = Scope.open()) {
                if (variant.startsWith("k") && !variant.contains("_")) {
                    KlEstimator estimator = KlEstimator.valueOf(variant.toUpperCase());
                    PolicyRows rows = PolicyRows.of(
                            DType.FLOAT64,
                            PolicyRows.rows(vectorOf(in.get("logps")), vectorOf(in.get("mask"))),
                            PolicyRows.rows(vectorOf(in.get("ref_logps")), vectorOf(in.get("mask"))),
                            PolicyRows.rows(vectorOf(in.get("mask")), vectorOf(in.get("mask"))));
                    PolicyBatch batch = rows.batch();
                    Tensor each = estimator.of(batch.logps().sub(batch.oldLogps()));
                    each.mean().backward();
                    double[] values = each.detach().toDoubles();
                    double[] gradient = batch.logps().grad().toDoubles();
                    for (int t = 0; t < values.length; t++) {
                        double want = expected.get("per_token").get(t).asDouble();
                        assertClose(variant, values[t], want, 1e-9);
                        double x = rows.logps().get(0)[t] - rows.old().get(0)[t];
                        assertClose(variant, estimator.of(x), want, 1e-9);
                        assertClose(
                                variant,
                                gradient[t],
                                expected.get("grad_logps").get(t).asDouble(),
                                1e-9);
                    }
                } else if (variant.equals("expectation")) {
                    double[] p = softmax(PolicyRows.numbers(in.get("logits")));
                    double[] q = softmax(PolicyRows.numbers(in.get("ref_logits")));
                    for (KlEstimator estimator : KlEstimator.values()) {
                        double mean = IntStream.range(0, p.length)
                                .mapToDouble(v -> p[v] * estimator.of(Math.log(p[v] / q[v])))
                                .sum();
                        String name = "expected_" + estimator.name().toLowerCase();
                        assertClose(name, mean, expected.get(name).asDouble(), 1e-9);
                    }
                } else {
                    PolicyRows rows = unpadded(
                            ((ObjectNode) in.deepCopy())
                                    .set(
                                            "advantages",
                                            JsonNodeFactory.instance
                                                    .arrayNode()
                                                    .add(0)
                                                    .add(0)
                                                    .add(0)),
                            DType.FLOAT64);
                    Loss plain = grpo("beta=1", "loss_type=dapo").loss(rows.batch(), rows.step(4));
                    Loss corrected =
                            grpo("beta=1", "use_bias_correction_kl=true").loss(rows.batch(), rows.step(4));
                    assertClose(
                            "plain",
                            plain.value().item(),
                            expected.get("k3_mean").asDouble(),
                            1e-9);
                    double want = expected.get("k3_ratio_corrected_mean").asDouble();
                    assertClose("corrected", corrected.value().item(), want, 1e-9);
                    assertClose(
                            "kl",
                            value(corrected.measures(), "kl"),
                            expected.get("k3_mean").asDouble(),
                            1e-9);
                }
            }
        }
    }

    private static JsonNode vectorOf(JsonNode row) {
        return JsonNodeFactory.instance.arrayNode().add(row);
    }

    private static double[] softmax(double[] z) {
        double sum = Arrays.stream(z).map(Math::exp).sum();
        return Arrays.stream(z).map(v -> Math.exp(v) / sum).toArray();
    }

    /** H is 0.3, then 0.1, 0.1, 0.1 and 0.3 against a target of 0.2. */
    @Test
    void theBonusFollowsTheEntropy() {
        Grpo objective = grpo(
                "use_adaptive_entropy=true", "entropy_coef=0.01", "entropy_coef_delta=0.005", "entropy_coef_max=0.012");
        double[] memory = objective.start();
        double[][] want = {{0.005, 0}, {0.01, 0.005}, {0.012, 0.01}, {0.012, 0.012}, {0.007, 0}};
        double[] entropies = {0.3, 0.1, 0.1, 0.1, 0.3};
        for (int k = 0; k < want.length; k++) {
            double h = entropies[k];
            Experience experience = new Experience(
                    2,
                    List.of(new double[] {1}, new double[] {0}),
                    new double[] {1},
                    List.of(new double[] {-1, -1}, new double[] {-1}),
                    List.of(),
                    new boolean[] {true, true},
                    List.of(new double[] {h - 0.05, h - 0.1}, new double[] {h + 0.15}),
                    List.of(),
                    new double[0]);
            memory = objective.credit(experience, memory).memory();
            assertThat(memory).containsExactly(want[k], within(1e-12));
        }
        assertThatThrownBy(() -> grpo("use_adaptive_entropy=true", "entropy_coef=2"))
                .hasMessageContaining("lies outside");
    }

    @Test
    void badAnswersThatFellFarAreLeftOut() throws IOException {
        JsonNode vector = PolicyRows.vector("off-policy-sequence-mask");
        JsonNode in = vector.get("inputs");
        double[] advantages = PolicyRows.numbers(in.get("advantages"));
        List<double[]> logps = PolicyRows.rows(in.get("new_logps"));
        PolicyRows rows = PolicyRows.of(
                DType.FLOAT64, logps, PolicyRows.rows(in.get("sampler_logps")), PolicyRows.spread(advantages, logps));
        try (Scope scope = Scope.open()) {
            Grpo objective =
                    grpo("off_policy_mask_threshold=" + in.get("threshold").asText(), "loss_type=cispo");
            PolicyBatch batch = rows.batch();
            Loss loss = objective.loss(batch, rows.step(2));
            loss.value().backward();
            double[] gradient = batch.logps().grad().toDoubles();
            for (int i = 0; i < advantages.length; i++) {
                boolean kept = vector.get("expected").get("keep").get(i).asInt() == 1;
                assertThat(gradient[2 * i] != 0).isEqualTo(kept);
            }
            assertThat(value(loss.measures(), "off_policy_mask_frac")).isCloseTo(1 / 3.0, within(1e-12));
        }
    }

    @Test
    void bnpoIsDapoWhichDoesNotDependOnTheSplit() throws IOException {
        JsonNode vector = PolicyRows.vector("bnpo-local-against-global-mean");
        List<double[]> losses = PolicyRows.rows(vector.get("inputs").get("per_token_loss_rows"));
        List<double[]> advantages = losses.stream()
                .map(row -> Arrays.stream(row).map(v -> -v).toArray())
                .toList();
        PolicyRows rows = PolicyRows.of(DType.FLOAT64, losses, losses, advantages); // ratios of 1
        try (Scope scope = Scope.open()) {
            for (String type : List.of("bnpo", "dapo")) {
                Grpo objective = grpo("loss_type=" + type);
                double parts = objective
                                .loss(rows.batch(0, 2), rows.step(8))
                                .value()
                                .item()
                        + objective.loss(rows.batch(2, 3), rows.step(8)).value().item();
                assertClose(type, parts, vector.get("expected").get("dapo").asDouble(), 1e-9);
                assertThat(parts)
                        .isNotCloseTo(vector.get("expected").get("strict_bnpo").asDouble(), within(1e-3));
            }
        }
    }

    @TestFactory
    Stream<DynamicTest> lossesOfTrl() throws IOException {
        JsonNode golden = PolicyRows.read("/goldens/losses/grpo_loss.json");
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode entry : golden.get("cases")) {
            tests.add(DynamicTest.dynamicTest(
                    entry.get("name").asText(), () -> checkGolden(golden.get("inputs"), entry)));
        }
        assertThat(tests).hasSize(26);
        return tests.stream();
    }

    private static void checkGolden(JsonNode in, JsonNode entry) {
        JsonNode options = entry.get("options");
        JsonNode mask = in.get("completion_mask");
        String type = options.get("loss_type").asText();
        List<String> settings = new ArrayList<>(List.of("allow_unusual_epsilon=true"));
        for (String key : List.of(
                "loss_type",
                "beta",
                "importance_sampling_level",
                "use_bias_correction_kl",
                "top_entropy_quantile",
                "entropy_coef")) {
            settings.add(key + "=" + options.get(key).asText());
        }
        boolean clips = List.of("grpo", "bnpo", "dr_grpo", "dapo", "luspo").contains(type);
        for (String key : List.of("epsilon", "epsilon_high", "delta", "off_policy_mask_threshold")) {
            boolean applies = clips || key.startsWith("off");
            if (applies && !options.get(key).isNull()) {
                settings.add(key + "=" + options.get(key).asText());
            }
        }
        if (type.equals("cispo")) {
            settings.add("ratio_cap=" + options.get("epsilon_high").asText());
        }
        Grpo objective = grpo(settings.toArray(String[]::new));
        List<double[]> logps = PolicyRows.rows(in.get("policy_token_logps"), mask);
        List<double[]> old = options.get("old_token_logps").asText().equals("inputs")
                ? PolicyRows.rows(in.get("old_token_logps"), mask)
                : logps;
        List<double[]> entropies = PolicyRows.rows(in.get("entropies"), mask);
        double[] perRow = PolicyRows.numbers(in.get("advantages"));
        List<double[]> advantages = new ArrayList<>(PolicyRows.spread(perRow, logps));
        boolean someTokens = options.get("top_entropy_quantile").asDouble() < 1;
        if (someTokens) { // which tokens credit leaves out
            Experience experience = experience(6, logps, new double[] {1, 2, 3, 4, 5, 7}, entropies);
            List<double[]> credited =
                    objective.credit(experience, new double[0]).advantages();
            for (int i = 0; i < credited.size(); i++) {
                for (int t = 0; t < credited.get(i).length; t++) {
                    advantages.get(i)[t] *= credited.get(i)[t] == 0 ? 0 : 1;
                }
            }
        }
        PolicyRows rows = PolicyRows.of(DType.FLOAT64, logps, old, advantages)
                .withRef(PolicyRows.rows(in.get("ref_token_logps"), mask))
                .withEntropies(entropies);
        int steps = options.get("gradient_accumulation_steps").asInt();
        PolicyObjective.Step step = new PolicyObjective.Step(
                6L * steps,
                options.get("num_items_in_batch").asLong(),
                options.get("max_completion_length").asInt());
        try (Scope scope = Scope.open()) {
            PolicyBatch batch = rows.batch();
            Loss loss = objective.loss(batch, step);
            loss.value().backward();
            assertClose(
                    "loss",
                    loss.value().item(),
                    entry.get("outputs").get("loss").asDouble(),
                    GOLDEN);
            assertClose(
                    "gradient",
                    batch.logps().grad().toDoubles(),
                    PolicyRows.flat(PolicyRows.rows(entry.get("grads").get("policy_token_logps"), mask)),
                    GOLDEN);
            if (entry.get("grads").has("entropies")) {
                assertClose(
                        "gradient by entropies",
                        batch.entropies().grad().toDoubles(),
                        PolicyRows.flat(PolicyRows.rows(entry.get("grads").get("entropies"), mask)),
                        GOLDEN);
            }
            JsonNode metrics = entry.get("outputs").get("metrics");
            boolean sequences =
                    options.get("importance_sampling_level").asText().equals("sequence");
            for (var metric : metrics.properties()) {
                String name = metric.getKey();
                boolean other = name.equals("entropy") // the loop's
                        || name.endsWith("_mean")
                                && sequences
                                && name.startsWith("clip") // of rows there, of tokens here
                        || name.startsWith("clip") && someTokens // left out tokens cannot be clipped here
                        || name.equals("kl")
                                && options.get("use_bias_correction_kl").asBoolean() // plain k3 here
                        || name.equals("policy_loss") && steps > 1;
                if (!other) {
                    assertClose(
                            name,
                            value(loss.measures(), name),
                            metric.getValue().asDouble(),
                            GOLDEN);
                }
            }
            if (steps == 1) {
                rows.assertSplits(objective, step, 1e-12);
            }
        }
    }

    private static Experience experience(
            int groupSize, List<double[]> logps, double[] rewards, List<double[]> entropies) {
        boolean[] stopped = new boolean[rewards.length];
        Arrays.fill(stopped, true);
        return new Experience(
                groupSize,
                Arrays.stream(rewards).mapToObj(r -> new double[] {r}).toList(),
                new double[] {1},
                logps,
                List.of(),
                stopped,
                entropies,
                List.of(),
                new double[0]);
    }

    /** Completions of one token each. */
    private static Experience experience(int groupSize, List<double[]> rewards, double[] weights) {
        boolean[] stopped = new boolean[rewards.size()];
        Arrays.fill(stopped, true);
        return new Experience(
                groupSize,
                rewards,
                weights,
                rewards.stream().map(r -> new double[] {-1}).toList(),
                List.of(),
                stopped,
                List.of(),
                List.of(),
                new double[0]);
    }

    // ---- advantages

    @TestFactory
    Stream<DynamicTest> advantagesOfTheSpecification() throws IOException {
        List<JsonNode> known = PolicyRows.vectors("group_advantage").stream()
                .filter(v -> !v.get("variant").asText().equals("process"))
                .filter(v -> !v.get("variant").asText().equals("grpo_kl_in_reward"))
                .toList();
        assertThat(known).hasSize(9);
        return known.stream().map(v -> DynamicTest.dynamicTest(v.get("name").asText(), () -> checkAdvantages(v)));
    }

    private static void checkAdvantages(JsonNode vector) {
        JsonNode in = vector.get("inputs");
        JsonNode expected = vector.get("expected");
        boolean several = in.get("rewards").get(0).isArray();
        List<double[]> rewards =
                several ? PolicyRows.rows(in.get("rewards")) : new ArrayList<>(PolicyRows.single(in.get("rewards")));
        if (in.has("scorable")) {
            for (int i = 0; i < rewards.size(); i++) {
                if (in.get("scorable").get(i).asInt() == 0) {
                    rewards.set(i, new double[] {Double.NaN});
                }
            }
        }
        List<String> settings = new ArrayList<>();
        settings.add("advantage_eps=" + in.get("eps").asText());
        if (in.has("std")) {
            settings.add("std=" + in.get("std").asText());
            settings.add("scale_rewards=" + in.get("scale").asText());
        }
        if (several) {
            settings.add("multi_objective_aggregation=" + vector.get("variant").asText());
        }
        int groupSize = 4;
        double[] weights = several ? PolicyRows.numbers(in.get("weights")) : new double[] {1};
        Credit credit =
                grpo(settings.toArray(String[]::new)).credit(experience(groupSize, rewards, weights), new double[0]);
        assertClose(
                "advantages",
                PolicyRows.flat(credit.advantages()),
                PolicyRows.numbers(expected.get("advantages")),
                vector.get("tolerance").asDouble());
        if (expected.has("frac_reward_zero_std")) {
            double want = expected.get("frac_reward_zero_std").asDouble();
            assertClose("dead groups", value(credit.measures(), "frac_reward_zero_std"), want, 1e-12);
        }
    }

    @Test
    void severalRewardsNormalisedOneByOne() throws IOException {
        JsonNode vector = PolicyRows.vector("decoupled-normalisation-advantage");
        List<double[]> rewards = new ArrayList<>();
        vector.get("inputs").get("rewards").forEach(group -> rewards.addAll(PolicyRows.rows(group)));
        double[] weights = PolicyRows.numbers(vector.get("inputs").get("weights"));
        for (String how : List.of("normalize_then_sum", "sum_then_normalize")) {
            String name = how.startsWith("n") ? "advantages" : "sum_then_normalize_advantages";
            assertClose(
                    name,
                    PolicyRows.flat(grpo("multi_objective_aggregation=" + how)
                            .credit(experience(4, rewards, weights), new double[0])
                            .advantages()),
                    PolicyRows.numbers(vector.get("expected").get(name)),
                    1e-7);
        }
    }

    @Test
    void klOffTheReward() throws IOException {
        JsonNode vector = PolicyRows.vector("grpo-kl-in-reward");
        JsonNode in = vector.get("inputs");
        Experience experience = new Experience(
                4,
                PolicyRows.single(in.get("rewards")),
                new double[] {1},
                PolicyRows.single(in.get("old_seq_logps")),
                PolicyRows.single(in.get("ref_seq_logps")),
                new boolean[4],
                List.of(),
                List.of(),
                new double[0]);
        assertClose(
                "advantages",
                PolicyRows.flat(grpo("kl_in=reward", "beta=" + in.get("beta").asText())
                        .credit(experience, new double[0])
                        .advantages()),
                PolicyRows.numbers(vector.get("expected").get("advantages")),
                1e-9);
    }

    @Test
    void cutOffAnswersAreNotLearntFrom() throws IOException {
        JsonNode vector = PolicyRows.vector("grpo-overlong-filtering");
        JsonNode in = vector.get("inputs");
        JsonNode expected = vector.get("expected");
        double[] lengths = PolicyRows.numbers(in.get("lengths"));
        boolean[] stopped = new boolean[4];
        List<double[]> logps = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            stopped[i] = in.get("truncated").get(i).asInt() == 0;
            logps.add(new double[(int) lengths[i]]);
        }
        Experience experience = new Experience(
                4,
                PolicyRows.single(in.get("rewards")),
                new double[] {1},
                logps,
                List.of(),
                stopped,
                List.of(),
                List.of(),
                new double[0]);
        for (boolean inBaseline : new boolean[] {true, false}) {
            Grpo objective = grpo("mask_truncated_completions=true", "truncated_in_baseline=" + inBaseline);
            Credit credit = objective.credit(experience, new double[0]);
            double[] want = PolicyRows.numbers(
                    expected.get("advantages_truncated_" + (inBaseline ? "in" : "out_of") + "_baseline"));
            for (int i = 0; i < 4; i++) {
                assertThat(credit.kept()[i]).isEqualTo(stopped[i]);
                assertClose("advantage", credit.advantages().get(i)[0], want[i], 1e-9);
            }
            if (inBaseline) {
                List<double[]> keptLogps = List.of(logps.get(0), logps.get(1), logps.get(3));
                PolicyRows rows = PolicyRows.of(
                        DType.FLOAT64,
                        keptLogps,
                        keptLogps,
                        List.of(
                                credit.advantages().get(0),
                                credit.advantages().get(1),
                                credit.advantages().get(3)));
                assertThat(rows.tokens()).isEqualTo(expected.get("denominator").asLong());
                try (Scope scope = Scope.open()) {
                    double loss =
                            objective.loss(rows.batch(), rows.step(8)).value().item();
                    assertClose("loss", loss, expected.get("loss").asDouble(), 1e-9);
                }
            }
        }
    }

    @Test
    void advantagesOfSteps() throws IOException {
        JsonNode vector = PolicyRows.vector("grpo-process-supervision");
        JsonNode in = vector.get("inputs");
        Credit credit = grpo("supervision=process", "advantage_eps=0")
                .credit(judged(in.get("step_rewards"), in.get("step_end"), in.get("lengths")), new double[0]);
        assertClose(
                "advantages",
                PolicyRows.flat(credit.advantages()),
                PolicyRows.flat(PolicyRows.rows(vector.get("expected").get("advantages"))),
                1e-9);

        JsonNode other = PolicyRows.vector("grpo-process-supervision-advantage");
        for (String std : List.of("sample", "population")) {
            List<Steps> steps = new ArrayList<>();
            List<double[]> logps = new ArrayList<>();
            for (double[] rewards : PolicyRows.rows(other.get("inputs").get("step_rewards"))) {
                steps.add(new Steps(rewards, IntStream.range(0, rewards.length).toArray()));
                logps.add(new double[rewards.length]);
            }
            assertClose(
                    std,
                    PolicyRows.flat(grpo("supervision=process", "advantage_eps=0", "std=" + std)
                            .credit(judged(3, steps, logps), new double[0])
                            .advantages()),
                    PolicyRows.flat(PolicyRows.rows(other.get("expected").get("advantages_by_step_" + std))),
                    1e-7);
        }
        List<Steps> split = List.of(
                new Steps(new double[] {1, 1, 1, 1}, new int[] {0, 1, 2, 3}),
                new Steps(new double[] {0}, new int[] {3}));
        List<double[]> four = List.of(new double[4], new double[4]);
        double[] mean = grpo("supervision=process", "step_mean=true")
                .credit(judged(2, split, four), new double[0])
                .advantages()
                .get(0);
        assertThat(mean[0]).isCloseTo(mean[3], within(1e-12)); // splitting a step does not pay
        assertThatThrownBy(() -> grpo("supervision=process")
                        .credit(experience(2, PolicyRows.single(in.get("lengths")), new double[] {1}), new double[0]))
                .hasMessageContaining("process reward model");
    }

    @Test
    void stepsOfCutAnswersStayOutOfTheBaselineWhereAsked() {
        List<Steps> steps = List.of(
                new Steps(new double[] {0.9, 0.1}, new int[] {0, 2}),
                new Steps(new double[] {0.5}, new int[] {1}),
                new Steps(new double[] {0}, new int[] {1}));
        Experience all = judged(3, steps, List.of(new double[3], new double[2], new double[2]));
        Experience cut = new Experience(
                3,
                all.rewards(),
                all.weights(),
                all.oldLogps(),
                List.of(),
                new boolean[] {true, true, false},
                List.of(),
                List.of(),
                new double[0],
                new double[0],
                steps);
        String[] settings = {"supervision=process", "mask_truncated_completions=true", "truncated_in_baseline=false"};
        Credit credit = grpo(settings).credit(cut, new double[0]);
        assertThat(credit.kept()).containsExactly(true, true, false);
        assertThat(credit.advantages().get(2)).containsOnly(0);
        Credit alone = grpo("supervision=process")
                .credit(judged(2, steps.subList(0, 2), all.oldLogps().subList(0, 2)), new double[0]);
        assertClose("first", credit.advantages().get(0), alone.advantages().get(0), 1e-12);
        assertThat(grpo("supervision=process", "mask_truncated_completions=true")
                        .credit(cut, new double[0])
                        .advantages()
                        .get(1)[0])
                .isPositive(); // beside the cut one
        assertThat(alone.advantages().get(1)[0]).isCloseTo(0, within(1e-12)); // the mean of the others
    }

    @Test
    void whatStepsDoNotHeedIsRefused() {
        assertThatThrownBy(() -> grpo("supervision=process", "scale_rewards=none"))
                .hasMessageContaining("leave out scale_rewards");
        assertThat(grpo("supervision=process", "loss_type=dr_grpo").needsRewards())
                .isFalse();
        assertThat(grpo().needsRewards()).isTrue();
    }

    @Test
    void measuresOfSteps() {
        List<Steps> steps = List.of(
                new Steps(new double[] {0.8, 0.2}, new int[] {1, 5}),
                new Steps(new double[] {0.5}, new int[] {2}),
                Steps.NONE);
        Map<String, Double> got = RolloutMeasures.ofSteps(steps).stream()
                .collect(Collectors.toMap(Measure::name, one -> one.sum() / one.count()));
        assertThat(got.get("prm/mean_score")).isCloseTo(0.5, within(1e-12));
        assertThat(got.get("prm/min_score")).isCloseTo(0.35, within(1e-12));
        assertThat(got.get("prm/steps_per_solution")).isEqualTo(1.5);
        assertThat(got.get("prm/tokens_per_step")).isEqualTo(3);
        assertThat(RolloutMeasures.ofSteps(List.of(Steps.NONE))).isEmpty();
    }

    private static Experience judged(JsonNode rewards, JsonNode ends, JsonNode lengths) {
        List<Steps> steps = new ArrayList<>();
        List<double[]> logps = new ArrayList<>();
        for (int i = 0; i < lengths.size(); i++) {
            int[] at = Arrays.stream(PolicyRows.numbers(ends.get(i)))
                    .mapToInt(e -> (int) e)
                    .toArray();
            steps.add(new Steps(PolicyRows.numbers(rewards.get(i)), at));
            logps.add(new double[lengths.get(i).asInt()]);
        }
        return judged(lengths.size(), steps, logps);
    }

    private static Experience judged(int groupSize, List<Steps> steps, List<double[]> logps) {
        return new Experience(
                groupSize,
                steps.stream().map(s -> new double[] {Double.NaN}).toList(),
                new double[] {1},
                logps,
                List.of(),
                new boolean[steps.size()],
                List.of(),
                List.of(),
                new double[0],
                new double[0],
                steps);
    }

    @TestFactory
    Stream<DynamicTest> advantagesOfTrl() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode entry :
                PolicyRows.read("/goldens/losses/grpo_advantages.json").get("cases")) {
            tests.add(DynamicTest.dynamicTest(entry.get("name").asText() + " " + tests.size(), () -> {
                JsonNode options = entry.get("options");
                List<double[]> rewards = PolicyRows.rows(entry.get("rewards_per_func"));
                Experience experience = experience(
                        options.get("num_generations").asInt(),
                        rewards,
                        PolicyRows.numbers(options.get("reward_weights")));
                Credit credit = grpo(
                                "scale_rewards=" + options.get("scale_rewards").asText(),
                                "multi_objective_aggregation="
                                        + options.get("multi_objective_aggregation")
                                                .asText())
                        .credit(experience, new double[0]);
                assertClose(
                        "advantages",
                        PolicyRows.flat(credit.advantages()),
                        PolicyRows.numbers(entry.get("outputs").get("advantages")),
                        GOLDEN);
                List<Measure> measures = new ArrayList<>(credit.measures());
                List<String> names = IntStream.range(0, rewards.get(0).length)
                        .mapToObj(k -> "f" + k)
                        .toList();
                measures.addAll(RolloutMeasures.ofFunctions(names, experience));
                JsonNode metrics = entry.get("outputs").get("metrics");
                for (var metric : metrics.properties()) {
                    boolean ofBatch = metric.getKey().equals("frac_reward_zero_std")
                            && options.get("scale_rewards").asText().equals("batch"); // of groups here, always
                    if (!ofBatch) {
                        assertClose(
                                metric.getKey(),
                                value(measures, metric.getKey()),
                                metric.getValue().asDouble(),
                                GOLDEN);
                    }
                }
            }));
        }
        assertThat(tests).hasSize(8);
        return tests.stream();
    }

    @Test
    void groupsWithoutADifferenceAreCountedByCause() throws IOException {
        JsonNode vector = PolicyRows.vector("diag-dead-groups");
        List<double[]> rewards = new ArrayList<>();
        JsonNode in = vector.get("inputs");
        for (int g = 0; g < in.get("rewards").size(); g++) {
            for (int i = 0; i < 4; i++) {
                boolean failed = in.get("parser_failed").get(g).get(i).asInt() == 1;
                rewards.add(new double[] {
                    failed ? Double.NaN : in.get("rewards").get(g).get(i).asDouble()
                });
            }
        }
        List<Measure> measures = grpo().credit(experience(4, rewards, new double[] {1}), new double[0])
                .measures();
        JsonNode expected = vector.get("expected");
        assertClose(
                "dead",
                value(measures, "frac_reward_zero_std"),
                expected.get("dead_rate").asDouble(),
                1e-7);
        assertClose(
                "best",
                value(measures, "dead_groups/all_best"),
                expected.get("all_correct").asDouble(),
                1e-7);
        assertClose(
                "parser",
                value(measures, "dead_groups/unparsed"),
                expected.get("parser_caused").asDouble(),
                1e-7);
        assertClose(
                "worst", // there, those that did not parse count as wrong too
                value(measures, "dead_groups/all_worst") + value(measures, "dead_groups/unparsed"),
                expected.get("all_wrong").asDouble(),
                1e-7);
    }

    // ---- the simplified form of the introductory text

    @Test
    void seedStep() throws IOException {
        JsonNode vector = PolicyRows.vector("grpo-seed-step");
        JsonNode in = vector.get("inputs");
        JsonNode expected = vector.get("expected");
        List<double[]> logps = PolicyRows.single(in.get("log_probs"));
        for (String type : List.of("seed", "seed_sum")) {
            Grpo objective = grpo("loss_type=" + type, "beta=" + in.get("beta").asText());
            Credit credit = objective.credit(
                    experience(4, PolicyRows.single(in.get("rewards")), new double[] {1}), new double[0]);
            double[] advantages = PolicyRows.flat(credit.advantages());
            assertClose("advantages", advantages, PolicyRows.numbers(expected.get("advantages")), 1e-9);
            PolicyRows rows = PolicyRows.of(DType.FLOAT64, logps, logps, credit.advantages())
                    .withRef(PolicyRows.single(in.get("ref_log_probs")));
            try (Scope scope = Scope.open()) {
                PolicyBatch batch = rows.batch();
                Loss loss = objective.loss(batch, rows.step(8));
                loss.value().backward();
                double sums = type.equals("seed") ? 1 : 4;
                String name = type.equals("seed") ? "loss" : "loss_sum_form";
                assertClose(type, loss.value().item(), expected.get(name).asDouble(), 1e-9);
                double[] want = Arrays.stream(PolicyRows.numbers(expected.get("grad_log_probs")))
                        .map(g -> g * sums)
                        .toArray();
                assertClose("gradient", batch.logps().grad().toDoubles(), want, 1e-9);
            }
        }
    }

    // ---- properties

    @ParameterizedTest
    @ValueSource(
            strings = {
                "loss_type=grpo beta=0.1",
                "loss_type=dr_grpo beta=0.1 kl_estimator=k2",
                "loss_type=dapo delta=2 beta=0.1 use_bias_correction_kl=true entropy_coef=0.1",
                "loss_type=cispo off_policy_mask_threshold=0.1",
                "loss_type=sapo beta=0.1",
                "loss_type=luspo importance_sampling_level=sequence",
                "loss_type=grpo importance_sampling_level=sequence_token epsilon=0.01",
                "loss_type=vespo beta=0.1",
                "loss_type=seed beta=0.1"
            })
    void extremesStayFiniteAndSplitsAgree(String settings) {
        Grpo objective = grpo(settings.split(" "));
        try (Scope scope = Scope.open()) {
            PolicyRows usual = PolicyRows.random(3, 2, 4, 1, 7, 3);
            usual.assertSplits(objective, usual.step(9), 1e-10);
            for (double spread : new double[] {1e4, 1e-30}) {
                for (DType type : List.of(DType.FLOAT32, DType.FLOAT64)) {
                    PolicyRows random = PolicyRows.random(5, spread, 4, 1, 7, 3);
                    PolicyRows rows = PolicyRows.of(type, random.logps(), random.old(), random.advantages())
                            .withRef(random.ref())
                            .withEntropies(random.entropies());
                    PolicyBatch batch = rows.batch();
                    Loss loss = objective.loss(batch, rows.step(9));
                    loss.value().backward();
                    assertThat(loss.value().item()).isFinite();
                    for (double g : batch.logps().grad().toDoubles()) {
                        assertThat(g).isFinite();
                    }
                    for (Measure measure : loss.measures()) {
                        assertThat(measure.sum()).as(measure.name()).isFinite();
                    }
                }
            }
        }
    }

    @Test
    void paddedNumbersCannotLeakAndSignsAreRight() {
        try (Scope scope = Scope.open()) {
            for (String type : List.of("grpo", "dr_grpo", "dapo", "cispo", "sapo", "vespo", "seed")) {
                PolicyRows base = PolicyRows.random(7, 2, 3, 5);
                PolicyRows rows = PolicyRows.of(
                        DType.FLOAT64,
                        base.logps(),
                        base.logps(),
                        PolicyRows.spread(new double[] {1, -1}, base.logps()));
                PolicyBatch batch = rows.batch();
                grpo("loss_type=" + type).loss(batch, rows.step(8)).value().backward();
                double[] gradient = batch.logps().grad().toDoubles();
                for (int t = 0; t < gradient.length; t++) { // a good completion becomes more probable
                    assertThat(gradient[t] < 0).as(type).isEqualTo(t < 3);
                }
            }
        }
    }

    @Test
    void onlyWholeGroupsAreComparedAndTheirOrderDoesNotMatter() {
        List<double[]> rewards = List.of(1.0, 0.0, 0.5, 0.2, 0.9, 0.7).stream()
                .map(r -> new double[] {r})
                .toList();
        List<double[]> swapped = new ArrayList<>(rewards.subList(3, 6));
        swapped.addAll(rewards.subList(0, 3));
        double[] a = PolicyRows.flat(grpo().credit(experience(3, rewards, new double[] {1}), new double[0])
                .advantages());
        double[] b = PolicyRows.flat(grpo().credit(experience(3, swapped, new double[] {1}), new double[0])
                .advantages());
        for (int i = 0; i < 6; i++) {
            assertThat(b[(i + 3) % 6]).isEqualTo(a[i]);
        }
        assertThatThrownBy(() -> experience(4, rewards, new double[] {1})).hasMessageContaining("whole groups");
    }

    @Test
    void settingsThatDoNothingOrHarmAreRefused() {
        for (String[] refused : new String[][] {
            {"epsilon=0.2 importance_sampling_level=sequence", "0.0003"},
            {"epsilon=0.0003", "importance_sampling_level: sequence"},
            {"loss_type=cispo epsilon_high=5", "ratio_cap: 5.0"},
            {"loss_type=sapo epsilon=0.2", "leave out epsilon"},
            {"ratio_cap=5", "delta"},
            {"loss_type=luspo", "importance_sampling_level: sequence"},
            {"loss_type=vespo importance_sampling_level=sequence", "leave it out"},
            {"kl_in=reward multi_objective_aggregation=normalize_then_sum", "sum_then_normalize"},
            {"kl_in=reward use_bias_correction_kl=true", "kl_in: loss"},
            {"loss_type=seed kl_estimator=k3", "leave out kl_estimator"},
            {"step_mean=true", "supervision: process"}
        }) {
            assertThatThrownBy(() -> grpo(refused[0].split(" "))).as(refused[0]).hasMessageContaining(refused[1]);
        }
        assertThat(grpo("epsilon=0.2", "importance_sampling_level=sequence", "allow_unusual_epsilon=true"))
                .isNotNull();
    }
}
