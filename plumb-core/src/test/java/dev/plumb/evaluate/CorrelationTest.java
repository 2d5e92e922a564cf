package dev.plumb.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Correlations against worked numbers. */
class CorrelationTest {
    /** Of {@code reward-model-metrics}: chosen answers, then rejected ones. */
    private static final double[] SCORES = {
        1.2, 0.3, 2.0, -0.5, 0.9, 1.1, 0.2, 0.7, 0.4, 0.6, 0.5, -1.0, 0.9, -0.2, 1.0, 0.1
    };

    private static final double[] LENGTHS = {120, 80, 200, 60, 90, 150, 70, 110, 100, 95, 120, 80, 90, 60, 140, 100};
    private static final int[] PROMPTS = IntStream.range(0, 16).map(i -> i % 8).toArray();

    @Test
    void ofAllAnswers() {
        Estimate pearson = Correlation.pearson(SCORES, LENGTHS, PROMPTS);
        assertThat(pearson.value()).isCloseTo(0.8093555749656971, within(1e-12));
        assertThat(pearson.prompts()).isEqualTo(8);
        assertThat(pearson.low()).isLessThan(pearson.value()).isGreaterThan(0);
        assertThat(pearson.high()).isBetween(pearson.value(), 1.0);
        assertThat(Correlation.spearman(SCORES, LENGTHS, PROMPTS).value()).isCloseTo(0.7961630015326923, within(1e-12));
    }

    /** Prompts with long good answers and prompts with short bad ones; within each the shorter answer has more. */
    @Test
    void withinPromptsIsAnotherQuestion() {
        double[] rewards = {10, 11, 12, 0, 1, 2};
        double[] lengths = {102, 101, 100, 12, 11, 10};
        int[] prompts = {0, 0, 0, 1, 1, 1};
        assertThat(Correlation.pearson(rewards, lengths, prompts).value()).isGreaterThan(0.9);
        double[] reward = Correlation.withinPrompt(rewards, prompts);
        double[] length = Correlation.withinPrompt(lengths, prompts);
        assertThat(Correlation.pearson(reward, length, prompts).value()).isCloseTo(-1, within(1e-12));
        assertThat(Correlation.spearman(reward, length, prompts).value()).isCloseTo(-1, within(1e-12));
    }

    @Test
    void equalNumbersShareTheirRanks() {
        assertThat(Correlation.ranks(new double[] {3, 1, 3, 2})).containsExactly(2.5, 0, 2.5, 1);
    }

    @Test
    void whatDoesNotVaryGoesWithNothing() {
        double[] same = {0.1, 0.1, 0.1};
        assertThat(Correlation.pearson(same, new double[] {1, 2, 3}, new int[] {0, 1, 2})
                        .value())
                .isNaN();
        assertThat(Correlation.pearson(new double[] {1, 2, 3}, same, new int[] {0, 0, 0})
                        .value())
                .isNaN();
    }

    @Test
    void oneFarReadingStaysANumber() {
        double[] far = {1e8 + 1, 1e8, 1e8 + 2};
        assertThat(Correlation.pearson(far, new double[] {1, 0, 2}, new int[] {0, 1, 2})
                        .value())
                .isCloseTo(1, within(1e-9));
    }
}
