package dev.plumb.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Measures of pairs against worked numbers. */
class PairScoresTest {
    private static final PairScores SCORES = new PairScores(
            new double[] {1.2, 0.3, 2.0, -0.5, 0.9, 1.1, 0.2, 0.7},
            new double[] {0.4, 0.6, 0.5, -1.0, 0.9, -0.2, 1.0, 0.1});

    @Test
    void rewardModelMetrics() {
        assertThat(mean(SCORES.right())).isEqualTo(0.6875);
        assertThat(mean(SCORES.margins())).isCloseTo(0.45, within(1e-12));
        assertThat(mean(SCORES.nll())).isCloseTo(0.5554613029257206, within(1e-12));
        assertThat(mean(SCORES.brier())).isCloseTo(0.18742586852735338, within(1e-12));
        assertThat(SCORES.calibrationError(5)).isCloseTo(0.1653710572365727, within(1e-12));
        assertThat(Arrays.stream(SCORES.reliability(5))
                        .mapToInt(PairScores.Bin::pairs)
                        .sum())
                .isEqualTo(8);
    }

    @Test
    void anImplicitRewardCountsTiesHalf() {
        PairScores implicit =
                new PairScores(new double[] {0.1, -0.05, -0.05, 0.02}, new double[] {-0.1, 0.1, 0.1, 0.02 + 1e-9});
        assertThat(mean(implicit.right())).isEqualTo(0.375);
    }

    @Test
    void extremesStayNumbers() {
        PairScores far = new PairScores(new double[] {1e4, -1e4}, new double[] {-1e4, 1e4});
        assertThat(far.nll()).containsExactly(0, 2e4);
        assertThat(far.brier()).containsExactly(0, 1);
        assertThat(far.calibrationError(10)).isCloseTo(0.5, within(1e-12));
    }

    private static double mean(double[] values) {
        return Arrays.stream(values).average().orElseThrow();
    }
}
