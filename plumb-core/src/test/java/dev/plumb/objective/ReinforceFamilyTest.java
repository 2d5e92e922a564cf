package dev.plumb.objective;

import static dev.plumb.objective.PolicyRows.assertClose;
import static dev.plumb.objective.PolicyRows.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.plumb.objective.PolicyObjective.Credit;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Scope;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** RLOO, REINFORCE, REINFORCE++ and ReMax against the specification's vectors, TRL's numbers, splits and extremes. */
class ReinforceFamilyTest {
    private static final double GOLDEN = 3e-6;
    private static final double[] NOTHING = new double[0];

    private static Rloo rloo(String... settings) {
        return new Rloo(PolicyRows.config(Rloo.Config.class, List.of(settings)));
    }

    private static ReinforcePlusPlus plusPlus(String... settings) {
        return new ReinforcePlusPlus(PolicyRows.config(ReinforcePlusPlus.Config.class, List.of(settings)));
    }

    private static Experience experience(
            int groupSize, List<double[]> rewards, List<double[]> old, List<double[]> ref, double[] greedy) {
        double[] weights = new double[rewards.get(0).length];
        Arrays.fill(weights, 1);
        return experience(groupSize, rewards, weights, old, ref, greedy);
    }

    private static Experience experience(
            int groupSize,
            List<double[]> rewards,
            double[] weights,
            List<double[]> old,
            List<double[]> ref,
            double[] greedy) {
        boolean[] stopped = new boolean[rewards.size()];
        Arrays.fill(stopped, true);
        return new Experience(groupSize, rewards, weights, old, ref, stopped, List.of(), List.of(), greedy);
    }

    @TestFactory
    Stream<DynamicTest> rlooOfTheSpecification() throws IOException {
        List<JsonNode> known = PolicyRows.vectors("rloo_advantage", "rloo_loss");
        assertThat(known).hasSize(5);
        return known.stream()
                .flatMap(v -> Stream.of(DType.FLOAT64, DType.FLOAT32)
                        .map(type -> DynamicTest.dynamicTest(
                                v.get("name").asText() + " " + type, () -> checkRloo(v, type))));
    }

    private static void checkRloo(JsonNode vector, DType type) {
        JsonNode in = vector.get("inputs");
        JsonNode expected = vector.get("expected");
        String variant = vector.get("variant").asText();
        double bound = type == DType.FLOAT64 ? 1e-9 : 2e-6;
        List<String> settings = new ArrayList<>(List.of("loss_type=" + variant));
        if (in.has("beta")) {
            settings.add("beta=" + in.get("beta").asText());
        }
        if (in.has("clip")) {
            settings.add("epsilon=" + in.get("clip").asText());
        }
        Rloo objective = rloo(settings.toArray(String[]::new));
        boolean tokens = variant.equals("token");
        List<double[]> rewards = PolicyRows.single(in.get("rewards"));
        List<double[]> old = tokens
                ? PolicyRows.rows(in.get("old_logps"), in.get("mask"))
                : in.has("old_seq_logps") ? PolicyRows.single(in.get("old_seq_logps")) : rewards;
        List<double[]> ref = in.has("ref_seq_logps") ? PolicyRows.single(in.get("ref_seq_logps")) : List.of();
        int groupSize = (int) Arrays.stream(PolicyRows.numbers(in.get("groups")))
                .filter(g -> g == 0)
                .count();
        Credit credit = objective.credit(experience(groupSize, rewards, old, ref, NOTHING), NOTHING);
        double[] perRow =
                credit.advantages().stream().mapToDouble(row -> row[0]).toArray();
        assertClose("advantages", perRow, PolicyRows.numbers(expected.get("advantages")), 1e-9);
        if (!expected.has("loss")) {
            return;
        }
        List<double[]> logps = tokens
                ? PolicyRows.rows(in.get("new_logps"), in.get("mask"))
                : PolicyRows.single(in.get("new_seq_logps"));
        double[] gradient = tokens
                ? PolicyRows.flat(PolicyRows.rows(expected.get("grad_new_logps"), in.get("mask")))
                : PolicyRows.numbers(expected.get("grad_new_seq_logps"));
        try (Scope scope = Scope.open()) {
            PolicyRows rows = PolicyRows.of(type, logps, old, credit.advantages());
            PolicyBatch batch = rows.batch();
            Loss loss = objective.loss(batch, rows.step(8));
            loss.value().backward();
            assertClose("loss", loss.value().item(), expected.get("loss").asDouble(), bound);
            assertClose("gradient", batch.logps().grad().toDoubles(), gradient, bound);
            rows.assertSplits(objective, rows.step(8), bound);
        }
    }

    @TestFactory
    Stream<DynamicTest> rlooAdvantagesOfTrl() throws IOException {
        JsonNode golden = PolicyRows.read("/goldens/losses/rloo_advantages.json");
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode entry : golden.get("cases")) {
            tests.add(DynamicTest.dynamicTest(entry.get("name").asText() + " " + tests.size(), () -> {
                JsonNode options = entry.get("options");
                List<String> settings =
                        new ArrayList<>(List.of("beta=" + options.get("beta").asText()));
                settings.add("normalize_advantages="
                        + options.path("normalize_advantages").asBoolean(false));
                if (options.has("reward_clip_range")) {
                    settings.add("reward_clip_range=" + options.get("reward_clip_range"));
                }
                List<double[]> old = new ArrayList<>();
                List<double[]> ref = new ArrayList<>();
                for (int i = 0; i < entry.get("completion_lengths").size(); i++) {
                    int length = entry.get("completion_lengths").get(i).asInt();
                    old.add(Arrays.copyOf(
                            PolicyRows.rows(golden.at("/inputs/old_token_logps"))
                                    .get(i),
                            length));
                    ref.add(Arrays.copyOf(
                            PolicyRows.rows(golden.at("/inputs/ref_token_logps"))
                                    .get(i),
                            length));
                }
                List<double[]> rewards = PolicyRows.rows(entry.get("rewards_per_func"));
                double[] weights = new double[rewards.get(0).length];
                Arrays.fill(weights, 1);
                if (options.has("reward_weights")) {
                    weights = PolicyRows.numbers(options.get("reward_weights"));
                }
                Experience experience =
                        experience(options.get("num_generations").asInt(), rewards, weights, old, ref, NOTHING);
                Credit credit = rloo(settings.toArray(String[]::new)).credit(experience, NOTHING);
                assertClose(
                        "advantages",
                        credit.advantages().stream().mapToDouble(row -> row[0]).toArray(),
                        PolicyRows.numbers(entry.at("/outputs/advantages")),
                        GOLDEN);
                List<Measure> measures = new ArrayList<>(credit.measures());
                measures.addAll(RolloutMeasures.ofFunctions(
                        IntStream.range(0, weights.length)
                                .mapToObj(k -> "f" + k)
                                .toList(),
                        experience));
                for (var metric : entry.at("/outputs/metrics").properties()) {
                    String name = metric.getKey().equals("kl") ? "kl_k1" : metric.getKey(); // kl is k3 here
                    assertClose(name, value(measures, name), metric.getValue().asDouble(), GOLDEN);
                }
            }));
        }
        assertThat(tests).hasSize(6);
        return tests.stream();
    }

    @TestFactory
    Stream<DynamicTest> rlooLossesOfTrl() throws IOException {
        JsonNode golden = PolicyRows.read("/goldens/losses/rloo_loss.json");
        JsonNode in = golden.get("inputs");
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode entry : golden.get("cases")) {
            tests.add(DynamicTest.dynamicTest(entry.get("name").asText(), () -> {
                Rloo objective = rloo(
                        "loss_type=ratio",
                        "epsilon=" + entry.at("/options/epsilon").asText(),
                        "epsilon_high=" + entry.at("/options/epsilon_high").asText());
                JsonNode mask = in.get("completion_mask");
                List<double[]> logps = PolicyRows.rows(in.get("policy_token_logps"), mask);
                double[] oldSums = PolicyRows.numbers(in.get("old_logps"));
                List<double[]> old = new ArrayList<>(); // of which only sums are given
                for (int i = 0; i < oldSums.length; i++) {
                    double[] row = new double[logps.get(i).length];
                    Arrays.fill(row, oldSums[i] / row.length);
                    old.add(row);
                }
                double[] advantages = PolicyRows.numbers(in.get("advantages"));
                PolicyRows rows = PolicyRows.of(DType.FLOAT64, logps, old, PolicyRows.spread(advantages, logps));
                try (Scope scope = Scope.open()) {
                    PolicyBatch batch = rows.batch();
                    Loss loss = objective.loss(batch, rows.step(8));
                    loss.value().backward();
                    assertClose(
                            "loss",
                            loss.value().item(),
                            entry.at("/outputs/loss").asDouble(),
                            GOLDEN);
                    assertClose(
                            "gradient",
                            batch.logps().grad().toDoubles(),
                            PolicyRows.flat(PolicyRows.rows(entry.at("/grads/policy_token_logps"), mask)),
                            GOLDEN);
                    for (var metric : entry.at("/outputs/metrics").properties()) {
                        if (!metric.getKey().equals("entropy")) { // the loop's
                            assertClose(
                                    metric.getKey(),
                                    value(loss.measures(), metric.getKey()),
                                    metric.getValue().asDouble(),
                                    GOLDEN);
                        }
                    }
                    rows.assertSplits(objective, rows.step(8), 1e-12);
                }
            }));
        }
        assertThat(tests).hasSize(2);
        return tests.stream();
    }

    @Test
    void aMovingBaselineIsRemembered() throws IOException {
        JsonNode vector = PolicyRows.vector("reinforce-moving-baseline");
        JsonNode in = vector.get("inputs");
        Reinforce objective = new Reinforce(PolicyRows.config(
                Reinforce.Config.class,
                List.of("baseline_rate=" + in.get("rate").asText())));
        double[] memory = objective.start();
        for (int k = 0; k < in.get("reward_batches").size(); k++) {
            List<double[]> rewards = PolicyRows.single(in.get("reward_batches").get(k));
            Credit credit = objective.credit(experience(1, rewards, rewards, List.of(), NOTHING), memory);
            memory = credit.memory();
            assertClose(
                    "advantages",
                    PolicyRows.flat(credit.advantages()),
                    PolicyRows.numbers(vector.at("/expected/advantages").get(k)),
                    1e-9);
        }
        assertClose("baseline", memory[0], vector.at("/expected/final_baseline").asDouble(), 1e-9);
        List<double[]> lost = List.of(new double[] {Double.NaN});
        Credit nothing = objective.credit(experience(1, lost, List.of(new double[] {-1}), List.of(), NOTHING), memory);
        assertThat(nothing.memory()).isEqualTo(memory);
        assertThat(nothing.advantages().get(0)).containsExactly(0);
    }

    @Test
    void plusPlusOfTheSpecification() throws IOException {
        JsonNode vector = PolicyRows.vector("reinforce-plus-plus");
        JsonNode in = vector.get("inputs");
        JsonNode mask = in.get("mask");
        Experience experience = experience(
                1,
                PolicyRows.single(in.get("scores")),
                PolicyRows.rows(in.get("old_logps"), mask),
                PolicyRows.rows(in.get("ref_logps"), mask),
                NOTHING);
        Credit credit = plusPlus(
                        "beta=" + in.get("beta").asText(),
                        "gamma=" + in.get("gamma").asText())
                .credit(experience, NOTHING);
        assertClose(
                "advantages",
                PolicyRows.flat(credit.advantages()),
                PolicyRows.flat(PolicyRows.rows(vector.at("/expected/advantages"), mask)),
                1e-9);
        List<double[]> rewards =
                TokenRewards.shaped(experience, PolicyRows.numbers(in.get("scores")), 0.1, KlEstimator.K1);
        assertClose(
                "returns",
                PolicyRows.flat(
                        rewards.stream().map(row -> TokenRewards.toGo(row, 1)).toList()),
                PolicyRows.flat(PolicyRows.rows(vector.at("/expected/returns"), mask)),
                1e-9);
    }

    @Test
    void plusPlusWithABaseline() throws IOException {
        JsonNode vector = PolicyRows.vector("reinforce-plus-plus-baseline");
        JsonNode in = vector.get("inputs");
        JsonNode mask = in.get("mask");
        List<double[]> tokens = PolicyRows.rows(mask, mask);
        Credit credit = plusPlus("variant=baseline")
                .credit(experience(3, PolicyRows.single(in.get("rewards")), tokens, List.of(), NOTHING), NOTHING);
        assertClose(
                "advantages",
                PolicyRows.flat(credit.advantages()),
                PolicyRows.flat(PolicyRows.rows(vector.at("/expected/advantages"), mask)),
                1e-9);
        assertThatThrownBy(() -> plusPlus("variant=baseline", "kl_estimator=k1"))
                .hasMessageContaining("k2 or k3");
        assertThatThrownBy(() -> plusPlus("variant=baseline", "gamma=0.9")).hasMessageContaining("variant: paper");
    }

    @Test
    void plusPlusClipsAsPpoAndHoldsByK2() throws IOException {
        JsonNode vector = PolicyRows.vector("ppo-policy-loss-clip"); // the same term
        JsonNode in = vector.get("inputs");
        JsonNode mask = in.get("mask");
        PolicyRows rows = PolicyRows.of(
                        DType.FLOAT64,
                        PolicyRows.rows(in.get("new_logps"), mask),
                        PolicyRows.rows(in.get("old_logps"), mask),
                        PolicyRows.rows(in.get("advantages"), mask))
                .withRef(PolicyRows.rows(in.get("old_logps"), mask));
        try (Scope scope = Scope.open()) {
            double clipped = plusPlus().loss(rows.batch(), rows.step(8)).value().item();
            assertClose("loss", clipped, vector.at("/expected/loss").asDouble(), 1e-9);
            double held = plusPlus("variant=baseline", "beta=0.5")
                    .loss(rows.batch(), rows.step(8))
                    .value()
                    .item();
            double k2 = vector.at("/expected/approxkl_k2").asDouble();
            assertClose("with k2", held, clipped + 0.5 * k2, 1e-9);
            rows.assertSplits(plusPlus("variant=baseline", "beta=0.5"), rows.step(8), 1e-10);
        }
    }

    @Test
    void reMaxComparesWithTheMostProbable() throws IOException {
        JsonNode vector = PolicyRows.vector("remax-advantage");
        JsonNode in = vector.get("inputs");
        ReMax objective = new ReMax(PolicyRows.config(ReMax.Config.class, List.of("beta=0")));
        List<double[]> rewards = PolicyRows.single(in.get("rewards"));
        Credit credit = objective.credit(
                experience(1, rewards, rewards, List.of(), PolicyRows.numbers(in.get("greedy_rewards"))), NOTHING);
        assertClose(
                "advantages",
                PolicyRows.flat(credit.advantages()),
                PolicyRows.numbers(vector.at("/expected/advantages")),
                1e-9);
        assertThat(objective.needsGreedy()).isTrue();
    }

    @Test
    void policyGradientsOfSequencesAndTokens() {
        PolicyRows rows = PolicyRows.random(3, 2, 4, 1, 3);
        double[] advantages = PolicyRows.flat(rows.advantages());
        try (Scope scope = Scope.open()) {
            for (String reduction : List.of("token_mean", "sequence")) {
                Reinforce objective =
                        new Reinforce(PolicyRows.config(Reinforce.Config.class, List.of("reduction=" + reduction)));
                PolicyBatch batch = rows.batch();
                objective.loss(batch, rows.step(8)).value().backward();
                double count = reduction.equals("sequence") ? 3 : 8;
                double[] want = Arrays.stream(advantages).map(a -> -a / count).toArray();
                assertClose(reduction, batch.logps().grad().toDoubles(), want, 1e-12);
                rows.assertSplits(objective, rows.step(8), 1e-12);
            }
            ReMax reMax = new ReMax(new ReMax.Config(0.1));
            PolicyBatch batch = rows.batch();
            reMax.loss(batch, rows.step(8)).value().backward();
            double[] want = Arrays.stream(advantages).map(a -> -a / 3).toArray();
            assertClose("remax", batch.logps().grad().toDoubles(), want, 1e-12);
        }
    }

    @Test
    void extremesStayFinite() {
        List<PolicyObjective> objectives = List.of(
                rloo(),
                rloo("loss_type=ratio"),
                rloo("loss_type=token"),
                plusPlus(),
                plusPlus("variant=baseline"),
                new ReMax(new ReMax.Config(0.1)),
                new Reinforce(new Reinforce.Config(0.1, 0.1, Reinforce.Reduction.TOKEN_MEAN)));
        for (double spread : new double[] {1e4, 1e-30}) {
            for (PolicyObjective objective : objectives) {
                PolicyRows random = PolicyRows.random(11, spread, 4, 1, 7, 3);
                double[] rewards = {spread, -spread, Double.NaN, spread};
                Experience experience = experience(
                        2,
                        Arrays.stream(rewards).mapToObj(r -> new double[] {r}).toList(),
                        random.old(),
                        random.ref(),
                        new double[] {spread, 0});
                Credit credit = objective.credit(experience, objective.start());
                for (double a : PolicyRows.flat(credit.advantages())) {
                    assertThat(a).isFinite();
                }
                assertThat(value(credit.measures(), "unscorable_frac")).isEqualTo(0.25);
                assertThat(credit.advantages().get(2)).containsOnly(0);
                try (Scope scope = Scope.open()) {
                    PolicyRows rows = random.withAdvantages(credit.advantages());
                    PolicyBatch batch = rows.batch();
                    Loss loss = objective.loss(batch, rows.step(9));
                    loss.value().backward();
                    assertThat(loss.value().item()).isFinite();
                    for (double g : batch.logps().grad().toDoubles()) {
                        assertThat(g).isFinite();
                    }
                }
            }
        }
    }

    @Test
    void settingsOfRlooThatHarmAreRefused() {
        assertThatThrownBy(() -> rloo("loss_type=seed", "beta=0.1")).hasMessageContaining("loss_type: paper");
        assertThatThrownBy(() -> rloo("reward_clip_range=[1]")).hasMessageContaining("[-10, 10]");
        assertThat(rloo().onPolicyOnly()).isTrue();
        assertThat(rloo("loss_type=token").onPolicyOnly()).isFalse();
    }
}
