package dev.plumb.objective;

import static dev.plumb.objective.PolicyRows.assertClose;
import static dev.plumb.objective.PolicyRows.value;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.plumb.objective.SamplerMismatch.Correction;
import dev.plumb.objective.SamplerMismatch.Mode;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What surrounds the losses: weights for another sampler, the penalty for length, the choice of groups. */
class SamplingTest {
    private static Correction corrected(
            Mode mode, double cap, double floor, List<double[]> old, List<double[]> sampler) {
        return new SamplerMismatch(new SamplerMismatch.Config(mode, cap, Optional.of(floor))).of(old, sampler);
    }

    @Test
    void weightsForAnotherSampler() throws IOException {
        JsonNode vector = PolicyRows.vector("sampler-mismatch-weights");
        JsonNode in = vector.get("inputs");
        JsonNode expected = vector.get("expected");
        JsonNode mask = in.get("mask");
        List<double[]> old = PolicyRows.rows(in.get("old_logps"), mask);
        List<double[]> sampler = PolicyRows.rows(in.get("sampler_logps"), mask);
        double cap = in.get("cap").asDouble();
        double floor = in.get("floor").asDouble();
        List<double[]> truncated = PolicyRows.rows(expected.get("token_truncate"), mask);
        for (Mode mode : Mode.values()) {
            Correction correction = corrected(mode, cap, floor, old, sampler);
            double mean = expected.get("logp_difference_mean").asDouble();
            double most = expected.get("logp_difference_max").asDouble();
            assertClose("mean", value(correction.measures(), "sampling/sampling_logp_difference/mean"), mean, 1e-9);
            assertClose("max", value(correction.measures(), "sampling/sampling_logp_difference/max"), most, 1e-9);
            String name = mode.name().toLowerCase(Locale.ROOT);
            List<double[]> want = switch (mode) {
                case NONE -> List.of();
                case TOKEN_TRUNCATE, TOKEN_MASK -> PolicyRows.rows(expected.get(name), mask);
                case SEQUENCE_TRUNCATE, SEQUENCE_MASK -> PolicyRows.spread(PolicyRows.numbers(expected.get(name)), old);
                case GEOMETRIC_KEEP -> {
                    double[] keep = PolicyRows.numbers(expected.get(name));
                    for (int i = 0; i < keep.length; i++) {
                        double kept = keep[i];
                        truncated.set(
                                i,
                                Arrays.stream(truncated.get(i))
                                        .map(w -> w * kept)
                                        .toArray());
                    }
                    yield truncated;
                }
            };
            assertClose(name, PolicyRows.flat(correction.weights()), PolicyRows.flat(want), 1e-8);
        }
    }

    @Test
    void theSamePolicyHasWeightsOfOneAndExtremesStayFinite() {
        List<double[]> old = List.of(new double[] {-1, -2}, new double[0]);
        for (Mode mode : Mode.values()) {
            if (mode != Mode.NONE) {
                assertThat(PolicyRows.flat(corrected(mode, 3, 0.5, old, old).weights()))
                        .containsOnly(1);
                for (double far : new double[] {-1e4, 1e4}) {
                    List<double[]> away = List.of(new double[] {far, far}, new double[0]);
                    for (double w :
                            PolicyRows.flat(corrected(mode, 3, 0.5, old, away).weights())) {
                        assertThat(w).isBetween(0.0, 3.0);
                    }
                }
            }
        }
    }

    @Test
    void groupsThatDifferTeach() throws IOException {
        JsonNode vector = PolicyRows.vector("dapo-dynamic-sampling");
        List<double[]> groups = PolicyRows.rows(vector.at("/inputs/group_rewards"));
        for (int g = 0; g < groups.size(); g++) {
            assertThat(DynamicSampling.informative(groups.get(g)))
                    .isEqualTo(vector.at("/expected/informative/" + g).asInt() == 1);
        }
        assertThat(DynamicSampling.informative(new double[] {Double.NaN, Double.NaN}))
                .isFalse();
        assertThat(DynamicSampling.informative(new double[] {1, Double.NaN, 0})).isTrue();
    }
}
