package dev.plumb.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Tests of differences against worked numbers and tables, and against what a test promises. */
class ComparisonsTest {
    private static final double[] FIRST = {1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 1, 0};
    private static final double[] SECOND = {1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0};

    @Test
    void holmAdjusts() {
        assertThat(Holm.adjusted(new double[] {0.01, 0.04, 0.03, 0.2}))
                .containsExactly(new double[] {0.04, 0.09, 0.09, 0.2}, within(1e-12));
        assertThat(Holm.adjusted(new double[] {0.6, 0.6})).containsExactly(1, 1);
        assertThat(Holm.adjusted(new double[0])).isEmpty();
    }

    @Test
    void signsAreFlippedExactly() {
        double[] scores = {0.1, 0.5, -0.1, 0.6, 0.6, -0.1, 0.8};
        assertThat(Arrays.stream(scores).average().orElseThrow()).isCloseTo(0.3428571428571429, within(1e-12));
        assertThat(SignFlip.pValue(scores)).isEqualTo(0.109375);
        double[] binary = new double[FIRST.length];
        Arrays.setAll(binary, i -> FIRST[i] - SECOND[i]);
        assertThat(SignFlip.pValue(binary)).isEqualTo(0.375);
        assertThat(SignFlip.pValue(new double[] {0, 0})).isEqualTo(1);
        assertThat(SignFlip.pValue(new double[] {1e4, 1e4, 1e4, 1e4, 1e4, 1e4})).isEqualTo(2.0 / 64);
    }

    /** The exact probability of 30 of 40 or further is McNemar's with 30 and 10. */
    @Test
    void manySignsAreDrawn() {
        double[] differences = new double[140];
        Arrays.fill(differences, 0, 30, 1);
        Arrays.fill(differences, 30, 40, -1);
        assertThat(SignFlip.pValue(differences)).isCloseTo(new PairedOutcomes(30, 10).pValue(), within(1.5e-3));
        double[] alike = new double[100];
        Arrays.fill(alike, 1);
        assertThat(SignFlip.pValue(alike)).isEqualTo(1.0 / 10_001);
    }

    @Test
    void newcombesInterval() {
        Estimate difference = new Proportion(56, 70).minus(new Proportion(48, 80));
        assertThat(difference.value()).isCloseTo(0.2, within(1e-12));
        assertThat(difference.low()).isCloseTo(0.05243147240236498, within(1e-9));
        assertThat(difference.high()).isCloseTo(0.333872654036906, within(1e-9));
    }

    /** Printed tables of Student's t. */
    @Test
    void studentsQuantiles() {
        assertThat(Student.central95(1)).isCloseTo(12.706204736432095, within(1e-8));
        assertThat(Student.central95(2)).isCloseTo(4.302652729749464, within(1e-9));
        assertThat(Student.central95(4)).isCloseTo(2.7764451051977987, within(1e-9));
        assertThat(Student.central95(30)).isCloseTo(2.042272456301238, within(1e-9));
        assertThat(Student.central95(1e7)).isCloseTo(1.959963984540054, within(1e-6));
        assertThat(Student.bothTails(0, 3)).isEqualTo(1);
        assertThat(Student.bothTails(1, 1)).isCloseTo(0.5, within(1e-12)); // Cauchy
        assertThat(Student.bothTails(Double.POSITIVE_INFINITY, 3)).isZero();
    }

    /** Means 3 and 6, variances 1 and 4, three runs each: error √(5/3), freedom 50/17, t = 2.3238. */
    @Test
    void welchsInterval() {
        Welch welch = Welch.of(new double[] {4, 6, 8}, new double[] {2, 3, 4});
        assertThat(welch.difference()).isEqualTo(3);
        assertThat(welch.standardError()).isCloseTo(Math.sqrt(5.0 / 3), within(1e-12));
        double half = Student.central95(50.0 / 17) * Math.sqrt(5.0 / 3);
        assertThat(welch.low()).isCloseTo(3 - half, within(1e-9));
        assertThat(welch.high()).isCloseTo(3 + half, within(1e-9));
        assertThat(welch.pValue()).isBetween(0.10, 0.11);
        assertThat(Welch.of(new double[] {1}, new double[] {2, 3}).low()).isNaN();
        assertThat(Welch.of(new double[] {1, 1}, new double[] {1, 1}).pValue()).isEqualTo(1);
        Estimate mean = Welch.overRuns(new double[] {4, 6, 8});
        assertThat(mean.high()).isCloseTo(6 + 4.302652729749464 * 2 / Math.sqrt(3), within(1e-8));
        assertThat(mean.prompts()).isEqualTo(3);
    }

    @Test
    void pairsOfDifferentPromptsAreTestedByMcNemar() {
        PairedDifference paired = PairedDifference.of(FIRST, SECOND, numbers(12));
        assertThat(paired.exactMcNemar()).isTrue();
        assertThat(paired.outcomes()).isEqualTo(new PairedOutcomes(1, 4));
        assertThat(paired.pValue()).isCloseTo(0.375, within(1e-12));
        assertThat(paired.estimate().value()).isCloseTo(-0.25, within(1e-12));
        // differences: four −1, one 1, seven 0: s² = (5 − 12 · 0.0625) / 11
        assertThat(paired.detectable()).isCloseTo(2.8 * Math.sqrt(4.25 / 11 / 12), within(1e-12));
    }

    @Test
    void rowsOfOnePromptAreOneFinding() {
        double[] first = new double[24];
        double[] second = new double[24];
        int[] prompt = IntStream.range(0, 24).map(i -> i / 4).toArray();
        Arrays.fill(second, 1);
        PairedDifference paired = PairedDifference.of(first, second, prompt);
        assertThat(paired.exactMcNemar()).isFalse();
        assertThat(paired.pValue()).isEqualTo(2.0 / 64); // six prompts, not 24 rows
        assertThatIllegalArgumentException().isThrownBy(() -> PairedDifference.of(first, FIRST, prompt));
    }

    @Test
    void aTieIsTestedByItsHalf() {
        PairedDifference paired = PairedDifference.of(new double[] {0.5, 0.5}, new double[] {1, 1}, numbers(2));
        assertThat(paired.exactMcNemar()).isFalse();
        assertThat(paired.pValue()).isEqualTo(0.5);
    }

    /** Of comparisons of equals, one in twenty at most is called a difference. */
    @Test
    void equalsAreSeldomCalledDifferent() {
        SplittableRandom random = new SplittableRandom(11);
        int found = 0;
        for (int trial = 0; trial < 60; trial++) {
            double[] a = random.doubles(50).map(u -> u < 0.6 ? 1 : 0).toArray();
            double[] b = random.doubles(50).map(u -> u < 0.6 ? 1 : 0).toArray();
            found += PairedDifference.of(a, b, numbers(50)).pValue() < 0.05 ? 1 : 0;
        }
        assertThat(found).isLessThanOrEqualTo(6);
    }

    @Test
    void verdictsNeedBothIntervalAndTest() {
        assertThat(Verdict.of(0.01, 0.2, 0.01, 0.02)).isEqualTo(Verdict.BETTER);
        assertThat(Verdict.of(-0.2, -0.01, 0.01, 0.02)).isEqualTo(Verdict.WORSE);
        assertThat(Verdict.of(0.01, 0.2, 0.2, 0.02)).isEqualTo(Verdict.NO_EVIDENCE);
        assertThat(Verdict.of(-0.1, 0.2, 0.2, 0.02)).isEqualTo(Verdict.NO_EVIDENCE);
        assertThat(Verdict.of(-0.01, 0.015, 0.8, 0.02)).isEqualTo(Verdict.EQUIVALENT);
        assertThat(Verdict.of(Double.NaN, Double.NaN, Double.NaN, 0.02)).isEqualTo(Verdict.NO_EVIDENCE);
    }

    private static int[] numbers(int n) {
        return IntStream.range(0, n).toArray();
    }
}
