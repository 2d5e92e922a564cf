package dev.plumb.objective;

import dev.plumb.tensor.Functional;
import dev.plumb.tensor.Tensor;
import java.util.Arrays;

/**
 * What a model says of some places in solutions, and what is known of them. A place is the end of a step or of an answer;
 * those of a solution stand side by side.
 *
 * @param logOdds log(c / (1 − c)) of the model's score c, [places]
 * @param labels ℓ: 1 good, 0 bad, or a probability between, [places]
 * @param places how many each solution has, [solutions]
 */
public record StepBatch(Tensor logOdds, Tensor labels, int[] places) {
    /** Checks that all are of the same places. */
    public StepBatch {
        int all = Arrays.stream(places).sum();
        if (logOdds.numel() != all || labels.numel() != all) {
            throw new IllegalArgumentException("a place has one log-odds and one label, but there are " + all
                    + " places, " + logOdds.numel() + " log-odds and " + labels.numel() + " labels");
        }
    }

    /**
     * The log-odds of a head.
     *
     * @param logits one a place, or two: of bad and of good, [places, 1 or 2]
     * @return z, or z_good − z_bad, so that σ of it is the softmax's second number, [places]
     */
    public static Tensor logOdds(Tensor logits) {
        long places = logits.size(0);
        return logits.size(1) == 1
                ? logits.reshape(places)
                : logits.narrow(1, 1, 1).sub(logits.narrow(1, 0, 1)).reshape(places);
    }

    /**
     * −[ℓ log c + (1 − ℓ) log(1 − c)], as softplus(d) − ℓ d with d the log-odds, which stays finite where c rounds to 0 or 1.
     *
     * @return [places]
     */
    public Tensor crossEntropy() {
        return Functional.softplus(logOdds).sub(labels.mul(logOdds));
    }
}
