package dev.plumb.objective;

import dev.plumb.tensor.Tensor;
import java.util.stream.IntStream;

/**
 * Log-probabilities of some completions that were judged good or bad. Tokens of all completions stand in one row, without
 * padding, completion after completion.
 *
 * @param policy log-probability of each token under the trained policy, [tokens]
 * @param reference the same under the frozen reference, [tokens]
 * @param sequence which completion each token belongs to, 64-bit integers, [tokens]
 * @param lengths tokens a completion, [completions]
 * @param desirable which completions were judged good, [completions]
 */
public record UnpairedBatch(Tensor policy, Tensor reference, Tensor sequence, Tensor lengths, boolean[] desirable) {
    /**
     * Sums over each completion.
     *
     * @param perToken [tokens]
     * @return [completions]
     */
    public Tensor sums(Tensor perToken) {
        return Tensor.zeros(perToken.dtype(), perToken.device(), desirable.length)
                .indexAdd(0, sequence, perToken);
    }

    /**
     * One number for good and another for bad completions.
     *
     * @param good of those that were judged good
     * @param bad of the others
     * @return [completions]
     */
    Tensor byClass(double good, double bad) {
        double[] values = new double[desirable.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = desirable[i] ? good : bad;
        }
        return Tensor.of(values, policy.device()).to(policy.dtype());
    }

    /** Those of some numbers, one a completion, that belong to completions of a class. */
    double[] of(boolean good, double[] perCompletion) {
        return IntStream.range(0, perCompletion.length)
                .filter(i -> desirable[i] == good)
                .mapToDouble(i -> perCompletion[i])
                .toArray();
    }

    /**
     * The mean of the good ones less that of the bad ones, in the step, as shares that add up over its parts.
     *
     * @param perCompletion a reward a completion
     * @param step with completions of both classes
     */
    Measure margins(double[] perCompletion, UnpairedObjective.Step step) {
        double margins = 0;
        for (int i = 0; i < perCompletion.length; i++) {
            margins += desirable[i] ? perCompletion[i] / step.desirable() : -perCompletion[i] / step.undesirable();
        }
        return new Measure("rewards/margins", margins * step.rows(), perCompletion.length);
    }
}
