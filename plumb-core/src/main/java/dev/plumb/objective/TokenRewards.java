package dev.plumb.objective;

import java.util.ArrayList;
import java.util.List;

/** Rewards token by token, and what they add up to. */
final class TokenRewards {
    private TokenRewards() {}

    /**
     * r_t = −β k(ℓ_old − ℓ_ref), and the score of a completion at its last token.
     *
     * @param scores [rows]
     * @return [rows][tokens]
     */
    static List<double[]> shaped(Experience experience, double[] scores, double beta, KlEstimator estimator) {
        List<double[]> out = new ArrayList<>();
        for (int i = 0; i < scores.length; i++) {
            double[] row = new double[experience.length(i)];
            for (int t = 0; t < row.length && !experience.refLogps().isEmpty(); t++) {
                double x =
                        experience.oldLogps().get(i)[t] - experience.refLogps().get(i)[t];
                row[t] = -beta * estimator.of(x);
            }
            if (row.length > 0) {
                row[row.length - 1] += scores[i];
            }
            out.add(row);
        }
        return out;
    }

    /** Σ_{s≥t} γ^(s−t) r_s. */
    static double[] toGo(double[] rewards, double gamma) {
        double[] out = new double[rewards.length];
        double sum = 0;
        for (int t = rewards.length - 1; t >= 0; t--) {
            sum = rewards[t] + gamma * sum;
            out[t] = sum;
        }
        return out;
    }

    /**
     * Generalised advantage estimation (arXiv 1506.02438, equation 16): δ_t = r_t + γ V_{t+1} − V_t, A_t = δ_t + γλ A_{t+1}.
     *
     * @param after V after the last token; 0 where nothing comes
     */
    static double[] advantages(double[] rewards, double[] values, double after, double gamma, double lambda) {
        double[] out = new double[rewards.length];
        double next = 0;
        double nextValue = after;
        for (int t = rewards.length - 1; t >= 0; t--) {
            next = rewards[t] + gamma * nextValue - values[t] + gamma * lambda * next;
            nextValue = values[t];
            out[t] = next;
        }
        return out;
    }
}
