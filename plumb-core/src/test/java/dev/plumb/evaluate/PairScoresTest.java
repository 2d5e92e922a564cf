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

    /** Where margins are k times the log-odds, the temperature is k; dividing by it lowers the loss, on either side of it. */
    @Test
    void theTemperatureIsTheOneOfLeastLoss() {
        double[] odds = {0.5, 0.5, 0.5, 1.5, 1.5, 1.5, 1.5, 1.5};
        int[] wrong = {1, 1, 1, -1, 1, 1, 1, -1};
        wrong[2] = -1;
        double[] chosen = new double[8];
        Arrays.setAll(chosen, i -> 3 * odds[i] * wrong[i]);
        PairScores scores = new PairScores(chosen, new double[8]);
        double temperature = scores.temperature().orElseThrow();
        double least = lossAt(scores, temperature);
        assertThat(least).isLessThan(lossAt(scores, temperature * 1.01)).isLessThan(lossAt(scores, temperature / 1.01));
        double[] twice = Arrays.stream(chosen).map(c -> 2 * c).toArray();
        assertThat(new PairScores(twice, new double[8]).temperature().orElseThrow())
                .isCloseTo(2 * temperature, within(1e-9));
        // Of pairs that are all 1 apart, three right and one wrong, the log-odds are ln 3.
        PairScores even = new PairScores(new double[] {1, 1, 1, -1}, new double[4]);
        assertThat(even.temperature().orElseThrow()).isCloseTo(1 / Math.log(3), within(1e-9));
    }

    private static double lossAt(PairScores scores, double temperature) {
        double[] chosen =
                Arrays.stream(scores.margins()).map(m -> m / temperature).toArray();
        return mean(new PairScores(chosen, new double[chosen.length]).nll());
    }

    @Test
    void noTemperatureWhereNothingIsWrongOrNothingIsRight() {
        for (double[] chosen : new double[][] {{1, 2}, {-1, -2}, {0, 0}, {1, -1}}) {
            assertThat(new PairScores(chosen, new double[2]).temperature()).isEmpty();
        }
    }

    @Test
    void tenthsAreOrderedByDistance() {
        PairScores.Bin[] halves = SCORES.byDistance(2); // distances 0 .3 .5 .6 and .8 .8 1.3 1.5
        assertThat(halves[0].pairs()).isEqualTo(4);
        assertThat(halves[0].confidence()).isCloseTo(1.4 / 4, within(1e-12));
        assertThat(halves[0].accuracy()).isEqualTo(2.5 / 4);
        assertThat(halves[1].accuracy()).isEqualTo(3.0 / 4);
    }

    private static double mean(double[] values) {
        return Arrays.stream(values).average().orElseThrow();
    }
}
