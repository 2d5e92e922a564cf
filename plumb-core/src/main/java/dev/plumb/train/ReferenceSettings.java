package dev.plumb.train;

import dev.plumb.config.Setting;

/**
 * How a method keeps the reference that its policy is measured against.
 *
 * @param precomputeRefLogProbs whether the reference is asked once, before the first step, instead of being held
 * @param syncRefModel whether the reference follows the policy
 * @param refModelMixupAlpha share of the policy in the reference after a move
 * @param refModelSyncSteps steps between two moves
 */
public record ReferenceSettings(
        @Setting(
                doc = "Ask the reference once before the first step and keep its log-probabilities on disk, instead"
                        + " of holding a second model. Not for a method that asks it about new sequences at every"
                        + " step, as kto does with loss_type: kto.",
                byDefault = "false",
                source = "TRL")
        boolean precomputeRefLogProbs,

        @Setting(
                doc = "The reference follows the policy: after every ref_model_sync_steps-th step it becomes"
                        + " ref_model_mixup_alpha · policy + (1 - ref_model_mixup_alpha) · reference. Alpha 1 takes the"
                        + " policy as it is; a small alpha at every step is a moving average. Losses and rewards are"
                        + " measured from where the reference then is, so those of distant steps cannot be compared.",
                byDefault = "false",
                source = "TRL; arXiv 2404.09656 section 3")
        boolean syncRefModel,

        @Setting(
                doc = "Share of the policy in the reference after a move.",
                byDefault = "0.6",
                min = 0,
                aboveMin = true,
                max = 1,
                source = "TRL; arXiv 2404.09656")
        double refModelMixupAlpha,

        @Setting(
                doc = "Steps between two moves of the reference.",
                byDefault = "512",
                min = 1,
                source = "TRL; arXiv 2404.09656")
        int refModelSyncSteps) {
    /** For methods that have no reference. */
    static final ReferenceSettings NONE = new ReferenceSettings(false, false, 0.6, 512);

    /** Checks what single ranges cannot. */
    public ReferenceSettings {
        if (syncRefModel && precomputeRefLogProbs) {
            throw new IllegalArgumentException("sync_ref_model needs a reference that can move, and"
                    + " precompute_ref_log_probs asks it only once, before the first step; leave one of them out");
        }
        if (!syncRefModel && (refModelMixupAlpha != 0.6 || refModelSyncSteps != 512)) {
            throw new IllegalArgumentException("settings of a moving reference are given, but sync_ref_model is false;"
                    + " add sync_ref_model: true to move it");
        }
    }

    /** Refuses settings of a run that a moving reference cannot serve. */
    void requireFits(RunSettings run) {
        if (!syncRefModel) {
            return;
        }
        if (run.adapter().usePeft()) {
            throw new IllegalArgumentException(
                    "sync_ref_model cannot serve use_peft, whose reference is the model below"
                            + " the adapter: it has no weights of its own that could move, and factors of two adapters mix to"
                            + " something else than their models; leave one of them out");
        }
        if (run.loadBestModelAtEnd() || run.earlyStoppingPatience() > 0) {
            throw new IllegalArgumentException("sync_ref_model moves what losses and rewards are measured from, so"
                    + " load_best_model_at_end and early_stopping_patience would compare what cannot be compared;"
                    + " leave them out");
        }
    }
}
