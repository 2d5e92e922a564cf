package dev.plumb.evaluate;

import java.util.Arrays;
import java.util.Comparator;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * Measures of held-out pairs by a score that should be higher for the chosen answer: a reward model's, or the implicit reward
 * of a policy.
 *
 * @param chosen scores of the chosen answers, one a pair
 * @param rejected scores of the rejected ones
 */
public record PairScores(double[] chosen, double[] rejected) {
    private static final double TIE = 1e-6;

    /** Checks that they are pairs. */
    public PairScores {
        if (chosen.length != rejected.length) {
            throw new IllegalArgumentException(chosen.length + " and " + rejected.length + " scores are no pairs");
        }
    }

    /**
     * By how much the chosen answer is ahead.
     *
     * @return one a pair
     */
    public double[] margins() {
        double[] margins = new double[chosen.length];
        Arrays.setAll(margins, i -> chosen[i] - rejected[i]);
        return margins;
    }

    /**
     * Which pairs are ordered rightly.
     *
     * @return for each pair 1, ½ for a tie, or 0
     */
    public double[] right() {
        return Arrays.stream(margins())
                .map(margin -> Math.abs(margin) <= TIE ? 0.5 : margin > 0 ? 1 : 0)
                .toArray();
    }

    /**
     * Negative log-likelihood of the preferences under Bradley and Terry.
     *
     * @return −log σ(margin), one a pair
     */
    public double[] nll() {
        return Arrays.stream(margins())
                .map(margin -> Math.max(-margin, 0) + Math.log1p(Math.exp(-Math.abs(margin))))
                .toArray();
    }

    /**
     * Brier's score.
     *
     * @return (1 − σ(margin))², one a pair
     */
    public double[] brier() {
        return Arrays.stream(margins())
                .map(margin -> Math.pow(1 / (1 + Math.exp(margin)), 2))
                .toArray();
    }

    /**
     * One bin of the reliability table.
     *
     * @param pairs how many pairs are in it
     * @param confidence their mean σ(|margin|); not a number if there are none
     * @param accuracy their mean {@link #right}; not a number if there are none
     */
    public record Bin(int pairs, double confidence, double accuracy) {}

    /**
     * How often pairs are ordered rightly by how sure the score is, in bins of equal width on [0.5, 1], closed on the right.
     *
     * @param bins how many, at least 1
     * @return the bins, least sure first
     */
    public Bin[] reliability(int bins) {
        double[] margins = margins();
        double[] right = right();
        int[] pairs = new int[bins];
        double[] confidence = new double[bins];
        double[] accuracy = new double[bins];
        for (int i = 0; i < margins.length; i++) {
            double sure = 1 / (1 + Math.exp(-Math.abs(margins[i])));
            int bin = Math.min(bins - 1, Math.max(0, (int) Math.ceil((sure - 0.5) * 2 * bins) - 1));
            pairs[bin]++;
            confidence[bin] += sure;
            accuracy[bin] += right[i];
        }
        Bin[] table = new Bin[bins];
        Arrays.setAll(table, i -> new Bin(pairs[i], confidence[i] / pairs[i], accuracy[i] / pairs[i]));
        return table;
    }

    /**
     * The temperature τ under which σ(margin / τ) is most likely: dividing scores by it mends their confidence and leaves
     * their order (arXiv 1706.04599, section 4.2).
     *
     * @return τ; empty if there is none, where all pairs are ordered rightly or margins say nothing of the order
     */
    public OptionalDouble temperature() {
        double[] margins = margins();
        double low = Math.log(1e-6); // of 1/τ, in which the likelihood is concave
        double high = Math.log(1e6);
        if (slope(margins, Math.exp(low)) <= 0 || slope(margins, Math.exp(high)) >= 0) {
            return OptionalDouble.empty();
        }
        for (int halving = 0; halving < 100; halving++) {
            double middle = (low + high) / 2;
            if (slope(margins, Math.exp(middle)) > 0) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return OptionalDouble.of(Math.exp(-(low + high) / 2));
    }

    /** Derivative of the log-likelihood by 1/τ. */
    private static double slope(double[] margins, double inverse) {
        return Arrays.stream(margins)
                .map(margin -> margin / (1 + Math.exp(inverse * margin)))
                .sum();
    }

    /**
     * Pairs of like distance, whether scores that are further apart are right more often.
     *
     * @param parts into how many parts of like size they are cut, at least 1
     * @return for each part, nearest first, pairs, mean |margin| in place of confidence, and accuracy
     */
    public Bin[] byDistance(int parts) {
        double[] margins = margins();
        double[] right = right();
        int[] order = IntStream.range(0, margins.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> Math.abs(margins[i])))
                .mapToInt(i -> i)
                .toArray();
        Bin[] table = new Bin[parts];
        for (int part = 0; part < parts; part++) {
            int from = (int) ((long) part * order.length / parts);
            int to = (int) ((part + 1L) * order.length / parts);
            double distance = 0;
            double rights = 0;
            for (int i = from; i < to; i++) {
                distance += Math.abs(margins[order[i]]);
                rights += right[order[i]];
            }
            table[part] = new Bin(to - from, distance / (to - from), rights / (to - from));
        }
        return table;
    }

    /**
     * Expected calibration error (arXiv 1706.04599): how far confidence and accuracy are apart, bin by bin, weighed by pairs.
     *
     * @param bins how many, at least 1
     * @return from 0 to 1
     */
    public double calibrationError(int bins) {
        double error = 0;
        for (Bin bin : reliability(bins)) {
            error += bin.pairs() == 0 ? 0 : bin.pairs() * Math.abs(bin.accuracy() - bin.confidence());
        }
        return error / chosen.length;
    }
}
