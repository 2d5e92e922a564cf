package dev.plumb.objective;

import static dev.plumb.objective.PolicyRows.assertClose;
import static dev.plumb.objective.PolicyRows.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.plumb.objective.Experience.Steps;
import dev.plumb.objective.PolicyObjective.Credit;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** PPO against the specification's vectors, TRL's numbers, splits and extremes. */
class PpoTest {
    private static final double GOLDEN = 3e-6;
    private static final double EXACT = 1e-9;

    private static Ppo ppo(String... settings) {
        return new Ppo(PolicyRows.config(PpoConfig.class, List.of(settings)));
    }

    private static Experience experience(
            double[] scores,
            boolean[] stopped,
            List<double[]> old,
            List<double[]> ref,
            List<double[]> values,
            List<Steps> steps) {
        return new Experience(
                1,
                Arrays.stream(scores).mapToObj(s -> new double[] {s}).toList(),
                new double[] {1},
                old,
                ref,
                stopped,
                List.of(),
                values,
                new double[0],
                new double[0],
                steps);
    }

    private static boolean[] all(int n) {
        boolean[] out = new boolean[n];
        Arrays.fill(out, true);
        return out;
    }

    private static List<double[]> zeros(List<double[]> like) {
        return like.stream().map(row -> new double[row.length]).toList();
    }

    private static double[] unpadded(JsonNode rows, JsonNode mask) {
        return PolicyRows.flat(PolicyRows.rows(rows, mask));
    }

    @Test
    void everyVectorIsUsed() throws IOException {
        assertThat(PolicyRows.vectors("ppo").stream().map(v -> v.get("name").asText()))
                .containsExactlyInAnyOrder(
                        "ppo-shaped-rewards",
                        "ppo-gae-basic",
                        "ppo-gae-discounted-padded",
                        "ppo-gae-tool-tokens",
                        "ppo-whiten",
                        "ppo-policy-loss-clip",
                        "ppo-policy-loss-dual-clip",
                        "ppo-policy-loss-asymmetric",
                        "ppo-value-loss-clip",
                        "ppo-adaptive-kl-controller",
                        "ppo-explained-variance",
                        "ppo-early-stop",
                        "ppo-full-step",
                        "ppo-seed-step");
    }

    @Test
    void shapedRewards() throws IOException {
        JsonNode vector = PolicyRows.vector("ppo-shaped-rewards");
        JsonNode in = vector.get("inputs");
        JsonNode expected = vector.get("expected");
        JsonNode mask = in.get("mask");
        boolean[] stopped = new boolean[3];
        for (int i = 0; i < 3; i++) {
            stopped[i] = in.get("has_eos").get(i).asInt() == 1;
        }
        List<double[]> old = PolicyRows.rows(in.get("old_logps"), mask);
        Experience experience = experience(
                PolicyRows.numbers(in.get("scores")),
                stopped,
                old,
                PolicyRows.rows(in.get("ref_logps"), mask),
                zeros(old),
                List.of());
        double beta = in.get("beta").asDouble();
        Ppo objective = ppo(
                "kl_coef=" + beta,
                "reward_clip=" + in.get("reward_clip").asText(),
                "missing_eos_penalty=" + in.get("missing_eos_penalty").asText(),
                "gamma=0"); // with values of 0, returns are the rewards
        Credit credit = objective.credit(experience, objective.start());
        assertClose("rewards", PolicyRows.flat(credit.returns()), unpadded(expected.get("token_rewards"), mask), EXACT);
        List<Measure> measures = credit.measures();
        assertClose(
                "kl",
                value(measures, "objective/kl"),
                expected.get("objective_kl").asDouble(),
                EXACT);
        double penalty = expected.get("objective_non_score_reward").asDouble();
        assertClose("penalty", value(measures, "objective/non_score_reward"), penalty, EXACT);
        double total = expected.get("objective_rlhf_reward").asDouble();
        assertClose("total", value(measures, "objective/rlhf_reward"), total, EXACT);
        double adjusted = Arrays.stream(PolicyRows.numbers(expected.get("adjusted_scores")))
                .average()
                .orElseThrow();
        assertClose("scores", value(measures, "objective/scores"), adjusted, EXACT);
    }

    @Test
    void cutAnswersByTheOtherRules() {
        List<double[]> one = List.of(new double[] {-1});
        for (String[] rule :
                new String[][] {{"replace", "-2", "-2"}, {"scale", "0.5", "1.5"}, {"subtract", "1", "2"}}) {
            Ppo objective = ppo("missing_eos_rule=" + rule[0], "missing_eos_penalty=" + rule[1]);
            Credit credit = objective.credit(
                    experience(new double[] {3}, new boolean[1], one, one, zeros(one), List.of()), objective.start());
            assertThat(value(credit.measures(), "objective/scores")).isEqualTo(Double.parseDouble(rule[2]));
        }
    }

    @Test
    void generalisedAdvantages() throws IOException {
        for (String name : List.of("ppo-gae-basic", "ppo-gae-discounted-padded", "ppo-gae-tool-tokens")) {
            JsonNode vector = PolicyRows.vector(name);
            JsonNode in = vector.get("inputs");
            JsonNode mask = in.get("mask");
            List<double[]> rewards = PolicyRows.rows(in.get("rewards"), mask);
            List<double[]> values = PolicyRows.rows(in.get("values"), mask);
            List<double[]> advantages = new ArrayList<>();
            for (int i = 0; i < rewards.size(); i++) {
                advantages.add(TokenRewards.advantages(
                        rewards.get(i),
                        values.get(i),
                        0,
                        in.get("gamma").asDouble(),
                        in.get("lam").asDouble()));
            }
            assertClose(name, PolicyRows.flat(advantages), unpadded(vector.at("/expected/advantages"), mask), EXACT);
            double[] returns = PolicyRows.flat(advantages);
            double[] flat = PolicyRows.flat(values);
            for (int t = 0; t < returns.length; t++) {
                returns[t] += flat[t];
            }
            assertClose(name, returns, unpadded(vector.at("/expected/returns"), mask), EXACT);
        }
    }

    @Test
    void whereACompletionWasCutOffTheValueThereStandsForWhatWouldHaveCome() {
        List<double[]> logps = List.of(new double[] {-1, -1}, new double[] {-1, -1});
        List<double[]> values = List.of(new double[] {0.5, 0.4}, new double[] {0.5, 0.4});
        Experience experience = new Experience(
                1,
                List.of(new double[] {1}, new double[] {1}),
                new double[] {1},
                logps,
                logps,
                new boolean[] {true, false},
                List.of(),
                values,
                new double[0],
                new double[] {0, 2},
                List.of());
        Ppo objective = ppo("gamma=0.9", "lam=0.8", "bootstrap_truncated=true");
        List<double[]> returns = objective.credit(experience, objective.start()).returns();
        // δ = (0.9 · 0.4 − 0.5, 1 − 0.4), and for the one that was cut off 1 + 0.9 · 2 − 0.4 at the last
        assertClose("ended", returns.get(0), new double[] {0.5 - 0.14 + 0.72 * 0.6, 0.4 + 0.6}, EXACT);
        assertClose("cut off", returns.get(1), new double[] {0.5 - 0.14 + 0.72 * 2.4, 0.4 + 2.4}, EXACT);
        assertThat(ppo().credit(experience, ppo().start()).returns().get(1)).containsExactly(0.5 - 0.1 + 0.95 * 0.6, 1);
    }

    @Test
    void atTheBoundOfABadTokensLossItsGradientIsStillWhole() {
        List<double[]> old = List.of(new double[] {0, 0, 0});
        double log = Math.log(3);
        PolicyRows rows = PolicyRows.of(
                        DType.FLOAT64, List.of(new double[] {log, log + 1e-9, log - 1e-9}), old, List.of(new double[] {
                            -1, -1, -1
                        }))
                .withCritic(old, old, old);
        try (Scope scope = Scope.open()) {
            PolicyBatch batch = rows.batch();
            Ppo bounded = ppo("dual_clip=" + Math.exp(log));
            bounded.loss(batch, rows.step(8)).value().backward();
            assertClose("gradient", batch.logps().grad().toDoubles(), new double[] {1, 0, 1}, 1e-8);
        }
    }

    @Test
    void whitening() throws IOException {
        JsonNode vector = PolicyRows.vector("ppo-whiten");
        JsonNode mask = vector.at("/inputs/mask");
        List<double[]> x = PolicyRows.rows(vector.at("/inputs/x"), mask);
        JsonNode expected = vector.get("expected");
        assertClose(
                "whitened",
                PolicyRows.flat(Moments.whitened(x, false)),
                unpadded(expected.get("whitened"), mask),
                EXACT);
        assertClose(
                "scaled",
                PolicyRows.flat(Moments.whitened(x, true)),
                unpadded(expected.get("scaled_keep_mean"), mask),
                EXACT);
        Moments moments = Moments.of(x);
        assertClose("mean", moments.mean(), expected.get("mean").asDouble(), EXACT);
        double variance = moments.variance(StandardDeviation.SAMPLE);
        assertClose("variance", variance, expected.get("var_sample").asDouble(), EXACT);
        assertThat(Moments.whitened(List.of(new double[] {5}), false).get(0)).containsExactly(0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ppo-policy-loss-clip", "ppo-policy-loss-dual-clip", "ppo-policy-loss-asymmetric"})
    void policyLoss(String name) throws IOException {
        JsonNode vector = PolicyRows.vector(name);
        JsonNode in = vector.get("inputs");
        JsonNode expected = vector.get("expected");
        JsonNode mask = in.get("mask");
        List<String> settings = new ArrayList<>(List.of(
                "cliprange=" + in.get("clip_low").asText(),
                "cliprange_high=" + in.get("clip_high").asText()));
        if (in.has("dual_clip")) {
            settings.add("dual_clip=" + in.get("dual_clip").asText());
        }
        Ppo objective = ppo(settings.toArray(String[]::new));
        for (DType type : List.of(DType.FLOAT64, DType.FLOAT32)) {
            double bound = type == DType.FLOAT64 ? EXACT : 2e-6;
            List<double[]> old = PolicyRows.rows(in.get("old_logps"), mask);
            PolicyRows rows = PolicyRows.of(
                            type,
                            PolicyRows.rows(in.get("new_logps"), mask),
                            old,
                            PolicyRows.rows(in.get("advantages"), mask))
                    .withCritic(zeros(old), zeros(old), zeros(old));
            try (Scope scope = Scope.open()) {
                PolicyBatch batch = rows.batch();
                Loss loss = objective.loss(batch, rows.step(8));
                loss.value().backward();
                assertClose("loss", loss.value().item(), expected.get("loss").asDouble(), bound);
                assertClose(
                        "gradient",
                        batch.logps().grad().toDoubles(),
                        unpadded(expected.get("grad_new_logps"), mask),
                        bound);
                for (String[] names : new String[][] {
                    {"clipfrac", "policy/clipfrac_avg"},
                    {"ratio_mean", "val/ratio"},
                    {"approxkl_k1", "policy/approxkl_k1"},
                    {"approxkl_k2", "policy/approxkl_avg"},
                    {"approxkl_k3", "policy/approxkl_k3"},
                    {"clipfrac_dual", "policy/clipfrac_dual"}
                }) {
                    if (expected.has(names[0])) {
                        double want = expected.get(names[0]).asDouble();
                        assertClose(names[0], value(loss.measures(), names[1]), want, bound);
                    }
                }
                rows.assertSplits(objective, rows.step(8), bound);
            }
        }
    }

    @Test
    void valueLoss() throws IOException {
        JsonNode vector = PolicyRows.vector("ppo-value-loss-clip");
        JsonNode in = vector.get("inputs");
        JsonNode expected = vector.get("expected");
        JsonNode mask = in.get("mask");
        List<double[]> old = PolicyRows.rows(in.get("old_values"), mask);
        PolicyRows rows = PolicyRows.of(DType.FLOAT64, old, old, zeros(old))
                .withCritic(PolicyRows.rows(in.get("new_values"), mask), old, PolicyRows.rows(in.get("returns"), mask));
        try (Scope scope = Scope.open()) {
            PolicyBatch batch = rows.batch();
            Loss loss = ppo(
                            "vf_coef=1",
                            "cliprange_value=" + in.get("clip_value").asText())
                    .loss(batch, rows.step(8));
            loss.value().backward();
            assertClose("loss", loss.value().item(), expected.get("loss").asDouble(), EXACT);
            assertClose(
                    "gradient",
                    batch.critic().orElseThrow().values().grad().toDoubles(),
                    unpadded(expected.get("grad_new_values"), mask),
                    EXACT);
            double clipped = expected.get("clipfrac").asDouble();
            assertClose("clipfrac", value(loss.measures(), "val/clipfrac_avg"), clipped, EXACT);

            PolicyBatch unbounded = rows.batch();
            ppo("vf_coef=1", "cliprange_value=0")
                    .loss(unbounded, rows.step(8))
                    .value()
                    .backward();
            double[] gradient = unbounded.critic().orElseThrow().values().grad().toDoubles();
            assertClose("plain", gradient[0], (0.9 - 1) / 5, EXACT);
        }
    }

    @Test
    void theKlCoefficientAdapts() throws IOException {
        JsonNode vector = PolicyRows.vector("ppo-adaptive-kl-controller");
        JsonNode in = vector.get("inputs");
        Ppo objective = ppo(
                "kl_controller=adaptive",
                "kl_coef=" + in.get("init").asText(),
                "kl_target=" + in.get("target").asText(),
                "kl_horizon=" + in.get("horizon").asText());
        double beta = objective.start()[0];
        for (int k = 0; k < in.get("observed_kl").size(); k++) {
            beta = objective.adapted(
                    beta,
                    in.get("observed_kl").get(k).asDouble(),
                    in.get("n_steps").asInt());
            assertClose("beta", beta, vector.at("/expected/coefficients").get(k).asDouble(), 1e-8);
        }
        List<double[]> old = List.of(new double[] {-1, -1});
        List<double[]> ref = List.of(new double[] {-11, -11}); // 20 nats, more than the target
        Credit credit = objective.credit(
                experience(new double[] {1}, all(1), old, ref, zeros(old), List.of()), new double[] {0.3});
        assertThat(credit.memory()[0]).isEqualTo(0.3 * (1 + 0.2 / 10000));
        assertThat(value(credit.measures(), "kl_coef")).isEqualTo(0.3);
        Ppo fixed = ppo();
        assertThat(fixed.credit(experience(new double[] {1}, all(1), old, ref, zeros(old), List.of()), fixed.start())
                        .memory())
                .containsExactly(0.05);
    }

    @Test
    void whatTheCriticForesaw() throws IOException {
        JsonNode vector = PolicyRows.vector("ppo-explained-variance");
        JsonNode in = vector.get("inputs");
        List<double[]> values = PolicyRows.rows(in.get("values"), in.get("mask"));
        List<double[]> returns = PolicyRows.rows(in.get("returns"), in.get("mask"));
        List<double[]> errors = new ArrayList<>();
        for (int i = 0; i < values.size(); i++) {
            double[] row = returns.get(i).clone();
            for (int t = 0; t < row.length; t++) {
                row[t] -= values.get(i)[t];
            }
            errors.add(row);
        }
        List<Measure> measures = Ppo.foresight(errors, returns);
        double explained = vector.at("/expected/explained_variance").asDouble();
        assertClose("explained", value(measures, "val/explained_variance"), explained, EXACT);
        assertClose(
                "bias",
                value(measures, "val/bias"),
                vector.at("/expected/value_bias").asDouble(),
                EXACT);
        assertThat(Ppo.foresight(List.of(new double[] {1}), List.of(new double[] {2})))
                .extracting(Measure::name)
                .containsExactly("val/bias");
    }

    @Test
    void aRolloutIsLeftWhenThePolicyHasGoneFar() throws IOException {
        JsonNode vector = PolicyRows.vector("ppo-early-stop");
        Ppo objective = ppo("target_kl=" + vector.at("/inputs/target_kl").asText());
        int applied = 0;
        for (JsonNode drift : vector.at("/inputs/approx_kl_k3")) {
            if (objective.stopsAt(drift.asDouble())) {
                break;
            }
            applied++;
        }
        assertThat(applied).isEqualTo(vector.at("/expected/minibatches_applied").asInt());
        assertThat(ppo().stopsAt(1e9)).isFalse();
    }

    @Test
    void fullStep() throws IOException {
        JsonNode vector = PolicyRows.vector("ppo-full-step");
        JsonNode in = vector.get("inputs");
        JsonNode expected = vector.get("expected");
        JsonNode mask = in.get("mask");
        Ppo objective = ppo(
                "kl_coef=" + in.get("beta").asText(),
                "gamma=" + in.get("gamma").asText(),
                "lam=" + in.get("lam").asText(),
                "cliprange=" + in.get("clip_low").asText(),
                "cliprange_value=" + in.get("clip_value").asText(),
                "vf_coef=" + in.get("vf_coef").asText(),
                "entropy_coef=" + in.get("entropy_coef").asText());
        List<double[]> old = PolicyRows.rows(in.get("old_logps"), mask);
        List<double[]> oldValues = PolicyRows.rows(in.get("old_values"), mask);
        Credit credit = objective.credit(
                experience(
                        PolicyRows.numbers(in.get("scores")),
                        all(2),
                        old,
                        PolicyRows.rows(in.get("ref_logps"), mask),
                        oldValues,
                        List.of()),
                objective.start());
        assertClose(
                "advantages",
                PolicyRows.flat(credit.advantages()),
                unpadded(expected.get("whitened_advantages"), mask),
                EXACT);
        assertClose("returns", PolicyRows.flat(credit.returns()), unpadded(expected.get("returns"), mask), EXACT);
        for (DType type : List.of(DType.FLOAT64, DType.FLOAT32)) {
            double bound = type == DType.FLOAT64 ? EXACT : 2e-6;
            PolicyRows rows = PolicyRows.of(type, PolicyRows.rows(in.get("new_logps"), mask), old, credit.advantages())
                    .withEntropies(PolicyRows.rows(in.get("entropies"), mask))
                    .withCritic(PolicyRows.rows(in.get("new_values"), mask), oldValues, credit.returns());
            try (Scope scope = Scope.open()) {
                PolicyBatch batch = rows.batch();
                Loss loss = objective.loss(batch, rows.step(8));
                loss.value().backward();
                assertClose(
                        "loss",
                        loss.value().item() + ofText(in, expected, type, bound),
                        expected.get("loss").asDouble(),
                        bound);
                List<Measure> measures = loss.measures();
                double policy = expected.get("policy_loss").asDouble();
                assertClose("policy", value(measures, "loss/policy_avg"), policy, bound);
                assertClose(
                        "value",
                        value(measures, "loss/value_avg"),
                        expected.get("value_loss").asDouble(),
                        bound);
                double entropy = expected.get("entropy").asDouble();
                assertClose("entropy", value(measures, "policy/entropy_avg"), entropy, bound);
                assertClose(
                        "gradient",
                        batch.logps().grad().toDoubles(),
                        unpadded(expected.get("grad_new_logps"), mask),
                        bound);
                assertClose(
                        "gradient of values",
                        batch.critic().orElseThrow().values().grad().toDoubles(),
                        unpadded(expected.get("grad_new_values"), mask),
                        bound);
                for (double g : batch.entropies().grad().toDoubles()) {
                    assertClose("gradient of entropies", g, -0.01 / 5, bound);
                }
                rows.assertSplits(objective, rows.step(8), bound);
            }
        }
    }

    /** The term of the text, whole and in two parts; gives its loss. */
    private static double ofText(JsonNode in, JsonNode expected, DType type, double bound) {
        List<double[]> logps = PolicyRows.rows(in.get("ptx_logps"), in.get("ptx_mask"));
        Ptx objective = new Ptx(in.get("ptx_coef").asDouble());
        SequenceObjective.Step step = new SequenceObjective.Step(2, 3);
        double loss = 0;
        double nll = 0;
        List<Double> gradients = new ArrayList<>();
        for (double[] row : logps) {
            Tensor one = Tensor.of(row, Device.CPU).to(type).requiresGrad(true);
            Tensor sequence = Tensor.of(new int[row.length], Device.CPU);
            Tensor lengths = Tensor.of(new int[] {row.length}, Device.CPU).to(type);
            Loss share = objective.loss(new SequenceBatch(1, one, sequence, lengths), step);
            share.value().backward();
            loss += share.value().item();
            nll += share.measures().get(0).sum();
            assertThat(share.measures().get(0).count()).isEqualTo(row.length);
            double[] gradient = one.grad().toDoubles();
            double[] known = objective
                    .knownGradient(sequence, lengths, step)
                    .orElseThrow()
                    .toDoubles();
            assertClose("known beforehand", known, gradient, bound);
            Arrays.stream(gradient).forEach(gradients::add);
        }
        double[] all = gradients.stream().mapToDouble(g -> g).toArray();
        assertClose("gradient of text", all, unpadded(expected.get("grad_ptx_logps"), in.get("ptx_mask")), bound);
        assertClose("loss of text", nll / 3, expected.get("ptx_loss").asDouble(), bound);
        return loss;
    }

    @Test
    void seedStep() throws IOException {
        JsonNode vector = PolicyRows.vector("ppo-seed-step");
        JsonNode in = vector.get("inputs");
        JsonNode expected = vector.get("expected");
        Ppo objective = ppo(
                "variant=seed",
                "kl_coef=" + in.get("beta").asText(),
                "cliprange=" + in.get("epsilon").asText(),
                "vf_coef=" + in.get("value_coef").asText());
        // each completion in two tokens, as only sums and the value of the first are to count
        List<double[]> old = halves(in.get("log_probs"));
        List<double[]> values = firsts(in.get("values"));
        Credit credit = objective.credit(
                experience(
                        PolicyRows.numbers(in.get("rewards")),
                        all(3),
                        old,
                        halves(in.get("ref_log_probs")),
                        values,
                        List.of()),
                objective.start());
        double[] advantages =
                credit.advantages().stream().mapToDouble(row -> row[1]).toArray();
        assertClose("advantages", advantages, PolicyRows.numbers(expected.get("advantages")), EXACT);
        double[] returns = credit.returns().stream().mapToDouble(row -> row[0]).toArray();
        assertClose("returns", returns, PolicyRows.numbers(expected.get("modified_rewards")), EXACT);
        PolicyRows rows = PolicyRows.of(DType.FLOAT64, halves(in.get("new_log_probs")), old, credit.advantages())
                .withCritic(firsts(in.get("new_values")), values, credit.returns());
        try (Scope scope = Scope.open()) {
            PolicyBatch batch = rows.batch();
            Loss loss = objective.loss(batch, rows.step(8));
            loss.value().backward();
            assertClose("loss", loss.value().item(), expected.get("loss").asDouble(), EXACT);
            double policy = expected.get("policy_loss").asDouble();
            assertClose("policy", value(loss.measures(), "loss/policy_avg"), policy, EXACT);
            double error = expected.get("value_loss").asDouble();
            assertClose("value", value(loss.measures(), "loss/value_avg"), error, EXACT);
            double[] gradient = batch.logps().grad().toDoubles();
            double[] ofValues = batch.critic().orElseThrow().values().grad().toDoubles();
            for (int i = 0; i < 3; i++) {
                double want = expected.get("grad_new_log_probs").get(i).asDouble();
                assertClose("gradient", gradient[2 * i], want, EXACT);
                assertClose("gradient", gradient[2 * i + 1], want, EXACT);
                double wanted = expected.get("grad_new_values").get(i).asDouble();
                assertClose("gradient of values", ofValues[2 * i], wanted, EXACT);
                assertThat(ofValues[2 * i + 1]).isZero();
            }
            rows.assertSplits(objective, rows.step(8), EXACT);
        }
    }

    private static List<double[]> halves(JsonNode sums) {
        return Arrays.stream(PolicyRows.numbers(sums))
                .mapToObj(s -> new double[] {s / 2, s / 2})
                .toList();
    }

    private static List<double[]> firsts(JsonNode values) {
        return Arrays.stream(PolicyRows.numbers(values))
                .mapToObj(v -> new double[] {v, 99})
                .toList();
    }

    @Test
    void stepsPay() throws IOException {
        JsonNode vector = PolicyRows.vector("ppo-dense-step-rewards");
        JsonNode in = vector.get("inputs");
        JsonNode expected = vector.get("expected");
        int[] ends = Arrays.stream(PolicyRows.numbers(in.get("step_end_token")))
                .mapToInt(e -> (int) e)
                .toArray();
        double[] outcome = {in.get("outcome_reward").asDouble()};
        Experience experience = experience(
                outcome,
                all(1),
                List.of(PolicyRows.numbers(in.get("logps"))),
                List.of(PolicyRows.numbers(in.get("ref_logps"))),
                List.of(PolicyRows.numbers(in.get("values"))),
                List.of(new Steps(PolicyRows.numbers(in.get("step_rewards")), ends)));
        String beta = in.get("kl_coef").asText();
        Ppo objective = ppo(
                "kl_coef=" + beta,
                "gamma=" + in.get("gamma").asText(),
                "lam=" + in.get("gae_lambda").asText(),
                "step_rewards=sum",
                "step_alpha=" + in.get("step_weight").asText());
        assertClose(
                "rewards",
                objective
                        .tokenRewards(experience, outcome, Double.parseDouble(beta))
                        .get(0),
                PolicyRows.numbers(expected.get("token_rewards")),
                1e-7);
        Credit credit = objective.credit(experience, objective.start());
        assertClose("returns", credit.returns().get(0), PolicyRows.numbers(expected.get("returns")), 1e-7);
        assertClose(
                "advantages",
                PolicyRows.flat(credit.advantages()),
                PolicyRows.flat(Moments.whitened(List.of(PolicyRows.numbers(expected.get("advantages"))), false)),
                1e-7);
        assertThatThrownBy(() -> ppo("step_rewards=sum")
                        .credit(
                                experience(
                                        outcome,
                                        all(1),
                                        experience.oldLogps(),
                                        experience.refLogps(),
                                        experience.values(),
                                        List.of()),
                                new double[] {0}))
                .hasMessageContaining("process reward model");
    }

    @Test
    void formsOfStepCredit() throws IOException {
        JsonNode vector = PolicyRows.vector("prm-softmin-credit");
        double[] scores = PolicyRows.numbers(vector.at("/inputs/step_scores"));
        Steps steps = new Steps(scores, new int[] {0, 1, 2});
        double temperature = vector.at("/inputs/temperature").asDouble();
        double[] pay = StepCredit.MIN_FORM.rewards(steps, 1, 0.5, temperature);
        assertClose("min form", pay, PolicyRows.numbers(vector.at("/expected/transformed")), 1e-7);
        assertClose(
                "total", Arrays.stream(pay).sum(), vector.at("/expected/total").asDouble(), 1e-7);

        double[] delta = TokenRewards.toGo(StepCredit.DELTA.rewards(steps, 2, 0.5, 1), 1);
        assertClose("delta", delta, new double[] {2 * 0.9, 2 * 0.35, 0}, EXACT);
        assertClose("clip", StepCredit.CLIP.rewards(steps, 1, 0.5, 1), new double[] {0, 0.35 - 0.5, 0}, EXACT);
        assertThat(StepCredit.OUTCOME_ONLY.rewards(steps, 1, 0.5, 1)).containsOnly(0);
        Steps extreme = new Steps(new double[] {1e4, -1e4}, new int[] {0, 1});
        assertClose("extreme", StepCredit.MIN_FORM.rewards(extreme, 1, 0, 0.1), new double[] {0, -1e4}, EXACT);
        assertThat(StepCredit.MIN_FORM.rewards(new Steps(new double[0], new int[0]), 1, 0, 1))
                .isEmpty();
    }

    /**
     * TRL puts the score one position after the last token where there is room, and keeps a value there: so here such
     * completions have one token more, without a KL. It whitens without those.
     */
    @TestFactory
    Stream<DynamicTest> numbersOfTrl() throws IOException {
        JsonNode golden = PolicyRows.read("/goldens/losses/ppo.json");
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode entry : golden.get("cases")) {
            tests.add(DynamicTest.dynamicTest(
                    entry.get("name").asText(), () -> checkGolden(golden.get("inputs"), entry)));
        }
        assertThat(tests).hasSize(6);
        return tests.stream();
    }

    private static void checkGolden(JsonNode in, JsonNode entry) {
        JsonNode options = entry.get("options");
        JsonNode outputs = entry.get("outputs");
        List<String> settings = new ArrayList<>();
        for (String key : List.of(
                "kl_coef",
                "kl_estimator",
                "whiten_rewards",
                "gamma",
                "lam",
                "missing_eos_penalty",
                "cliprange",
                "cliprange_value",
                "vf_coef")) {
            if (!options.get(key).isNull()) {
                settings.add(key + "=" + options.get(key).asText());
            }
        }
        Ppo objective = ppo(settings.toArray(String[]::new));
        int n = in.get("responses").size();
        boolean[] stopped = new boolean[n];
        int[] real = new int[n];
        int[] longer = new int[n];
        for (int i = 0; i < n; i++) {
            real[i] = in.get("sequence_lengths").get(i).asInt() + 1;
            longer[i] = Math.min(real[i] + 1, in.get("responses").get(i).size());
            for (JsonNode id : in.get("postprocessed_responses").get(i)) {
                stopped[i] |= id.asInt() == in.get("eos_token_id").asInt();
            }
        }
        List<double[]> ref = cut(in.get("ref_logprobs"), longer);
        List<double[]> old = cut(in.get("logprobs"), longer);
        for (int i = 0; i < n; i++) {
            if (longer[i] > real[i]) {
                old.get(i)[real[i]] = ref.get(i)[real[i]];
            }
        }
        List<double[]> values = cut(in.get("values"), longer);
        Credit credit = objective.credit(
                experience(PolicyRows.numbers(in.get("scores")), stopped, old, ref, values, List.of()),
                objective.start());
        assertClose(
                "returns",
                PolicyRows.flat(credit.returns()),
                PolicyRows.flat(cut(outputs.get("returns"), longer)),
                GOLDEN);
        double meanScore = Arrays.stream(PolicyRows.numbers(outputs.get("scores_after_penalty")))
                .average()
                .orElseThrow();
        assertClose("scores", value(credit.measures(), "objective/scores"), meanScore, GOLDEN);
        List<double[]> raw = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            double[] row = new double[real[i]];
            for (int t = 0; t < row.length; t++) {
                row[t] = credit.returns().get(i)[t] - values.get(i)[t];
            }
            raw.add(row);
        }
        List<double[]> advantages = Moments.whitened(raw, false);
        assertClose(
                "advantages",
                PolicyRows.flat(advantages),
                PolicyRows.flat(cut(outputs.get("advantages"), real)),
                GOLDEN);

        List<double[]> oldReal = cut(in.get("logprobs"), real);
        PolicyRows policy = PolicyRows.of(DType.FLOAT64, cut(in.get("new_logprobs"), real), oldReal, advantages)
                .withCritic(zeros(oldReal), zeros(oldReal), zeros(oldReal));
        PolicyRows critic = PolicyRows.of(DType.FLOAT64, old, old, zeros(old))
                .withCritic(cut(in.get("vpred"), longer), values, credit.returns());
        try (Scope scope = Scope.open()) {
            PolicyBatch ofPolicy = policy.batch();
            PolicyBatch ofCritic = critic.batch();
            Loss policyLoss = objective.loss(ofPolicy, policy.step(8));
            Loss criticLoss = objective.loss(ofCritic, critic.step(8));
            policyLoss.value().backward();
            criticLoss.value().backward();
            assertClose(
                    "policy", policyLoss.value().item(), outputs.get("pg_loss").asDouble(), GOLDEN);
            double want = outputs.get("vf_loss").asDouble();
            assertClose("value", value(criticLoss.measures(), "loss/value_avg"), want, GOLDEN);
            double clipped = outputs.get("vf_clipfrac").asDouble();
            assertClose("clipfrac", value(criticLoss.measures(), "val/clipfrac_avg"), clipped, GOLDEN);
            double total = policyLoss.value().item() + criticLoss.value().item();
            assertClose("loss", total, outputs.get("loss").asDouble(), GOLDEN);
            assertClose(
                    "gradient",
                    ofPolicy.logps().grad().toDoubles(),
                    PolicyRows.flat(cut(entry.at("/grads/new_logprobs"), real)),
                    GOLDEN);
            assertClose(
                    "gradient of values",
                    ofCritic.critic().orElseThrow().values().grad().toDoubles(),
                    PolicyRows.flat(cut(entry.at("/grads/vpred"), longer)),
                    GOLDEN);
        }
    }

    private static List<double[]> cut(JsonNode rows, int[] lengths) {
        List<double[]> out = new ArrayList<>();
        for (int i = 0; i < lengths.length; i++) {
            out.add(Arrays.copyOf(PolicyRows.numbers(rows.get(i)), lengths[i]));
        }
        return out;
    }

    @ParameterizedTest
    @ValueSource(strings = {"variant=paper", "dual_clip=3 whiten_rewards=true", "variant=seed", "kl_estimator=k3"})
    void extremesStayFiniteAndSplitsAgree(String settings) {
        Ppo objective = ppo(settings.split(" "));
        for (double spread : new double[] {2, 1e4, 1e-30}) {
            for (DType type : List.of(DType.FLOAT64, DType.FLOAT32)) {
                PolicyRows random = PolicyRows.random(13, spread, 4, 1, 7);
                double[] scores = {spread, -spread, Double.NaN};
                Credit credit = objective.credit(
                        experience(scores, all(3), random.old(), random.ref(), random.oldValues(), List.of()),
                        objective.start());
                assertThat(credit.kept()).containsExactly(true, true, false); // no score, nothing to learn
                for (double a : PolicyRows.flat(credit.advantages())) {
                    assertThat(a).isFinite();
                }
                for (Measure measure : credit.measures()) {
                    assertThat(measure.sum()).as(measure.name()).isFinite();
                }
                PolicyRows rows = PolicyRows.of(
                                type,
                                random.logps().subList(0, 2),
                                random.old().subList(0, 2),
                                credit.advantages().subList(0, 2))
                        .withCritic(
                                random.values().subList(0, 2),
                                random.oldValues().subList(0, 2),
                                credit.returns().subList(0, 2));
                try (Scope scope = Scope.open()) {
                    PolicyBatch batch = rows.batch();
                    Loss loss = objective.loss(batch, rows.step(9));
                    loss.value().backward();
                    assertThat(loss.value().item()).isFinite();
                    for (double g : batch.logps().grad().toDoubles()) {
                        assertThat(g).isFinite();
                    }
                    for (double g : batch.critic().orElseThrow().values().grad().toDoubles()) {
                        assertThat(g).isFinite();
                    }
                    if (spread == 2) {
                        rows.assertSplits(objective, rows.step(9), type == DType.FLOAT64 ? 1e-10 : 1e-5);
                    }
                }
            }
        }
    }

    @Test
    void settingsThatHarmAreRefused() {
        for (String[] refused : new String[][] {
            {"kl_estimator=k2", "k1 or k3"},
            {"kl_controller=adaptive kl_coef=0", "kl_controller: fixed"},
            {"missing_eos_rule=scale", "from 0 to 1"},
            {"missing_eos_rule=replace", "missing_eos_penalty"},
            {"missing_eos_penalty=-1", "use 1.0"},
            {"bootstrap_truncated=true missing_eos_penalty=1", "leave one of them out"},
            {"variant=seed whiten_rewards=true", "variant: paper"},
            {"variant=seed cliprange_high=0.3", "variant: paper"},
            {"variant=seed gamma=0.9", "variant: paper"},
            {"kl_target=3", "kl_controller: adaptive"},
            {"kl_coef=0 kl_estimator=k3", "raise kl_coef"}
        }) {
            assertThatThrownBy(() -> ppo(refused[0].split(" "))).as(refused[0]).hasMessageContaining(refused[1]);
        }
    }
}
