package dev.plumb.train;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The course of one metric.
 *
 * @param label what it is called in the legend
 * @param split which rows it was measured on
 * @param colour which of the chart's colours it has, from 0
 * @param x the steps, ascending
 * @param y the values, not all of them finite
 */
record Series(String label, MetricsLog.Split split, int colour, double[] x, double[] y) {
    private static final int ROUGH_FROM = 25;

    /**
     * Whether to show a faint line with a smooth one over it: for many points that go up and down. A schedule goes up and
     * down once and is shown as it is.
     */
    boolean rough() {
        double[] ordered = finite();
        if (split == MetricsLog.Split.EVAL || ordered.length < ROUGH_FROM) {
            return false;
        }
        double way = 0;
        for (int i = 1; i < y.length; i++) {
            double by = Math.abs(y[i] - y[i - 1]);
            way += Double.isFinite(by) ? by : 0;
        }
        return way > 3 * (ordered[ordered.length - 1] - ordered[0]);
    }

    /**
     * A smooth course: the mean of exponential averages that come from both sides, so that it does not lag. It does not
     * cross a value that is not finite.
     */
    Series smooth() {
        double decay = Math.exp(-1 / Math.max(1.0, x.length / 50.0));
        double[] sum = new double[x.length];
        double[] weight = new double[x.length];
        accumulate(IntStream.range(0, x.length), decay, sum, weight);
        accumulate(IntStream.range(0, x.length).map(i -> x.length - 1 - i), decay, sum, weight);
        double[] smooth = new double[x.length];
        Arrays.setAll(smooth, i -> Double.isFinite(y[i]) ? (sum[i] - y[i]) / (weight[i] - 1) : y[i]);
        return new Series(label, split, colour, x, smooth);
    }

    /** The same with finite values outside of some bounds moved to them. */
    Series clamped(double low, double high) {
        double[] within = Arrays.stream(y)
                .map(v -> Double.isFinite(v) ? Math.max(low, Math.min(high, v)) : v)
                .toArray();
        return new Series(label, split, colour, x, within);
    }

    private void accumulate(IntStream order, double decay, double[] sum, double[] weight) {
        double[] running = new double[2];
        order.forEach(i -> {
            if (Double.isFinite(y[i])) {
                running[0] = running[0] * decay + y[i];
                running[1] = running[1] * decay + 1;
            } else {
                Arrays.fill(running, 0);
            }
            sum[i] += running[0];
            weight[i] += running[1];
        });
    }

    /** Fewer points that draw the same line: of each stretch, its lowest and its highest point and all gaps. */
    Series thin(int stretches) {
        if (x.length <= 2 * stretches) {
            return this;
        }
        IntStream.Builder kept = IntStream.builder();
        for (int s = 0; s < stretches; s++) {
            int from = (int) ((long) s * x.length / stretches);
            int to = (int) ((long) (s + 1) * x.length / stretches);
            int low = from;
            int high = from;
            int gap = -1;
            for (int i = from; i < to; i++) {
                if (!Double.isFinite(y[i])) {
                    gap = i;
                } else if (!(y[i] >= y[low])) {
                    low = i;
                } else if (!(y[i] <= y[high])) {
                    high = i;
                }
            }
            kept.add(low).add(high);
            if (gap >= 0) {
                kept.add(gap);
            }
        }
        kept.add(x.length - 1);
        int[] order = kept.build().sorted().distinct().toArray();
        return new Series(
                label,
                split,
                colour,
                Arrays.stream(order).mapToDouble(i -> x[i]).toArray(),
                Arrays.stream(order).mapToDouble(i -> y[i]).toArray());
    }

    /** The values that are finite, ascending. */
    double[] finite() {
        return Arrays.stream(y).filter(Double::isFinite).sorted().toArray();
    }

    double last() {
        return y[y.length - 1];
    }

    /** The index of the point nearest to a step. */
    int nearest(double step) {
        int found = Arrays.binarySearch(x, step);
        if (found >= 0) {
            return found;
        }
        int after = Math.min(x.length - 1, -found - 1);
        return after > 0 && step - x[after - 1] <= x[after] - step ? after - 1 : after;
    }
}
