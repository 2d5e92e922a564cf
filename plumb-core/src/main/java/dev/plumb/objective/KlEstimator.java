package dev.plumb.objective;

import dev.plumb.tensor.Tensor;

/**
 * Estimates of KL(p ‖ q) from what was drawn from p, with x = log p − log q (Schulman 2020, "Approximating KL divergence"). As a
 * reward, k1 and k3 are unbiased. Differentiated as a loss, k1 has gradient 0 in the mean and holds nothing, k2 has that of
 * KL(p ‖ q), and k3 that of KL(q ‖ p).
 */
public enum KlEstimator {
    /** x. */
    K1,
    /** x² / 2. */
    K2,
    /** e^−x − 1 + x, x no further from 0 than 20. */
    K3;

    private static final double FURTHEST = 20;

    /** Of one token. */
    double of(double x) {
        return switch (this) {
            case K1 -> x;
            case K2 -> x * x / 2;
            case K3 -> Math.expm1(-clamped(x)) + clamped(x);
        };
    }

    /** Token by token, with gradient. */
    Tensor of(Tensor x) {
        return switch (this) {
            case K1 -> x;
            case K2 -> x.square().div(2);
            case K3 -> {
                Tensor near = x.clampMin(-FURTHEST).clampMax(FURTHEST);
                yield near.neg().expm1().add(near);
            }
        };
    }

    /**
     * Σ_t over each completion, between the policy that wrote it and the reference.
     *
     * @return [rows]; zeros without a reference
     */
    double[] sums(Experience experience) {
        double[] out = new double[experience.rows()];
        for (int i = 0; i < experience.refLogps().size(); i++) {
            double[] old = experience.oldLogps().get(i);
            double[] reference = experience.refLogps().get(i);
            for (int t = 0; t < old.length; t++) {
                out[i] += of(old[t] - reference[t]);
            }
        }
        return out;
    }

    private static double clamped(double x) {
        return Math.max(-FURTHEST, Math.min(FURTHEST, x));
    }
}
