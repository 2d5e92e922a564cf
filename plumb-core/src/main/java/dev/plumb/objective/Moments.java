package dev.plumb.objective;

import java.util.Arrays;
import java.util.List;

/**
 * Mean and spread of some numbers. A missing number is NaN and left out.
 *
 * @param count how many there are
 * @param mean their mean, 0 if there are none
 * @param squares sum of their squared distances from it
 */
record Moments(long count, double mean, double squares) {
    /** Below this a spread is rounding, not information. */
    static final double NO_SPREAD = 1e-8;

    private static final double WHITENING = 1e-8;

    static Moments of(double[] values) {
        return of(List.of(values));
    }

    /** Of some from an array. */
    static Moments of(double[] values, int from, int to) {
        return of(List.of(Arrays.copyOfRange(values, from, to)));
    }

    /** Of all numbers in all rows. */
    static Moments of(List<double[]> rows) {
        long count = 0;
        double sum = 0;
        for (double[] row : rows) {
            for (double value : row) {
                if (!Double.isNaN(value)) {
                    count++;
                    sum += value;
                }
            }
        }
        double mean = count == 0 ? 0 : sum / count;
        double squares = 0;
        for (double[] row : rows) {
            for (double value : row) {
                squares += Double.isNaN(value) ? 0 : (value - mean) * (value - mean);
            }
        }
        return new Moments(count, mean, squares);
    }

    double variance(StandardDeviation kind) {
        long divisor = kind == StandardDeviation.SAMPLE ? count - 1 : count;
        return divisor < 1 ? 0 : squares / divisor;
    }

    double std(StandardDeviation kind) {
        return Math.sqrt(variance(kind));
    }

    /** (x − mean) / (std + eps); 0 where the spread is none, so that no noise is blown up, and for a missing x. */
    double standardised(double x, StandardDeviation kind, double eps) {
        double std = std(kind);
        return Double.isNaN(x) || std <= NO_SPREAD ? 0 : (x - mean) / (std + eps);
    }

    /**
     * (x − mean) / √(sample variance + 1e-8) of all numbers, as PPO whitens; 0 if there is one only, and where it is missing.
     *
     * @param rows [rows][tokens]
     * @param keepMean whether the mean is added again, so that only the scale changes
     */
    static List<double[]> whitened(List<double[]> rows, boolean keepMean) {
        Moments moments = of(rows);
        double scale = moments.count() < 2 ? 0 : 1 / Math.sqrt(moments.variance(StandardDeviation.SAMPLE) + WHITENING);
        double back = keepMean ? moments.mean() : 0;
        return rows.stream()
                .map(row -> Arrays.stream(row)
                        .map(x -> Double.isNaN(x) ? 0 : (x - moments.mean()) * scale + back)
                        .toArray())
                .toList();
    }
}
