package dev.plumb.objective;

import dev.plumb.config.Setting;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * The process reward model (arXiv 2211.14275, 2305.20050): each step of a solution is classified at its last token.
 *
 * <p>L = −(1/n) Σ_j [ℓ_j ln c_j + (1 − ℓ_j) ln(1 − c_j)],   c_j = softmax(z_j)[1] = σ(z_j,1 − z_j,0)
 *
 * <p>with labels ℓ_j of 0 and 1, where it is the cross-entropy −ln p_j[ℓ_j], or between (arXiv 2312.08935, equation 2). n
 * counts the labelled steps of the whole accumulated batch, so every step weighs the same; {@code per_row} takes the mean over
 * each solution first, so every solution does. Departure from TRL: its mean is over the steps of a micro-batch, and so depends
 * on how a batch is split.
 */
public final class ProcessReward implements StepObjective {
    private final Config config;

    /**
     * The objective.
     *
     * @param config its settings
     */
    public ProcessReward(Config config) {
        this.config = config;
    }

    /** What weighs the same. */
    public enum Normalise {
        /** Every labelled step of the accumulated batch. */
        GLOBAL,
        /** Every solution, whose steps share its weight. */
        PER_ROW
    }

    /**
     * Settings of the process reward model's loss.
     *
     * @param normalise what weighs the same
     */
    public record Config(
            @Setting(
                    doc = "global: every labelled step weighs the same; per_row: every solution does, and its steps"
                            + " share its weight.",
                    byDefault = "global")
            Normalise normalise) {}

    @Override
    public Loss loss(StepBatch batch, Step step) {
        Tensor losses = batch.crossEntropy();
        Tensor share = config.normalise() == Normalise.GLOBAL
                ? losses.sum().div(Math.max(1, step.places()))
                : losses.mul(shares(batch)).sum().div(Math.max(1, step.solutions()));
        return new Loss(share, measures(batch));
    }

    /** One over the steps of a step's solution, [places]. */
    private static Tensor shares(StepBatch batch) {
        double[] shares = new double[Arrays.stream(batch.places()).sum()];
        int at = 0;
        for (int places : batch.places()) {
            Arrays.fill(shares, at, at + places, 1.0 / places);
            at += places;
        }
        return Tensor.of(shares, batch.logOdds().device()).to(batch.logOdds().dtype());
    }

    private static List<Measure> measures(StepBatch batch) {
        double[] odds = batch.logOdds().detach().to(DType.FLOAT64).toDoubles();
        double[] labels = batch.labels().toDoubles();
        double right = 0;
        double positive = 0;
        for (int i = 0; i < odds.length; i++) {
            right += odds[i] > 0 == labels[i] >= 0.5 ? 1 : 0;
            positive += labels[i] >= 0.5 ? 1 : 0;
        }
        return List.of(
                new Measure("prm/step_accuracy", right, odds.length),
                new Measure("labels/positive_share", positive, odds.length));
    }
}
