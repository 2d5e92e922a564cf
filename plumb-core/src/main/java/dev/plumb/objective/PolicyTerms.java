package dev.plumb.objective;

import dev.plumb.tensor.DType;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What losses of sampled completions are made of: ratios of new to old probability, and the clipped surrogate of PPO. */
final class PolicyTerms {
    private static final double FURTHEST = 20;

    private PolicyTerms() {}

    /** u = ℓ − ℓ_old, no further from 0 than 20, [tokens]. */
    static Tensor logRatios(PolicyBatch batch) {
        return batch.logps().sub(batch.oldLogps().detach()).clampMin(-FURTHEST).clampMax(FURTHEST);
    }

    /** −min(ρ Â, clip(ρ, 1 − low, 1 + high) Â), arXiv 1707.06347 equation 7. */
    static Tensor clipped(Tensor ratio, Tensor advantages, double low, double high) {
        Tensor bounded = ratio.clampMin(1 - low).clampMax(1 + high);
        return ratio.mul(advantages).minimum(bounded.mul(advantages)).neg();
    }

    /** −Â ℓ, the policy gradient of what was just drawn, [tokens]. */
    static Tensor plain(PolicyBatch batch) {
        return weighted(batch.advantages().mul(batch.logps()).neg(), batch);
    }

    /** The mean over each completion's tokens, [rows]. */
    static Tensor means(Tensor perToken, PolicyBatch batch) {
        return batch.sums(perToken).div(batch.lengths().to(perToken.dtype()).clampMin(1));
    }

    /** S − S_old of each completion, no further from 0 than 20, [rows]. */
    static Tensor sequenceLogRatios(PolicyBatch batch) {
        return batch.sums(batch.logps().sub(batch.oldLogps().detach()))
                .clampMin(-FURTHEST)
                .clampMax(FURTHEST);
    }

    /** Multiplies by the weights of the sampler's mismatch, if there are any. */
    static Tensor weighted(Tensor terms, PolicyBatch batch) {
        return batch.weights().isEmpty() ? terms : terms.mul(batch.weights().get());
    }

    /** The whole step's value of a term whose shares add up. */
    static Measure share(String name, Tensor share, PolicyBatch batch, PolicyObjective.Step step) {
        return new Measure(name, share.detach().item() * step.rows(), batch.rows());
    }

    /**
     * Shares of tokens whose gradient is clipped away, and the extremes of those shares over completions.
     *
     * @param ratio ρ, [tokens]
     */
    static List<Measure> clipMeasures(PolicyBatch batch, Tensor ratio, double low, double high) {
        Tensor r = ratio.detach();
        Tensor advantages = batch.advantages();
        Tensor lower = flags(r.lt(1 - low).and(advantages.lt(0)), r.dtype());
        Tensor upper = flags(r.gt(1 + high).and(advantages.gt(0)), r.dtype());
        Tensor lengths = batch.lengths().to(r.dtype()).clampMin(1);
        return clipMeasures(
                lower.sum().item(),
                upper.sum().item(),
                r.numel(),
                batch.sums(lower).div(lengths).toDoubles(),
                batch.sums(upper).div(lengths).toDoubles());
    }

    /** The same where each completion has one ratio, [rows]. */
    static List<Measure> clipMeasures(double[] ratios, double[] advantages, double low, double high) {
        double[] lower = new double[ratios.length];
        double[] upper = new double[ratios.length];
        for (int i = 0; i < ratios.length; i++) {
            lower[i] = ratios[i] < 1 - low && advantages[i] < 0 ? 1 : 0;
            upper[i] = ratios[i] > 1 + high && advantages[i] > 0 ? 1 : 0;
        }
        return clipMeasures(Arrays.stream(lower).sum(), Arrays.stream(upper).sum(), ratios.length, lower, upper);
    }

    private static List<Measure> clipMeasures(double low, double high, double count, double[] lows, double[] highs) {
        List<Measure> out = new ArrayList<>();
        out.add(new Measure("clip_ratio/low_mean", low, count));
        out.add(new Measure("clip_ratio/high_mean", high, count));
        out.add(new Measure("clip_ratio/region_mean", low + high, count));
        Arrays.stream(lows).min().ifPresent(least -> out.add(Measure.min("clip_ratio/low_min", least)));
        Arrays.stream(highs).max().ifPresent(most -> out.add(Measure.max("clip_ratio/high_max", most)));
        return out;
    }

    /**
     * How far the policy is from the reference, in two estimates; none without a reference.
     *
     * @return kl, the mean of k3 over tokens, and kl_k1
     */
    static List<Measure> klMeasures(PolicyBatch batch) {
        if (batch.refLogps().isEmpty()) {
            return List.of();
        }
        Tensor x = batch.logps().detach().sub(batch.refLogps().get());
        return List.of(
                new Measure("kl", KlEstimator.K3.of(x).sum().item(), x.numel()),
                new Measure("kl_k1", x.sum().item(), x.numel()));
    }

    /** Ones where true. */
    static Tensor flags(Tensor conditions, DType type) {
        return conditions.to(type);
    }
}
