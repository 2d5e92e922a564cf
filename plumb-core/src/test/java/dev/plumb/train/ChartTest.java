package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ChartTest {
    private static Series series(double... y) {
        double[] x = IntStream.rangeClosed(1, y.length).asDoubleStream().toArray();
        return new Series("training", MetricsLog.Split.TRAIN, 0, x, y);
    }

    private static double[] zigzag(int length) {
        return IntStream.range(0, length).mapToDouble(i -> i % 2).toArray();
    }

    @Test
    void valuesThatDifferByRoundingHaveAFewTicks() {
        double other = Math.nextUp(0.125);
        assertThat(new Scale(0.125, other, 0, 1).ticks(4).size()).isLessThan(10);
        Series series = series(0.125, other, 0.125);
        assertThat(LineChart.draw("share", List.of(series), OptionalDouble.empty()))
                .contains(">0.12<");
        assertThat(LineChart.draw("none", List.of(series(0, Double.MIN_VALUE)), OptionalDouble.empty()))
                .contains("<svg");
    }

    @Test
    void ticksAreRound() {
        assertThat(new Scale(0.13, 0.75, 0, 1).ticks(4)).containsExactly(0.2, 0.4, 0.6);
        assertThat(new Scale(-0.35, 1.2, 0, 1).ticks(4)).containsExactly(0.0, 0.5, 1.0);
        assertThat(new Scale(1, 600, 0, 1).ticks(5)).containsExactly(100.0, 200.0, 300.0, 400.0, 500.0, 600.0);
        assertThat(List.of(0.0, -0.5, 20_000.0, 2.5e6, 5e-6, 1500.0).stream().map(Scale::label))
                .containsExactly("0", "\u22120.5", "20k", "2.5M", "5e\u22126", "1500");
    }

    @Test
    void numbersHaveTheDigitsThatMatter() {
        assertThat(List.of(0.69315, -12.345, 1234567.0, 0.0, 5e-6, -1.5e-7, 3.2e9).stream()
                        .map(Html::number))
                .containsExactly(
                        "0.693", "\u221212.35", "1\u202f234\u202f567", "0", "5e\u22126", "\u22121.5e\u22127", "3.2e9");
        assertThat(Html.number(0.05, Html.decimals(0.05, 0.7))).isEqualTo("0.050");
        assertThat(Html.number(57, Html.decimals(57, 61.2))).isEqualTo("57.0");
    }

    @Test
    void smoothingKeepsLevelAndPlace() {
        double[] flat = new double[100];
        Arrays.fill(flat, 3);
        assertThat(series(flat).smooth().y()).containsOnly(new double[] {3}, within(1e-12));
        double[] step =
                IntStream.range(0, 201).mapToDouble(i -> i < 100 ? 0 : 1).toArray();
        double[] smooth = series(step).smooth().y();
        assertThat(smooth[0]).isLessThan(1e-3);
        assertThat(smooth[200]).isGreaterThan(1 - 1e-3);
        assertThat((smooth[99] + smooth[100]) / 2).isCloseTo(0.5, within(0.01)); // no lag
    }

    @Test
    void smoothingDoesNotCrossAGap() {
        double[] y = zigzag(60);
        Arrays.fill(y, 0, 30, 0);
        Arrays.fill(y, 31, 60, 9);
        y[30] = Double.NaN;
        double[] smooth = series(y).smooth().y();
        assertThat(smooth[29]).isZero();
        assertThat(smooth[30]).isNaN();
        assertThat(smooth[31]).isCloseTo(9, within(1e-12));
    }

    @Test
    void thinningKeepsExtremesAndGaps() {
        double[] y = zigzag(10_000);
        y[1234] = 50;
        y[7777] = -50;
        y[5000] = Double.NaN;
        Series thin = series(y).thin(100);
        assertThat(thin.x().length).isLessThan(310);
        assertThat(thin.finite()).startsWith(-50).endsWith(50);
        assertThat(Arrays.stream(thin.y()).anyMatch(Double::isNaN)).isTrue();
        assertThat(thin.x()).isSorted();
        assertThat(thin.x()[thin.x().length - 1]).isEqualTo(10_000);
    }

    @Test
    void aScheduleIsDrawnAsItIsAndNoiseIsSmoothed() {
        double[] schedule =
                IntStream.range(0, 100).mapToDouble(i -> Math.min(i, 100 - i)).toArray();
        assertThat(series(schedule).rough()).isFalse();
        assertThat(series(zigzag(100)).rough()).isTrue();
        assertThat(series(zigzag(10)).rough()).isFalse();
    }

    @Test
    void aSpikeOutsideTheFrameIsTold() {
        double[] y = zigzag(200);
        y[60] = 1e6;
        assertThat(LineChart.draw("Norm", List.of(series(y)), OptionalDouble.empty()))
                .contains("The highest value, 1\u202f000\u202f000, lies above the frame.");
        assertThat(LineChart.draw("Norm", List.of(series(zigzag(200))), OptionalDouble.empty()))
                .doesNotContain("frame");
    }

    @Test
    void oddCoursesAreDrawnWithoutNonsense() {
        for (double[] y : List.of(
                new double[] {1},
                new double[] {0, 0},
                new double[] {Double.NaN},
                new double[] {Double.NaN, Double.POSITIVE_INFINITY, 1},
                new double[] {1e-300, 2e-300},
                new double[] {-1e300, 1e300})) {
            String html = LineChart.draw("t", List.of(series(y)), OptionalDouble.of(0));
            assertThat(html.replaceAll(">[^<]*<", "><").replaceAll("aria-label=\"[^\"]*\"", ""))
                    .doesNotContain("NaN", "Infinity", "\u221e");
        }
    }

    @Test
    void theReferenceIsMarkedWhereItIsNear() {
        assertThat(LineChart.draw("a", List.of(series(0.55, 0.7)), OptionalDouble.of(0.5)))
                .contains("class=\"reference\"");
        assertThat(LineChart.draw("a", List.of(series(0.95, 0.96)), OptionalDouble.of(0.5)))
                .doesNotContain("class=\"reference\"");
    }
}
