package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.plumb.config.Binder;
import dev.plumb.config.PlumbException;
import dev.plumb.config.YamlSource;
import dev.plumb.data.Opinions;
import dev.plumb.data.Stores;
import dev.plumb.data.TokenBelief;
import dev.plumb.data.TokenStore;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From what rows say of a group to the shares of its beliefs and the weights of the rows. */
class BeliefTargetsTest {
    private static final double[] NONE = {};

    @TempDir
    private Path folder;

    private static TokenBelief row(int prompt, int belief, double[] probabilities, double[] votes, long group) {
        int[] names = {20, 21, 22, 23, 24, 25, 26, 27, 28, 29};
        int count = Math.max(probabilities.length, votes.length);
        return new TokenBelief(
                new int[] {1, prompt},
                new int[] {20 + belief},
                new int[] {3},
                new int[] {4},
                belief,
                count == 0 ? names : java.util.Arrays.copyOf(names, count),
                new Opinions(probabilities, votes, group));
    }

    private static BeliefSettings settings(String... words) {
        return Binder.bind(BeliefSettings.class, YamlSource.commandLine().with(List.of(words)));
    }

    private BeliefTargets targets(boolean weighed, TokenStore train, TokenStore eval, String... words) {
        return BeliefTargets.of(settings(words), weighed, train, eval);
    }

    private TokenStore store(String name, TokenBelief... rows) {
        return Stores.of(folder.resolve(name), List.of(rows));
    }

    private static double[] doubles(JsonNode node) {
        return StreamSupport.stream(node.spliterator(), false)
                .mapToDouble(JsonNode::asDouble)
                .toArray();
    }

    @Test
    void estimatesAreTheWorkedOnes() throws IOException {
        JsonNode vector;
        try (InputStream in = BeliefTargetsTest.class.getResourceAsStream("/spec/beliefs.json")) {
            vector = StreamSupport.stream(
                            new JsonMapper().readTree(in).get("vectors").spliterator(), false)
                    .filter(v -> v.get("name").asText().equals("gdpo-belief-estimate-dirichlet"))
                    .findFirst()
                    .orElseThrow();
        }
        JsonNode in = vector.get("inputs");
        JsonNode expected = vector.get("expected");
        double[] counts = doubles(in.get("counts"));
        double alpha = in.get("alpha").asDouble();
        assertThat(BeliefEstimate.counts(counts, alpha))
                .usingComparatorWithPrecision(1e-7)
                .containsExactly(doubles(expected.get("posterior_mean")));
        assertThat(BeliefEstimate.deviations(counts, alpha))
                .usingComparatorWithPrecision(1e-7)
                .containsExactly(doubles(expected.get("posterior_sd")));
        assertThat(BeliefEstimate.shrunk(
                        counts,
                        doubles(in.get("group_prior")),
                        in.get("prior_strength").asDouble()))
                .usingComparatorWithPrecision(1e-7)
                .containsExactly(doubles(expected.get("shrunk_to_group")));
        assertThat(BeliefEstimate.counts(new double[] {1, 3}, 0)).containsExactly(0.25, 0.75);
    }

    @Test
    void givenSharesAreTaken() {
        double[] p = {0.2, 0.5, 0.3};
        try (TokenStore train = store("train", row(1, 0, p, NONE, 0), row(1, 2, p, NONE, 0));
                TokenStore eval = store("eval", row(2, 1, new double[] {0, 1, 0}, NONE, 0))) {
            BeliefTargets targets = targets(false, train, eval);
            assertThat(targets.beliefs()).isEqualTo(3);
            assertThat(targets.shares(train, 1)).containsExactly(p);
            assertThat(targets.shares(eval, 0)).containsExactly(0, 1, 0);
            assertThat(targets.weight(train, 0, 0)).isEqualTo(1);
            assertThat(targets.weak()).isZero();
            BeliefTargets weighed = targets(true, train, eval);
            assertThat(weighed.weight(train, 0, 0)).isCloseTo(0.2 / 0.25, within(1e-12));
            assertThat(weighed.weight(train, 1, 2)).isCloseTo(0.3 / 0.25, within(1e-12));
            assertThat(weighed.weight(eval, 0, 1)).isEqualTo(1);
        }
    }

    @Test
    void rowsAreVotesWhereTheyGiveNone() {
        try (TokenStore train = store(
                        "train",
                        row(1, 0, NONE, NONE, 0),
                        row(1, 1, NONE, NONE, 0),
                        row(1, 1, NONE, NONE, 0),
                        row(2, 2, NONE, NONE, 0));
                TokenStore eval = store("eval", row(3, 1, NONE, NONE, 0))) {
            BeliefTargets targets = targets(false, train, eval, "estimator=counts");
            assertThat(targets.beliefs()).isEqualTo(3);
            assertThat(targets.shares(train, 0)).containsExactly(1.5 / 4.5, 2.5 / 4.5, 0.5 / 4.5);
            assertThat(targets.shares(train, 3)).containsExactly(0.5 / 2.5, 0.5 / 2.5, 1.5 / 2.5);
            assertThat(targets.weak()).isEqualTo(2); // the prompts with one vote each
            assertThat(targets.text()).contains("weak_belief_estimate: 2 prompts");
            assertThat(targets(false, train, eval, "estimator=counts", "alpha=0")
                            .shares(train, 0))
                    .containsExactly(1 / 3.0, 2 / 3.0, 0);
        }
    }

    @Test
    void fewVotesAreDrawnTowardsTheGroupOfTrainingRows() {
        try (TokenStore train = store(
                        "train",
                        row(1, 0, NONE, new double[] {3, 0}, 7),
                        row(1, 0, NONE, new double[] {3, 0}, 7), // one prompt, so its votes count once
                        row(2, 1, NONE, new double[] {0, 1}, 7),
                        row(3, 1, NONE, new double[] {0, 4}, 8));
                TokenStore eval = store(
                        "eval", row(4, 1, NONE, new double[] {0, 2}, 7), row(5, 1, NONE, new double[] {0, 2}, 9))) {
            BeliefTargets targets = targets(false, train, eval, "estimator=shrunk", "strength=4");
            assertThat(targets.shares(train, 0)).containsExactly((3 + 4 * 0.75) / 7, 4 * 0.25 / 7);
            assertThat(targets.shares(train, 3)).containsExactly(0, 1);
            assertThat(targets.shares(eval, 0)).containsExactly(3.0 / 6, 3.0 / 6); // its own votes are in no histogram
            assertThat(targets.shares(eval, 1)).containsExactly(4 * 3.0 / 8 / 6, (2 + 4 * 5.0 / 8) / 6); // of all rows
        }
    }

    @Test
    void contradictionsAreNamed() {
        double[] p = {0.5, 0.5};
        try (TokenStore eval = store("eval", row(9, 0, p, NONE, 0))) {
            List<String> faults = new ArrayList<>();
            for (TokenBelief[] rows : new TokenBelief[][] {
                {row(1, 0, p, NONE, 0), row(1, 0, new double[] {0.4, 0.6}, NONE, 0)},
                {row(1, 0, p, NONE, 0), row(2, 0, new double[] {0.2, 0.3, 0.5}, NONE, 0)},
                {row(1, 0, NONE, new double[] {1, 1}, 0)}
            }) {
                try (TokenStore train = store("train" + faults.size(), rows)) {
                    assertThatThrownBy(() -> targets(false, train, eval))
                            .isInstanceOf(PlumbException.class)
                            .satisfies(e -> faults.add(e.getMessage()));
                }
            }
            assertThat(faults.get(0)).startsWith("rows:2 and rows:1 have one prompt");
            assertThat(faults.get(1)).startsWith("rows:2 has numbers for 3 beliefs");
            assertThat(faults.get(2)).startsWith("rows:1 has no belief_probs").contains("counts");
            try (TokenStore train = store("nobody", row(1, 0, NONE, new double[] {0, 2}, 0))) {
                assertThatThrownBy(() -> targets(false, train, eval, "estimator=counts", "alpha=0"))
                        .hasMessageContaining("rows:1 voices belief 0, which nobody holds");
            }
        }
    }

    @Test
    void proportionalRowsAreNotWeighedOnceMore() {
        String[] seed = {"method=gdpo", "model=m", "data=d", "variant=seed"};
        assertThat(((Job.GdpoJob) job(seed)).weighsRows()).isTrue();
        assertThat(((Job.GdpoJob) job("method=gdpo", "model=m", "data=d")).weighsRows())
                .isFalse();
        assertThatThrownBy(() ->
                        job("method=gdpo", "model=m", "data=d", "variant=seed", "belief.row_sampling=proportional"))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("square");
    }

    private static Job job(String... words) {
        return Methods.job(YamlSource.commandLine().with(List.of(words)));
    }

    @Test
    void rewardsAreForTheOtherMethodOfThisName() {
        for (String word :
                List.of("reward_funcs=[a, b]", "reward_aggregation=normalize_then_sum", "reward_funcs.a=1")) {
            assertThatThrownBy(() -> job("method=gdpo", "model=m", "data=d", word))
                    .isInstanceOf(PlumbException.class)
                    .hasMessageContaining("Group Distributional Preference Optimization (arXiv 2412.20299)")
                    .hasMessageContaining("Group reward-Decoupled Normalization Policy Optimization (arXiv 2601.05242)")
                    .hasMessageContaining("method: grpo with reward_aggregation: normalize_then_sum");
        }
        assertThatThrownBy(() -> Methods.find("gdpo")
                        .orElseThrow()
                        .bind(YamlSource.text("x.yaml", "model: m\ndata: d\nreward_funcs: [a, b]\n")))
                .hasMessageContaining("arXiv 2601.05242");
    }
}
