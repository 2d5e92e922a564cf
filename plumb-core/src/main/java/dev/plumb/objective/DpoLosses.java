package dev.plumb.objective;

import dev.plumb.objective.Dpo.LossType;
import dev.plumb.tensor.Functional;
import dev.plumb.tensor.Tensor;

/**
 * The losses of a pair that {@link Dpo} can take: functions of its rewards x = β D_w and y = β D_l, or of their difference u,
 * each in a form without overflow.
 */
final class DpoLosses {
    private static final double LARGEST_EXPONENT = 30;

    private DpoLosses() {}

    /**
     * The loss of each pair, [pairs].
     *
     * @param type which loss
     * @param config β, ε and τ
     * @param u what the loss takes for the difference of the rewards, [pairs]
     * @param x rewards of the chosen completions, [pairs]
     * @param y rewards of the rejected ones, [pairs]
     */
    static Tensor of(LossType type, Dpo.Config config, Tensor u, Tensor x, Tensor y) {
        double e = config.labelSmoothing();
        return switch (type) {
            case SIGMOID, AOT, AOT_UNPAIRED -> softplus(u.neg()).add(u.mul(e));
            case ROBUST -> softplus(u.neg()).sub(u.mul(e / (1 - 2 * e)));
            case HINGE -> u.neg().add(1).relu();
            case SIGMOID_NORM -> softplus(u.neg());
            case EXO_PAIR ->
                u.sigmoid()
                        .mul(Functional.logSigmoid(u).sub(Math.log1p(-e)))
                        .add(u.neg()
                                .sigmoid()
                                .mul(Functional.logSigmoid(u.neg()).sub(Math.log(e))));
            case NCA_PAIR -> softplus(x.neg()).add(softplus(x).add(softplus(y)).div(2));
            case BCO_PAIR -> softplus(x.neg()).add(softplus(y));
            case SPPO_HARD -> x.sub(0.5).square().add(y.add(0.5).square()).div(config.beta() * config.beta());
            case APO_ZERO -> x.neg().sigmoid().add(y.sigmoid());
            case APO_DOWN -> x.sigmoid().add(u.neg().sigmoid());
            case DISCOPOP -> {
                Tensor ratio = u.div(config.discopopTau());
                Tensor exponential = // σ(u/τ) e^−u, which alone overflows only where τ is above 1
                        Functional.logSigmoid(ratio)
                                .sub(u)
                                .clampMax(LARGEST_EXPONENT)
                                .exp();
                yield ratio.neg().sigmoid().mul(softplus(u.neg())).add(exponential);
            }
            case SFT -> throw new IllegalStateException("the likelihood is not a function of rewards");
        };
    }

    /** The value where policy and reference agree; NaN for the likelihood, which depends on the data. */
    static double atStart(LossType type, Dpo.Config config) {
        double e = config.labelSmoothing();
        return switch (type) {
            case SIGMOID, ROBUST, SIGMOID_NORM, AOT, AOT_UNPAIRED -> Math.log(2);
            case HINGE, APO_ZERO, APO_DOWN -> 1;
            case EXO_PAIR -> -Math.log(2) - (Math.log1p(-e) + Math.log(e)) / 2;
            case NCA_PAIR, BCO_PAIR -> 2 * Math.log(2);
            case SPPO_HARD -> 1 / (2 * config.beta() * config.beta());
            case DISCOPOP -> (Math.log(2) + 1) / 2;
            case SFT -> Double.NaN;
        };
    }

    private static Tensor softplus(Tensor x) {
        return Functional.softplus(x);
    }
}
