package dev.plumb.evaluate;

import java.util.Arrays;

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
