package dev.plumb.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Estimates against published numbers, and their intervals against what an interval promises. */
class EstimateTest {
    private static final double[] OUTCOMES = {1, 1, 0.5, 0, 1, 0.5, 1, 0, 1, 1, 0, 0.5};

    @Test
    void aShareOfFewPromptsHasWilsonsInterval() {
        Estimate share = Estimate.share(OUTCOMES, numbers(12));
        assertThat(share.value()).isEqualTo(0.625);
        // Wilson's formula at 7.5 of 12.
        assertThat(share.low()).isCloseTo(0.3543690134662527, within(1e-12));
        assertThat(share.high()).isCloseTo(0.8350074848699371, within(1e-12));
        Estimate none = Estimate.share(new double[60], new int[60]);
        assertThat(none.low()).isZero();
        assertThat(none.prompts()).isEqualTo(1);
    }

    @Test
    void theBootstrapComesNearTheStandardError() {
        Estimate mean = Estimate.mean(OUTCOMES, numbers(12));
        double error = 0.125 * Math.sqrt(11.0 / 12); // of the plug-in variance, which divides by n
        assertThat(mean.high() - mean.low()).isCloseTo(2 * 1.96 * error, within(0.03));
        assertThat(Estimate.mean(OUTCOMES, numbers(12))).isEqualTo(mean);
    }

    @Test
    void nineteenOfTwentyIntervalsHoldTheTruth() {
        SplittableRandom random = new SplittableRandom(5);
        int held = 0;
        for (int trial = 0; trial < 60; trial++) {
            double[] values = random.doubles(60).map(u -> u < 0.3 ? 1 : 0).toArray();
            Estimate share = Estimate.share(values, numbers(60));
            held += share.low() <= 0.3 && 0.3 <= share.high() ? 1 : 0;
        }
        assertThat(held).isBetween(52, 60);
    }

    @Test
    void rowsOfOnePromptDoNotMakeItSurer() {
        double[] once = new SplittableRandom(7).doubles(40).toArray();
        double[] fiveTimes = new double[200];
        int[] prompt = new int[200];
        Arrays.setAll(fiveTimes, i -> once[i % 40]);
        Arrays.setAll(prompt, i -> i % 40);
        Estimate repeated = Estimate.mean(fiveTimes, prompt);
        Estimate single = Estimate.mean(once, numbers(40));
        assertThat(repeated.low()).isCloseTo(single.low(), within(1e-12));
        assertThat(repeated.high()).isCloseTo(single.high(), within(1e-12));
        assertThat(repeated.prompts()).isEqualTo(40);
    }

    @Test
    void perplexityIsOfAllTokensTogether() {
        double[] nll = {3.7, 1.2, 4.3};
        double[] tokens = {3, 2, 4};
        Estimate perplexity = Estimate.ratio(nll, tokens, numbers(3)).on(Math::exp);
        assertThat(perplexity.value()).isCloseTo(2.7793642714647717, within(1e-12));
        assertThat(perplexity.low()).isBetween(1.8, 2.7793);
    }

    private static int[] numbers(int n) {
        int[] numbers = new int[n];
        Arrays.setAll(numbers, i -> i);
        return numbers;
    }
}
