package dev.plumb.objective;

import static dev.plumb.objective.PolicyRows.assertClose;
import static dev.plumb.objective.PolicyRows.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.plumb.objective.PolicyObjective.Credit;
import dev.plumb.objective.PolicyObjective.Step;
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

/** Online DPO and rejection-sampling fine-tuning: who is kept, and losses against the specification's and TRL's numbers. */
class OwnAnswersTest {
    private static final double GOLDEN = 3e-6;
    private static final double[] NOTHING = new double[0];

    private static OnlineDpo dpo(String... settings) {
        return new OnlineDpo(PolicyRows.config(OnlineDpo.Config.class, List.of(settings)));
    }

    private static Raft raft(String... settings) {
        return new Raft(PolicyRows.config(Raft.Config.class, List.of(settings)));
    }

    private static JsonNode vector(String file, String name) throws IOException {
        for (JsonNode vector : PolicyRows.read("/spec/" + file).get("vectors")) {
            if (vector.get("name").asText().equals(name)) {
                return vector;
            }
        }
        throw new AssertionError(name);
    }

    /** A rollout of which only rewards, ends and lengths matter. */
    private static Experience experience(int groupSize, double[] rewards, boolean[] stopped, int... lengths) {
        List<double[]> old = Arrays.stream(lengths)
                .mapToObj(n -> {
                    double[] row = new double[n];
                    Arrays.fill(row, -0.5);
                    return row;
                })
                .toList();
        List<double[]> perRow =
                Arrays.stream(rewards).mapToObj(r -> new double[] {r}).toList();
        return new Experience(groupSize, perRow, new double[] {1}, old, old, stopped, List.of(), List.of(), NOTHING);
    }

    private static Experience ended(int groupSize, double... rewards) {
        boolean[] stopped = new boolean[rewards.length];
        Arrays.fill(stopped, true);
        return experience(
                groupSize,
                rewards,
                stopped,
                IntStream.range(0, rewards.length).map(i -> 3).toArray());
    }

    /** What each row is, by the credit of its first token: 1 chosen or imitated, -1 rejected, 0 left out. */
    private static double[] signs(Credit credit) {
        double[] signs = credit.advantages().stream().mapToDouble(row -> row[0]).toArray();
        for (int i = 0; i < signs.length; i++) {
            assertThat(credit.kept()[i]).isEqualTo(signs[i] != 0);
            assertThat(credit.advantages().get(i)).containsOnly(signs[i]);
        }
        return signs;
    }

    // ---- pairs

    @Test
    void pairsOfTheSpecification() throws IOException {
        JsonNode vector = vector("own-pairs.json", "online-dpo-pairs");
        JsonNode in = vector.get("inputs");
        List<double[]> pairs = PolicyRows.rows(in.get("rewards"));
        double[] rewards = PolicyRows.flat(pairs);
        boolean[] stopped = new boolean[rewards.length];
        for (int i = 0; i < rewards.length; i++) {
            stopped[i] = in.get("finished_with_eos").get(i / 2).get(i % 2).asBoolean();
        }
        Credit credit = dpo("missing_eos_penalty="
                        + in.get("missing_eos_penalty").asText())
                .credit(experience(2, rewards, stopped, 2, 2, 2, 2, 2, 2, 2, 2), NOTHING);
        double[] signs = signs(credit);
        for (int g = 0; g < pairs.size(); g++) {
            String want = vector.at("/expected/chosen_index").get(g).asText();
            double first = want.equals("tie") ? 0 : want.equals("0") ? 1 : -1;
            assertThat(Arrays.copyOfRange(signs, 2 * g, 2 * g + 2)).containsExactly(first, 0 - first);
        }
        assertClose(
                "ties",
                value(credit.measures(), "online/tie_rate"),
                vector.at("/expected/dropped").asDouble() / pairs.size(),
                1e-12);
        double[] adjusted = PolicyRows.flat(PolicyRows.rows(vector.at("/expected/adjusted")));
        assertClose(
                "scores",
                value(credit.measures(), "objective/scores"),
                Arrays.stream(adjusted).average().orElseThrow(),
                1e-9);
        assertClose("margin", value(credit.measures(), "objective/scores_margin"), (0.5 + 0.7 + 0.2) / 3, 1e-9);
        assertClose("ends", value(credit.measures(), "val/contain_eos_token"), 5 / 8.0, 1e-12);
        assertClose("entropy", value(credit.measures(), "objective/entropy"), 1, 1e-12); // two tokens of 0.5 each
    }

    @Test
    void bestAndWorstOfTheSpecification() throws IOException {
        JsonNode vector = vector("own-pairs.json", "iterative-dpo-best-worst");
        JsonNode in = vector.get("inputs");
        double[] scores = PolicyRows.numbers(in.get("scores"));
        int[] lengths =
                IntStream.range(0, 6).map(i -> in.get("lengths").get(i).asInt()).toArray();
        boolean[] stopped = {true, true, true, true, true, true};
        Experience experience = experience(6, scores, stopped, lengths);
        Credit credit = dpo("min_margin=" + in.get("min_margin").asText()).credit(experience, NOTHING);
        double[] want = new double[6];
        want[vector.at("/expected/chosen").asInt()] = 1;
        want[vector.at("/expected/rejected").asInt()] = -1;
        assertThat(signs(credit)).containsExactly(want);
        double margin = vector.at("/expected/margin").asDouble();
        assertClose("margin", value(credit.measures(), "objective/scores_margin"), margin, 1e-9);
        Credit close = dpo("min_margin=2.2").credit(experience, NOTHING);
        assertThat(signs(close)).containsOnly(0);
        assertThat(value(close.measures(), "online/small_margin_rate")).isEqualTo(1);
        assertThat(value(close.measures(), "online/tie_rate")).isEqualTo(0);
    }

    @Test
    void ofEquallyBadAnswersTheLongestIsRejected() {
        boolean[] stopped = {true, true, true, true};
        Credit credit = dpo().credit(experience(4, new double[] {0, 0, 0, 1}, stopped, 2, 5, 5, 9), NOTHING);
        assertThat(signs(credit)).containsExactly(0, -1, 0, 1);
    }

    @Test
    void whatHasNoRewardIsInNoPair() {
        double none = Double.NaN;
        Credit credit = dpo().credit(ended(3, none, 2, 1, none, none, 5, none, none, none), NOTHING);
        assertThat(signs(credit)).containsExactly(0, 1, -1, 0, 0, 0, 0, 0, 0);
        assertThat(value(credit.measures(), "online/unpaired_rate")).isEqualTo(2 / 3.0);
        assertThat(value(credit.measures(), "unscorable_frac")).isEqualTo(6 / 9.0);
    }

    @Test
    void answersThatWereCutOffMayBeLeftOut() {
        boolean[] stopped = {true, false, true, true, false, false};
        double[] rewards = {1, 9, 0, 4, 5, 6};
        Credit credit = dpo("mask_truncated_completions=true")
                .credit(experience(3, rewards, stopped, 1, 1, 1, 1, 1, 1), NOTHING);
        assertThat(signs(credit)).containsExactly(1, 0, -1, 0, 0, 0);
        assertThat(value(credit.measures(), "online/unpaired_rate")).isEqualTo(0.5);
        assertThatThrownBy(() -> dpo("mask_truncated_completions=true", "missing_eos_penalty=1"))
                .hasMessageContaining("leave one of them out");
    }

    @Test
    void theDistanceFromTheReferenceIsTheWholeRollouts() {
        List<double[]> old = List.of(new double[] {-1, -2}, new double[] {-0.5});
        List<double[]> ref = List.of(new double[] {-1.5, -1}, new double[] {-2.5});
        List<double[]> rewards = List.of(new double[] {3}, new double[] {3});
        Experience experience = new Experience(
                2, rewards, new double[] {1}, old, ref, new boolean[] {true, true}, List.of(), List.of(), NOTHING);
        List<Measure> measures = dpo("beta=0.5").credit(experience, NOTHING).measures(); // a tie, measured all the same
        assertClose("kl", value(measures, "objective/kl"), (-0.5 + 2) / 2, 1e-12);
        assertClose("not the score", value(measures, "objective/non_score_reward"), -0.375, 1e-12);
        assertClose("both", value(measures, "objective/rlhf_reward"), 2.625, 1e-12);
        assertClose("entropy", value(measures, "objective/entropy"), 1.75, 1e-12);
    }

    // ---- the loss of pairs

    /** Pairs as rows of any lengths with these sums, the rejected one first where {@code swapped} says so. */
    private static PolicyRows pairs(DType type, List<double[]> policy, List<double[]> reference, boolean[] swapped) {
        int pairs = policy.size() / 2;
        List<double[]> logps = new ArrayList<>();
        List<double[]> ref = new ArrayList<>();
        List<double[]> signs = new ArrayList<>();
        for (int k = 0; k < pairs; k++) {
            for (int side : swapped[k] ? new int[] {1, 0} : new int[] {0, 1}) {
                double[] row = policy.get(k + side * pairs);
                double[] sign = new double[row.length];
                Arrays.fill(sign, side == 0 ? 1 : -1);
                logps.add(row);
                ref.add(reference.get(k + side * pairs));
                signs.add(sign);
            }
        }
        return PolicyRows.of(type, logps, logps, signs).withRef(ref);
    }

    private static List<double[]> sums(JsonNode in, String whose) {
        List<double[]> out = new ArrayList<>();
        for (String side : List.of("chosen", "rejected")) {
            for (double sum : PolicyRows.numbers(in.get(whose + "_" + side + "_logps"))) {
                out.add(new double[] {sum - 1, 1.5, -0.5}); // as three tokens
            }
        }
        return out;
    }

    @TestFactory
    Stream<DynamicTest> lossesOfTheSpecification() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        for (String name : List.of(
                "dpo-sigmoid-basic", "dpo-step0-ln2", "dpo-sigmoid-extreme", "dpo-beta-0.5", "ipo-sum", "ipo-seed")) {
            JsonNode vector = vector(name.startsWith("ipo") ? "pairs.json" : "vectors.json", name);
            for (DType type : List.of(DType.FLOAT64, DType.FLOAT32)) {
                tests.add(DynamicTest.dynamicTest(name + " " + type, () -> checkLoss(vector, type)));
            }
        }
        return tests.stream();
    }

    private static void checkLoss(JsonNode vector, DType type) {
        JsonNode in = vector.get("inputs");
        JsonNode expected = vector.get("expected");
        double bound = type == DType.FLOAT64 ? 1e-9 : 2e-6;
        int pairs = in.get("policy_chosen_logps").size();
        boolean[] swapped = new boolean[pairs];
        swapped[pairs - 1] = true;
        PolicyRows rows = pairs(type, sums(in, "policy"), sums(in, "ref"), swapped);
        OnlineDpo objective = dpo(
                "loss_type=" + (vector.get("algorithm").asText().equals("ipo") ? "ipo" : "sigmoid"),
                "beta=" + in.get("beta").asText());
        try (Scope scope = Scope.open()) {
            PolicyBatch batch = rows.batch();
            Loss loss = objective.loss(batch, rows.step(8));
            loss.value().backward();
            assertClose("loss", loss.value().item(), expected.get("loss").asDouble(), bound);
            double[] gradient = batch.logps().grad().toDoubles(); // of each sum three times
            for (int k = 0; k < pairs; k++) {
                double chosen = expected.get("grad_policy_chosen_logps").get(k).asDouble();
                double rejected =
                        expected.get("grad_policy_rejected_logps").get(k).asDouble();
                double[] want = swapped[k]
                        ? new double[] {rejected, rejected, rejected, chosen, chosen, chosen}
                        : new double[] {chosen, chosen, chosen, rejected, rejected, rejected};
                assertClose("gradient of pair " + k, Arrays.copyOfRange(gradient, 6 * k, 6 * k + 6), want, bound);
            }
            if (expected.has("rewards_chosen")) {
                for (String side : List.of("chosen", "rejected")) {
                    double want = Arrays.stream(PolicyRows.numbers(expected.get("rewards_" + side)))
                            .average()
                            .orElseThrow();
                    assertClose("rewards/" + side, value(loss.measures(), "rewards/" + side), want, bound);
                }
                assertClose(
                        "accuracies",
                        value(loss.measures(), "rewards/accuracies"),
                        expected.get("accuracy_ties_half").asDouble(),
                        bound);
            }
            if (type == DType.FLOAT64) {
                assertPairsSplit(rows, objective, 1e-10);
            }
        }
    }

    /** Loss and gradients are the sums of those of any parts that hold whole pairs. */
    private static void assertPairsSplit(PolicyRows rows, OnlineDpo objective, double bound) {
        int count = rows.logps().size();
        Step step = rows.step(8);
        PolicyBatch whole = rows.batch();
        Loss loss = objective.loss(whole, step);
        loss.value().backward();
        double sum = 0;
        double margins = 0;
        List<double[]> gradient = new ArrayList<>();
        for (int row = 0; row < count; row += 2) {
            PolicyBatch part = rows.batch(row, row + 2);
            Loss share = objective.loss(part, step);
            share.value().backward();
            sum += share.value().item();
            margins += value(share.measures(), "rewards/margins");
            gradient.add(part.logps().grad().toDoubles());
        }
        assertClose("split loss", sum, loss.value().item(), bound);
        assertClose("split margins", margins / (count / 2), value(loss.measures(), "rewards/margins"), bound);
        assertClose(
                "split gradient",
                PolicyRows.flat(gradient),
                whole.logps().grad().toDoubles(),
                bound);
    }

    @Test
    void theLossIsThatOfTrlOnItsPairs() throws IOException {
        JsonNode golden = PolicyRows.read("/goldens/losses/dpo.json");
        JsonNode in = golden.get("inputs");
        JsonNode mask = in.get("completion_mask");
        List<double[]> policy = trained(in.get("policy_token_logps"), mask);
        List<double[]> reference = trained(in.get("ref_token_logps"), mask);
        int checked = 0;
        for (JsonNode entry : golden.get("cases")) {
            String name = entry.get("name").asText();
            if (!name.equals("sigmoid,beta=0.1") && !name.equals("sigmoid,beta=0.5")) {
                continue;
            }
            checked++;
            PolicyRows rows = pairs(DType.FLOAT64, policy, reference, new boolean[] {false, false, false, false});
            try (Scope scope = Scope.open()) {
                PolicyBatch batch = rows.batch();
                Loss loss = dpo("beta=" + entry.at("/options/beta").asText()).loss(batch, rows.step(8));
                loss.value().backward();
                assertClose(name, loss.value().item(), entry.at("/outputs/loss").asDouble(), GOLDEN);
                List<double[]> want = trained(entry.at("/grads/policy_token_logps"), mask);
                List<double[]> ordered = new ArrayList<>();
                for (int k = 0; k < 4; k++) {
                    ordered.add(want.get(k));
                    ordered.add(want.get(k + 4));
                }
                assertClose("gradient", batch.logps().grad().toDoubles(), PolicyRows.flat(ordered), GOLDEN);
                for (String metric : List.of(
                        "rewards/chosen", "rewards/rejected", "rewards/margins", "logps/chosen", "logps/rejected")) {
                    assertClose(
                            metric,
                            value(loss.measures(), metric),
                            entry.at("/outputs/metrics").get(metric).asDouble(),
                            GOLDEN);
                }
            }
        }
        assertThat(checked).isEqualTo(2);
    }

    /** Of a table whose column t is about token t + 1, what the mask keeps. */
    private static List<double[]> trained(JsonNode table, JsonNode mask) {
        List<double[]> out = new ArrayList<>();
        for (int r = 0; r < mask.size(); r++) {
            int row = r;
            out.add(IntStream.range(1, mask.get(r).size())
                    .filter(t -> mask.get(row).get(t).asInt() == 1)
                    .mapToDouble(t -> table.get(row).get(t - 1).asDouble())
                    .toArray());
        }
        return out;
    }

    @Test
    void farPairsHaveTheRightLimits() {
        for (double far : new double[] {1e4, -1e4}) {
            List<double[]> policy = List.of(new double[] {far}, new double[] {-far});
            List<double[]> reference = List.of(new double[] {0}, new double[] {0});
            for (DType type : List.of(DType.FLOAT64, DType.FLOAT32)) {
                try (Scope scope = Scope.open()) {
                    PolicyRows rows = pairs(type, policy, reference, new boolean[] {false});
                    PolicyBatch batch = rows.batch();
                    Loss loss = dpo().loss(batch, rows.step(8));
                    loss.value().backward();
                    assertClose("loss", loss.value().item(), far > 0 ? 0 : 2000, 1e-9);
                    double slope = far > 0 ? 0 : -0.1;
                    assertClose("gradient", batch.logps().grad().toDoubles(), new double[] {slope, -slope}, 1e-7);
                    PolicyBatch again = rows.batch();
                    Loss square = dpo("loss_type=ipo").loss(again, rows.step(8));
                    square.value().backward();
                    double h = 2 * far - 5;
                    assertClose("ipo", square.value().item(), h * h, 1e-6);
                    assertClose("ipo gradient", again.logps().grad().toDoubles(), new double[] {2 * h, -2 * h}, 1e-6);
                }
            }
        }
    }

    @Test
    void rewardsOfAnySizeMakePairs() {
        for (double far : new double[] {1e4, 1e300, Double.POSITIVE_INFINITY}) {
            assertThat(signs(dpo().credit(ended(2, -far, far, far, far), NOTHING)))
                    .containsExactly(-1, 1, 0, 0);
        }
    }

    // ---- imitation

    @Test
    void theBestAreImitated() {
        Experience experience = ended(4, 0, 3, 3, 1, 2, 2, 2, 2);
        assertThat(signs(raft().credit(experience, NOTHING))).containsExactly(0, 1, 0, 0, 0, 0, 0, 0);
        Credit two = raft("keep_per_prompt=3").credit(experience, NOTHING);
        assertThat(signs(two)).containsExactly(0, 1, 1, 1, 0, 0, 0, 0);
        assertThat(value(two.measures(), "raft/kept_frac")).isEqualTo(3 / 8.0);
        assertThat(value(two.measures(), "raft/prompts_without")).isEqualTo(0.5);
        assertClose("kept", value(two.measures(), "reward/kept"), 7 / 3.0, 1e-12);
    }

    @Test
    void aThresholdKeepsWhatIsGoodEnough() {
        Experience experience = ended(4, 0, 1, 1, Double.NaN, 1, 1, 1, 1, 0, 0, 0, 0);
        assertThat(signs(raft("min_reward=1", "keep_per_prompt=3").credit(experience, NOTHING)))
                .containsExactly(0, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0);
        Credit none = raft("min_reward=2").credit(experience, NOTHING);
        assertThat(signs(none)).containsOnly(0);
        assertThat(value(none.measures(), "raft/prompts_without")).isEqualTo(1);
        assertThat(none.measures()).noneMatch(measure -> measure.name().equals("reward/kept"));
        assertThat(raft().smallestGroup()).isEqualTo(2);
        assertThat(raft("keep_per_prompt=4").smallestGroup()).isEqualTo(5);
        assertThat(raft("keep_per_prompt=4", "min_reward=1").smallestGroup()).isEqualTo(1);
    }

    @Test
    void answersWithoutAnEndAreNotImitatedUnlessAsked() {
        Experience experience = experience(2, new double[] {2, 1}, new boolean[] {false, true}, 4, 4);
        assertThat(signs(raft().credit(experience, NOTHING))).containsExactly(0, 1);
        assertThat(signs(raft("mask_truncated_completions=false").credit(experience, NOTHING)))
                .containsExactly(1, 0);
    }

    @Test
    void aPullTowardsTheReferenceChangesTheOrder() {
        List<double[]> rewards = List.of(new double[] {1}, new double[] {0.9});
        List<double[]> old = List.of(new double[] {-1, -1}, new double[] {-1});
        List<double[]> ref = List.of(new double[] {-3, -3}, new double[] {-1});
        Experience experience = new Experience(
                2, rewards, new double[] {1}, old, ref, new boolean[] {true, true}, List.of(), List.of(), NOTHING);
        assertThat(signs(raft().credit(experience, NOTHING))).containsExactly(1, 0);
        assertThat(raft().needsReference()).isFalse();
        Raft held = raft("beta=0.1"); // 1 - 0.1 * 4 is less than 0.9
        assertThat(signs(held.credit(experience, NOTHING))).containsExactly(0, 1);
        assertThat(held.needsReference()).isTrue();
        assertClose("kept", value(held.credit(experience, NOTHING).measures(), "reward/kept"), 0.9, 1e-12);
    }

    @Test
    void imitationIsTheLossOfSftOnTheSameTokens() throws IOException {
        JsonNode vector = vector("vectors.json", "sft-micro-batch-split");
        JsonNode in = vector.get("inputs");
        List<double[]> logps = new ArrayList<>();
        List<double[]> want = new ArrayList<>();
        for (String part : List.of("micro_1", "micro_2")) {
            logps.addAll(PolicyRows.rows(in.get(part + "_logps"), in.get(part + "_mask")));
            want.addAll(PolicyRows.rows(vector.at("/expected/grad_" + part + "_logps"), in.get(part + "_mask")));
        }
        double[] ones = {1, 1, 1};
        PolicyRows rows = PolicyRows.of(DType.FLOAT64, logps, logps, PolicyRows.spread(ones, logps));
        try (Scope scope = Scope.open()) {
            PolicyBatch batch = rows.batch();
            Loss loss = raft().loss(batch, rows.step(8));
            loss.value().backward();
            assertClose("loss", loss.value().item(), vector.at("/expected/loss").asDouble(), 1e-9);
            assertClose("nll", value(loss.measures(), "nll_loss"), loss.value().item(), 1e-12);
            assertClose("gradient", batch.logps().grad().toDoubles(), PolicyRows.flat(want), 1e-9);
            rows.assertSplits(raft(), rows.step(8), 1e-12);

            Raft means = raft("reduction=seq_mean_token_mean");
            double expected = logps.stream()
                    .mapToDouble(row -> -Arrays.stream(row).average().orElseThrow())
                    .average()
                    .orElseThrow();
            assertClose("means", means.loss(rows.batch(), rows.step(8)).value().item(), expected, 1e-12);
            rows.assertSplits(means, rows.step(8), 1e-12);
        }
    }

    /** Sft and Raft must not become two: random tokens, both reductions. */
    @Test
    void imitationAgreesWithSft() {
        PolicyRows random = PolicyRows.random(5, 3, 4, 1, 6);
        PolicyRows rows = random.withAdvantages(PolicyRows.spread(new double[] {1, 1, 1}, random.logps()));
        for (String reduction : List.of("token_mean", "seq_mean_token_mean")) {
            try (Scope scope = Scope.open()) {
                PolicyBatch batch = rows.batch();
                Sft sft = new Sft(PolicyRows.config(Sft.Config.class, List.of("reduction=" + reduction)));
                SequenceBatch same = new SequenceBatch(3, batch.logps(), batch.sequence(), batch.lengths());
                double want = sft.loss(same, new SequenceObjective.Step(3, 11))
                        .value()
                        .item();
                double got = raft("reduction=" + reduction)
                        .loss(batch, rows.step(8))
                        .value()
                        .item();
                assertClose(reduction, got, want, 1e-12);
            }
        }
    }

    @Test
    void improbableAnswersAreImitatedByAFiniteLoss() {
        List<double[]> logps = List.of(new double[] {-1e4, -1e4}, new double[] {-1e-30});
        PolicyRows rows = PolicyRows.of(DType.FLOAT32, logps, logps, PolicyRows.spread(new double[] {1, 1}, logps));
        try (Scope scope = Scope.open()) {
            PolicyBatch batch = rows.batch();
            Loss loss = raft().loss(batch, rows.step(8));
            loss.value().backward();
            assertClose("loss", loss.value().item(), 2e4 / 3, 1e-6);
            double third = -1 / 3.0;
            assertClose("gradient", batch.logps().grad().toDoubles(), new double[] {third, third, third}, 1e-6);
        }
    }
}
