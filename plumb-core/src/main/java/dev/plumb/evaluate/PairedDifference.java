package dev.plumb.evaluate;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * Two models on the same rows: by how much the second is ahead, and whether chance explains it. Where every prompt has one row
 * and all outcomes are 0 or 1, the test is McNemar's, exact; else it flips signs of the prompts' mean differences.
 *
 * @param estimate second less first, with the interval of the paired bootstrap over prompts
 * @param pValue two-sided, of no difference
 * @param outcomes gained and lost rows; a tie is no gain
 * @param exactMcNemar which test gave the p-value
 * @param detectable the least true difference that such a comparison finds four times of five: 2.8 · s / √n
 */
public record PairedDifference(
        Estimate estimate, double pValue, PairedOutcomes outcomes, boolean exactMcNemar, double detectable) {
    private static final double POWER_80 = 2.8;

    /**
     * Compares.
     *
     * @param first what the first model has from 0 to 1, one a row
     * @param second what the second has on the same rows
     * @param prompt for each row the number of its prompt, from 0 on without gaps
     * @return the difference
     */
    public static PairedDifference of(double[] first, double[] second, int[] prompt) {
        if (first.length != second.length || first.length != prompt.length) {
            throw new IllegalArgumentException(first.length + " and " + second.length + " outcomes are not of the same "
                    + prompt.length + " rows");
        }
        double[] rows = new double[first.length];
        Arrays.setAll(rows, i -> second[i] - first[i]);
        Estimate estimate = Estimate.mean(rows, prompt);
        double[] differences = byPrompt(rows, prompt, estimate.prompts());
        boolean binary =
                Stream.of(first, second).flatMapToDouble(Arrays::stream).allMatch(v -> v == 0 || v == 1);
        boolean mcNemar = binary && differences.length == rows.length;
        PairedOutcomes outcomes = PairedOutcomes.of(passed(first), passed(second));
        return new PairedDifference(
                estimate,
                mcNemar ? outcomes.pValue() : SignFlip.pValue(differences),
                outcomes,
                mcNemar,
                POWER_80 * deviation(differences) / Math.sqrt(differences.length));
    }

    private static List<Boolean> passed(double[] outcomes) {
        return Arrays.stream(outcomes).mapToObj(outcome -> outcome > 0.5).toList();
    }

    private static double[] byPrompt(double[] rows, int[] prompt, int prompts) {
        double[] sums = new double[prompts];
        int[] counts = new int[prompts];
        for (int i = 0; i < rows.length; i++) {
            sums[prompt[i]] += rows[i];
            counts[prompt[i]]++;
        }
        Arrays.setAll(sums, i -> sums[i] / counts[i]);
        return sums;
    }

    private static double deviation(double[] values) {
        double mean = Arrays.stream(values).average().orElseThrow();
        return Math.sqrt(Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum() / (values.length - 1));
    }
}
