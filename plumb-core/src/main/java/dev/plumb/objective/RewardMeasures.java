package dev.plumb.objective;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What held-out pairs say of a reward model beside its accuracy: whether its differences are the log-odds that they claim to
 * be, and whether it has learnt more than length. Of all pairs at once, as none of it is a mean over parts.
 */
public final class RewardMeasures {
    private static final int BINS = 10;

    private RewardMeasures() {}

    /**
     * A pair.
     *
     * @param chosen reward of the chosen completion
     * @param rejected reward of the rejected one
     * @param chosenLength tokens of the chosen completion
     * @param rejectedLength tokens of the rejected one
     */
    public record Pair(double chosen, double rejected, int chosenLength, int rejectedLength) {
        double difference() {
            return chosen - rejected;
        }
    }

    /**
     * Measures of some pairs.
     *
     * @param pairs the pairs
     * @return {@code ece}: the mean distance of accuracy from confidence σ(|Δ|), over ten equal bins of the latter (arXiv
     *     1706.04599, equation 3); {@code brier}: the mean of (1 − σ(Δ))²; {@code length_baseline_accuracy}: that of preferring
     *     the longer completion; {@code shorter_chosen_accuracy}: the model's where that is wrong; {@code reward_length_corr}:
     *     Pearson's correlation of reward and tokens over all completions. What is undefined for these pairs is left out
     */
    public static Map<String, Double> of(List<Pair> pairs) {
        Map<String, Double> out = new LinkedHashMap<>();
        if (pairs.isEmpty()) {
            return out;
        }
        double[] differences = pairs.stream().mapToDouble(Pair::difference).toArray();
        out.put("ece", calibrationError(differences, BINS));
        out.put("brier", brier(differences));
        out.put(
                "length_baseline_accuracy",
                accuracy(pairs.stream()
                        .mapToDouble(pair -> pair.chosenLength() - pair.rejectedLength())
                        .toArray()));
        double[] shorter = pairs.stream()
                .filter(pair -> pair.chosenLength() < pair.rejectedLength())
                .mapToDouble(Pair::difference)
                .toArray();
        if (shorter.length > 0) {
            out.put("shorter_chosen_accuracy", accuracy(shorter));
        }
        double correlation = lengthCorrelation(pairs);
        if (!Double.isNaN(correlation) || hasNaN(differences)) {
            out.put("reward_length_corr", correlation);
        }
        return out;
    }

    /** Share of differences above 0; 0 itself counts half. */
    static double accuracy(double[] differences) {
        double right = 0;
        for (double difference : differences) {
            right += correct(difference);
        }
        return right / differences.length;
    }

    private static double correct(double difference) {
        return difference > 0 ? 1 : difference == 0 ? 0.5 : 0;
    }

    /** Bins of equal width on [0.5, 1], of which the last is closed; empty ones count nothing. */
    static double calibrationError(double[] differences, int bins) {
        double[] gap = new double[bins]; // sum of correctness less confidence
        for (double difference : differences) {
            double confidence = sigmoid(Math.abs(difference));
            int bin = Math.min(bins - 1, (int) ((confidence - 0.5) * 2 * bins));
            gap[bin] += correct(difference) - confidence;
        }
        double error = 0;
        for (double sum : gap) {
            error += Math.abs(sum);
        }
        return error / differences.length;
    }

    static double brier(double[] differences) {
        double sum = 0;
        for (double difference : differences) {
            double miss = sigmoid(-difference);
            sum += miss * miss;
        }
        return sum / differences.length;
    }

    private static double lengthCorrelation(List<Pair> pairs) {
        int n = 2 * pairs.size();
        double[] rewards = new double[n];
        double[] lengths = new double[n];
        double meanReward = 0;
        double meanLength = 0;
        for (int i = 0; i < n; i++) {
            Pair pair = pairs.get(i / 2);
            rewards[i] = i % 2 == 0 ? pair.chosen() : pair.rejected();
            lengths[i] = i % 2 == 0 ? pair.chosenLength() : pair.rejectedLength();
            meanReward += rewards[i] / n;
            meanLength += lengths[i] / n;
        }
        double product = 0;
        double rewardSquares = 0;
        double lengthSquares = 0;
        for (int i = 0; i < n; i++) {
            double reward = rewards[i] - meanReward;
            double length = lengths[i] - meanLength;
            product += reward * length;
            rewardSquares += reward * reward;
            lengthSquares += length * length;
        }
        return product / Math.sqrt(rewardSquares * lengthSquares);
    }

    private static boolean hasNaN(double[] values) {
        for (double value : values) {
            if (Double.isNaN(value)) {
                return true;
            }
        }
        return false;
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }
}
