package dev.plumb.objective;

import dev.plumb.objective.Experience.Steps;
import dev.plumb.objective.GrpoConfig.Scale;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What completions of one prompt are worth beside each other. Rewards of a group of G stand next to each other; NaN is a reward
 * that could not be given, which counts in no mean and gets advantage 0.
 */
final class GroupAdvantages {
    private GroupAdvantages() {}

    /** Â_i = (r_i − mean of the group) / (std + eps). */
    static double[] scaled(double[] rewards, int groupSize, Scale scale, StandardDeviation std, double eps) {
        double spread = Moments.of(rewards).std(std);
        double[] out = new double[rewards.length];
        for (int start = 0; start < out.length; start += groupSize) {
            Moments group = Moments.of(rewards, start, start + groupSize);
            boolean dead = group.std(std) <= Moments.NO_SPREAD;
            for (int i = start; i < start + groupSize; i++) {
                double centred = Double.isNaN(rewards[i]) || dead ? 0 : rewards[i] - group.mean();
                out[i] = switch (scale) {
                    case GROUP -> group.standardised(rewards[i], std, eps);
                    case BATCH -> centred / (spread <= Moments.NO_SPREAD ? 1 : spread + eps);
                    case NONE -> centred;
                };
            }
        }
        return out;
    }

    /** Â_i = r_i − mean of the others = n / (n − 1) (r_i − mean of all n that have a reward), arXiv 2402.14740. */
    static double[] leaveOneOut(double[] rewards, int groupSize) {
        double[] out = scaled(rewards, groupSize, Scale.NONE, StandardDeviation.SAMPLE, 0);
        for (int start = 0; start < out.length; start += groupSize) {
            long n = Moments.of(rewards, start, start + groupSize).count();
            for (int i = start; i < start + groupSize; i++) {
                out[i] *= n < 2 ? 0 : n / (n - 1.0);
            }
        }
        return out;
    }

    /**
     * Each reward function's rewards z-scored in their group, then Σ_k w_k z_k z-scored over the rollout (arXiv 2601.05242).
     *
     * @param rewards [rows][functions]
     */
    static double[] normalisedThenSummed(
            List<double[]> rewards, double[] weights, int groupSize, StandardDeviation std, double eps) {
        double[] sums = new double[rewards.size()];
        boolean[] scorable = new boolean[sums.length];
        for (int k = 0; k < weights.length; k++) {
            double[] column = new double[sums.length];
            for (int i = 0; i < column.length; i++) {
                column[i] = rewards.get(i)[k];
                scorable[i] |= !Double.isNaN(column[i]);
            }
            double[] z = scaled(column, groupSize, Scale.GROUP, std, eps);
            for (int i = 0; i < z.length; i++) {
                sums[i] += weights[k] * z[i];
            }
        }
        for (int i = 0; i < sums.length; i++) {
            sums[i] = scorable[i] ? sums[i] : Double.NaN;
        }
        Moments moments = Moments.of(sums);
        double[] out = new double[sums.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = moments.standardised(sums[i], std, eps);
        }
        return out;
    }

    /**
     * Process supervision (arXiv 2402.03300, section 4.1.3): with z the rewards of all steps of the group, z-scored together, a
     * token gets the sum of z over the steps that end at it or later; tokens after the last step 0.
     *
     * @param lengths tokens a completion
     * @param stepMean whether the sum is divided by the number of those steps, so that many steps do not pay
     * @return [rows][tokens]
     */
    static List<double[]> process(
            int groupSize, List<Steps> steps, int[] lengths, StandardDeviation std, double eps, boolean stepMean) {
        List<double[]> out = new ArrayList<>();
        for (int i = 0; i < steps.size(); i++) {
            int start = i - i % groupSize;
            Moments group = Moments.of(steps.subList(start, start + groupSize).stream()
                    .map(Steps::rewards)
                    .toList());
            Steps own = steps.get(i);
            double[] row = new double[lengths[i]];
            double sum = 0;
            int j = own.ends().length - 1;
            int remaining = 0;
            for (int t = row.length - 1; t >= 0; t--) {
                if (j >= 0 && own.ends()[j] == t) {
                    sum += group.standardised(own.rewards()[j], std, eps);
                    remaining++;
                    j--;
                }
                row[t] = stepMean && remaining > 0 ? sum / remaining : sum;
            }
            out.add(row);
        }
        return out;
    }

    /** One number a completion, given to each of its tokens. */
    static List<double[]> spread(double[] perRow, Experience experience) {
        List<double[]> out = new ArrayList<>();
        for (int i = 0; i < perRow.length; i++) {
            double[] row = new double[experience.length(i)];
            Arrays.fill(row, perRow[i]);
            out.add(row);
        }
        return out;
    }
}
