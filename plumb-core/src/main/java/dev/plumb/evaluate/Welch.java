package dev.plumb.evaluate;

import java.util.Arrays;

/**
 * The difference of two means whose values were drawn independently and spread differently, such as several runs of two methods
 * (Welch 1947).
 *
 * @param difference mean of the first less mean of the second
 * @param low lower end of the 95 % interval; not a number where either side has a single value
 * @param high upper end
 * @param pValue two-sided, of no difference; not a number with the interval
 * @param standardError of the difference
 */
public record Welch(double difference, double low, double high, double pValue, double standardError) {
    /**
     * Compares.
     *
     * @param first values, at least one
     * @param second values, at least one
     * @return the difference
     */
    public static Welch of(double[] first, double[] second) {
        double difference = mean(first) - mean(second);
        if (first.length < 2 || second.length < 2) {
            return new Welch(difference, Double.NaN, Double.NaN, Double.NaN, Double.NaN);
        }
        double a = variance(first) / first.length;
        double b = variance(second) / second.length;
        double error = Math.sqrt(a + b);
        if (error == 0) { // all runs alike: the difference is what it is
            return new Welch(difference, difference, difference, difference == 0 ? 1 : 0, 0);
        }
        double freedom = (a + b) * (a + b) / (a * a / (first.length - 1) + b * b / (second.length - 1));
        double half = Student.central95(freedom) * error;
        return new Welch(
                difference,
                difference - half,
                difference + half,
                Student.bothTails(difference / error, freedom),
                error);
    }

    /**
     * A mean over runs with Student's 95 % interval: what another run from another seed would give.
     *
     * @param runs one value a run, at least one
     * @return the estimate; its unit is the run
     */
    public static Estimate overRuns(double[] runs) {
        double mean = mean(runs);
        double half = runs.length < 2
                ? Double.NaN
                : Student.central95(runs.length - 1) * Math.sqrt(variance(runs) / runs.length);
        return new Estimate(mean, mean - half, mean + half, runs.length);
    }

    private static double mean(double[] values) {
        return Arrays.stream(values).average().orElseThrow();
    }

    private static double variance(double[] values) {
        double mean = mean(values);
        return Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum() / (values.length - 1);
    }
}
