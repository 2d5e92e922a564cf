package dev.plumb.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** From scores of steps to the solution that is taken: the worked numbers of the specification, ties and extremes. */
class SelectionTest {
    private static JsonNode vector(String name) throws IOException {
        try (InputStream in = SelectionTest.class.getResourceAsStream("/spec/process-rewards.json")) {
            return StreamSupport.stream(
                            new JsonMapper().readTree(in).get("vectors").spliterator(), false)
                    .filter(v -> v.get("name").asText().equals(name))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static double[] numbers(JsonNode node) {
        return StreamSupport.stream(node.spliterator(), false)
                .mapToDouble(JsonNode::asDouble)
                .toArray();
    }

    @Test
    void theSeedsExample() throws IOException {
        JsonNode vector = vector("prm-aggregation-15x7");
        JsonNode want = vector.get("expected");
        double[] steps = numbers(vector.at("/inputs/step_scores"));
        Map<Aggregate, String> names = Map.of(
                Aggregate.MIN, "min",
                Aggregate.PROD, "prod",
                Aggregate.MEAN, "mean",
                Aggregate.LAST, "last",
                Aggregate.GEO_MEAN, "geometric_mean",
                Aggregate.LOGIT_SUM, "sum_log_odds_capped");
        assertThat(names).containsOnlyKeys(Aggregate.values());
        names.forEach((aggregate, name) -> assertThat(aggregate.of(steps))
                .as(name)
                .isCloseTo(want.get(name).asDouble(), within(1e-12)));
    }

    @ParameterizedTest
    @EnumSource(Aggregate.class)
    void extremes(Aggregate aggregate) {
        assertThat(aggregate.of(new double[] {0, 0})).isLessThan(aggregate.of(new double[] {1, 1}));
        assertThat(aggregate.of(new double[] {0, 1, 0})).isFinite();
        assertThat(aggregate.of(new double[] {0.3}))
                .isCloseTo(aggregate == Aggregate.LOGIT_SUM ? Math.log(3.0 / 7) : 0.3, within(1e-12));
        double[] many = new double[5000];
        Arrays.fill(many, 0.5);
        assertThat(aggregate.of(many)).isFinite();
        assertThat(aggregate.of(new double[] {0.5, Double.NaN})).isNaN();
        assertThatThrownBy(() -> aggregate.of(new double[0])).hasMessageContaining("without steps");
        assertThatThrownBy(() -> aggregate.of(new double[] {1.1})).hasMessageContaining("probability, not 1.1");
    }

    @Test
    void fiveCandidates() throws IOException {
        JsonNode vector = vector("prm-best-of-n-and-votes");
        JsonNode want = vector.get("expected");
        List<Aggregate> ways = List.of(Aggregate.MIN, Aggregate.PROD, Aggregate.MEAN, Aggregate.LAST);
        for (int way = 0; way < ways.size(); way++) {
            List<Candidate> all = new ArrayList<>();
            for (JsonNode one : vector.at("/inputs/candidates")) {
                double[] steps = numbers(one.get("steps"));
                all.add(new Candidate(
                        Optional.of(one.get("answer").asText()), ways.get(way).of(steps), steps.length));
            }
            assertThat(answer(new BestOfN(), all))
                    .isEqualTo(want.at("/best_of_n/" + way).asText());
            assertThat(answer(new WeightedVote(), all))
                    .isEqualTo(want.at("/weighted_vote/" + way).asText());
            assertThat(answer(new MajorityVote(), all))
                    .isEqualTo(want.get("majority").asText());
            assertThat(answer(new TopVote(1), all)).isEqualTo(answer(new BestOfN(), all));
            assertThat(answer(new TopVote(5), all)).isEqualTo("12");
            double[] weights = numbers(want.at("/weighted_vote_scores_12_15_18/" + way));
            Map<String, Double> got = WeightedVote.weights(all);
            assertThat(got.keySet()).containsExactly("12", "15", "18");
            int at = 0;
            for (double weight : got.values()) {
                assertThat(weight).isCloseTo(weights[at++], within(1e-12));
            }
        }
    }

    private static String answer(Selection rule, List<Candidate> all) {
        return all.get(rule.pick(all).orElseThrow()).answer().orElseThrow();
    }

    private static Candidate candidate(String answer, double score, int length) {
        return new Candidate(answer.isEmpty() ? Optional.empty() : Optional.of(answer), score, length);
    }

    @Test
    void ties() {
        List<Candidate> all = List.of(
                candidate("", 0.9, 9),
                candidate("a", 0.5, 5),
                candidate("b", 0.9, 4),
                candidate("b", 0.9, 4),
                candidate("a", Double.NaN, 1));
        assertThat(new BestOfN().pick(all)).hasValue(2); // shorter, then earlier
        assertThat(new MajorityVote().pick(all)).hasValue(1); // what came first
        assertThat(new TopVote(3).pick(all)).hasValue(2);
        List<Candidate> unreadable = List.of(candidate("", 0.9, 1), candidate("", 0.8, 1));
        for (Selection rule : List.of(new MajorityVote(), new WeightedVote(), new TopVote(2))) {
            assertThat(rule.pick(unreadable)).isEmpty();
            assertThat(rule.pick(List.of())).isEmpty();
        }
        assertThat(new BestOfN().pick(unreadable)).hasValue(0);
        assertThat(new BestOfN().pick(List.of())).isEmpty();
        assertThat(new BestOfN().pick(List.of(candidate("a", Double.NaN, 1), candidate("b", -3, 2))))
                .hasValue(1);
        List<Candidate> unscored = List.of(candidate("a", Double.NaN, 1), candidate("a", Double.NaN, 2));
        for (Selection rule : List.of(new BestOfN(), new WeightedVote(), new TopVote(2))) {
            assertThat(rule.pick(unscored)).isEmpty();
        }
        assertThat(new MajorityVote().pick(unscored)).hasValue(0);
        assertThat(new WeightedVote().pick(List.of(candidate("a", Double.NaN, 1), candidate("b", 0, 2))))
                .hasValue(1);
        assertThatThrownBy(() -> new WeightedVote().pick(List.of(candidate("a", -0.1, 1))))
                .hasMessageContaining("scores from 0 to 1, not -0.1");
    }

    @Test
    void theBoundOnBestOfN() throws IOException {
        JsonNode vector = vector("best-of-n-kl-bound");
        for (int i = 0; i < 6; i++) {
            assertThat(BestOfN.klBound(vector.at("/inputs/n/" + i).asInt()))
                    .isCloseTo(vector.at("/expected/kl_nats/" + i).asDouble(), within(1e-12));
        }
    }

    @Test
    void theBestOfFewerIsTheMeanOverAllChoicesOfThem() {
        double[] values = {4, 0.5, 3, -1, 2, 2}; // from the solution that is picked first to the last
        for (int k = 1; k <= values.length; k++) {
            double sum = 0;
            int choices = 0;
            for (int mask = 0; mask < 1 << values.length; mask++) {
                if (Integer.bitCount(mask) == k) {
                    sum += values[Integer.numberOfTrailingZeros(mask)];
                    choices++;
                }
            }
            assertThat(BestOfN.expected(values, k)).isCloseTo(sum / choices, within(1e-12));
        }
        assertThatThrownBy(() -> BestOfN.expected(values, 7)).hasMessageContaining("the best of 7 of 6");
    }

    /** The vector pass-at-k of the specification. */
    @Test
    void ofRightAndWrongSolutionsItIsPassAtK() {
        int[] correct = {0, 1, 5, 16, 20};
        double[][] want = {
            {0, 0, 0},
            {0.050000000000000044, 0.25, 0.5},
            {0.25, 0.8063080495356038, 0.9837461300309598},
            {0.8, 1, 1},
            {1, 1, 1}
        };
        int[] k = {1, 5, 10};
        for (int c = 0; c < correct.length; c++) {
            double[] right = new double[20];
            Arrays.fill(right, 0, correct[c], 1);
            for (int i = 0; i < k.length; i++) {
                assertThat(BestOfN.expected(right, k[i])).isCloseTo(want[c][i], within(1e-12));
            }
        }
    }

    @Test
    void equalAnswersVoteTogether() {
        FinalAnswers usual = new FinalAnswers(Optional.empty(), false);
        assertThat(usual.of(List.of(
                        "So \\boxed{\\frac12}.",
                        "<answer>0.5</answer>",
                        "#### 3",
                        "I do not know.",
                        "the answer is 3.",
                        "<answer></answer>")))
                .containsExactly(
                        Optional.of("\\frac12"),
                        Optional.of("\\frac12"),
                        Optional.of("3"),
                        Optional.empty(),
                        Optional.of("3"),
                        Optional.empty());
        assertThat(new FinalAnswers(Optional.empty(), true).of(List.of("12 or 13", "none")))
                .containsExactly(Optional.of("13"), Optional.empty());
        assertThat(new FinalAnswers(Optional.of("Choice: (\\w)"), false).of(List.of("Choice: b", "Choice: B", "B")))
                .containsExactly(Optional.of("b"), Optional.of("b"), Optional.empty());
        assertThatThrownBy(() -> new FinalAnswers(Optional.of("("), false))
                .hasMessageContaining("not a regular expression");
    }

    @Test
    void picksAreHeldAgainstChanceAndTheBest() {
        Picks picks = new Picks();
        picks.add("one", 0.9, 3, true);
        picks.add("one", 0.1, 3, false);
        picks.add("two", 0.7, 3, false);
        picks.add("two", 0.6, 3, true);
        picks.add("three", 0.2, 3, false);
        picks.add("three", 0.2, 2, false);
        picks.add("alone", 1, 1, true);
        assertThat(picks.measures())
                .isEqualTo(Map.of(
                        "best_of_n/accuracy", 1 / 3.0,
                        "best_of_n/at_random", 1 / 3.0,
                        "best_of_n/at_best", 2 / 3.0,
                        "best_of_n/problems", 3.0));
        assertThat(new Picks().measures()).isEmpty();
    }
}
