package dev.plumb.objective;

import dev.plumb.config.Setting;
import dev.plumb.tensor.DType;
import java.util.List;

/**
 * The outcome reward model: whether a solution's final answer is right.
 *
 * <p>L = −(1/n) Σ [ℓ ln σ(z) + (1 − ℓ) ln(1 − σ(z))],   ℓ = 1 if the answer is right
 *
 * <p>with z read at the last token of each solution (arXiv 2211.14275), or at all of its tokens, which makes a value of every
 * prefix (the verifier of arXiv 2110.14168, section 4.2). n counts what is read in the whole accumulated batch. Departure from
 * the latter: no language-model loss beside it, as the projection to words is not kept.
 */
public final class OutcomeReward implements StepObjective {

    /** Where a solution is read. */
    public enum ReadAt {
        /** At its last token. */
        LAST,
        /** At each of its tokens. */
        TOKENS
    }

    /**
     * Settings of the outcome reward model's loss.
     *
     * @param readAt where a solution is read
     */
    public record Config(
            @Setting(
                    doc =
                            "last: the loss is read at the last token of an answer; tokens: at each of its tokens, so that"
                                    + " the model values every beginning of an answer. Scores are read at the last token.",
                    byDefault = "last",
                    source = "arXiv 2211.14275; tokens: arXiv 2110.14168")
            ReadAt readAt) {}

    @Override
    public Loss loss(StepBatch batch, Step step) {
        return new Loss(batch.crossEntropy().sum().div(Math.max(1, step.places())), measures(batch));
    }

    /** Of each solution's last place. */
    private static List<Measure> measures(StepBatch batch) {
        double[] odds = batch.logOdds().detach().to(DType.FLOAT64).toDoubles();
        double[] labels = batch.labels().toDoubles();
        double right = 0;
        double positive = 0;
        double solutions = 0;
        int last = -1;
        for (int places : batch.places()) {
            last += places;
            if (places > 0) {
                right += odds[last] > 0 == labels[last] >= 0.5 ? 1 : 0;
                positive += labels[last] >= 0.5 ? 1 : 0;
                solutions++;
            }
        }
        return List.of(
                new Measure("accuracy", right, solutions), new Measure("labels/positive_share", positive, solutions));
    }
}
