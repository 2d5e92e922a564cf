package dev.plumb.evaluate;

import java.util.Arrays;
import java.util.stream.IntStream;

/** How far two numbers of answers go together, such as reward and length, with intervals over prompts. */
public final class Correlation {
    private Correlation() {}

    /**
     * Pearson's correlation.
     *
     * @param x one number an answer
     * @param y another
     * @param prompt for each answer the number of its prompt, from 0 on without gaps
     * @return the estimate, not a number where either does not vary
     */
    public static Estimate pearson(double[] x, double[] y, int[] prompt) {
        double[] a = centred(x);
        double[] b = centred(y);
        double[][] sums = new double[Arrays.stream(prompt).max().orElse(0) + 1][6];
        for (int i = 0; i < x.length; i++) {
            double[] sum = sums[prompt[i]];
            sum[0]++;
            sum[1] += a[i];
            sum[2] += b[i];
            sum[3] += a[i] * a[i];
            sum[4] += b[i] * b[i];
            sum[5] += a[i] * b[i];
        }
        return Estimate.ofSums(sums, Correlation::pearson);
    }

    private static double pearson(double[] sum) {
        double n = sum[0];
        double xx = sum[3] - sum[1] * sum[1] / n;
        double yy = sum[4] - sum[2] * sum[2] / n;
        double noise = 1e-12; // of what does not vary only rounding is left
        return xx <= noise * sum[3] || yy <= noise * sum[4]
                ? Double.NaN
                : (sum[5] - sum[1] * sum[2] / n) / Math.sqrt(xx * yy);
    }

    /**
     * Spearman's correlation, Pearson's of ranks; equal numbers share the mean of their ranks. Its interval takes the ranks
     * among all answers as given.
     *
     * @param x one number an answer
     * @param y another
     * @param prompt for each answer the number of its prompt, from 0 on without gaps
     * @return the estimate, not a number where either does not vary
     */
    public static Estimate spearman(double[] x, double[] y, int[] prompt) {
        return pearson(ranks(x), ranks(y), prompt);
    }

    /**
     * Numbers less the mean of those of their prompt: correlations of these say what is true within prompts, whatever the
     * prompts are like.
     *
     * @param x one number an answer
     * @param prompt for each answer the number of its prompt, from 0 on without gaps
     * @return the differences
     */
    public static double[] withinPrompt(double[] x, int[] prompt) {
        int prompts = Arrays.stream(prompt).max().orElse(-1) + 1;
        double[] sums = new double[prompts];
        int[] counts = new int[prompts];
        for (int i = 0; i < x.length; i++) {
            sums[prompt[i]] += x[i];
            counts[prompt[i]]++;
        }
        double[] apart = new double[x.length];
        Arrays.setAll(apart, i -> x[i] - sums[prompt[i]] / counts[prompt[i]]);
        return apart;
    }

    private static double[] centred(double[] x) {
        double mean = Arrays.stream(x).average().orElse(0);
        return Arrays.stream(x).map(value -> value - mean).toArray();
    }

    static double[] ranks(double[] x) {
        int[] order = IntStream.range(0, x.length)
                .boxed()
                .sorted((a, b) -> Double.compare(x[a], x[b]))
                .mapToInt(i -> i)
                .toArray();
        double[] ranks = new double[x.length];
        for (int start = 0, end; start < order.length; start = end) {
            end = start + 1;
            while (end < order.length && x[order[end]] == x[order[start]]) {
                end++;
            }
            for (int i = start; i < end; i++) {
                ranks[order[i]] = (start + end - 1) / 2.0;
            }
        }
        return ranks;
    }
}
