package dev.plumb.objective;

import dev.plumb.tensor.Tensor;

/**
 * The reward of AlphaPO (arXiv 2501.03884), which methods without a reference may compare in place of the mean log-probability
 * a of a completion: r = (1 − P^−α) / α with P = e^a, and r = a as α goes to 0. A positive α lets improbable completions weigh
 * more, a negative one probable ones.
 */
final class AlphaPo {
    private static final double LARGEST_EXPONENT = 30;

    private AlphaPo() {}

    /**
     * r, from log-probabilities without their power ever being formed; where −αa is above 30 the gradient is 0.
     *
     * @param mean a, any shape
     * @param alpha α
     */
    static Tensor reward(Tensor mean, double alpha) {
        return alpha == 0
                ? mean
                : mean.mul(-alpha).clampMax(LARGEST_EXPONENT).expm1().div(-alpha);
    }
}
