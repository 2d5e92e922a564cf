package dev.plumb.data;

import dev.plumb.config.Setting;
import java.util.Optional;

/**
 * How solutions fall into steps, and which of their labels are used.
 *
 * @param stepSeparator what ends a step
 * @param maxSolutionSteps the most steps of a text that is cut into steps
 * @param labelPolicy which labels are used; always present once bound
 * @param outcomeLabels what an outcome says of steps
 * @param trainOnLastStepOnly whether only the label of the last step is learnt
 */
public record StepConfig(
        @Setting(
                doc = "What follows each step, and what a solution that is one text is cut at. The model is read at its"
                        + " last token.",
                byDefault = "\"\\n\"",
                source = "TRL")
        String stepSeparator,

        @Setting(
                doc =
                        "The most steps that a solution that is one text is cut into; what is left stays with the last. Steps"
                                + " that the file gives are taken as they are.",
                byDefault = "64",
                min = 1)
        int maxSolutionSteps,

        @Setting(
                doc = "Which labels are used. first_error: those up to the first bad step, as what follows a mistake is"
                        + " neither right nor wrong; all: every one; propagate: after the first bad step all are bad."
                        + " first_error if not given, and all with train_on_last_step_only.",
                source = "arXiv 2305.20050; all: TRL")
        Optional<LabelPolicy> labelPolicy,

        @Setting(
                doc =
                        "What the label of a whole solution (prompt, completion, label) says of its steps. last: of the last"
                                + " one alone; all: of every one, which calls right steps of a solution that went wrong bad: a"
                                + " baseline where nobody labelled steps.",
                byDefault = "last",
                source = "last: arXiv 2312.08935")
        OutcomeLabels outcomeLabels,

        @Setting(
                doc = "Learn from the label of each solution's last step alone; all are measured on held-out rows.",
                byDefault = "false",
                source = "TRL")
        boolean trainOnLastStepOnly) {

    /** Which labels are used. */
    public enum LabelPolicy {
        /** Those up to the first step of label 0, with it. */
        FIRST_ERROR,
        /** Every one. */
        ALL,
        /** Every one, with 0 for all that follows a 0. */
        PROPAGATE
    }

    /** What an outcome says of steps. */
    public enum OutcomeLabels {
        /** The last step's label. */
        LAST,
        /** Every step's label. */
        ALL
    }

    /** Settles what depends on another setting. */
    public StepConfig {
        new StepFormat(stepSeparator, maxSolutionSteps); // refuses what cuts nothing
        if (trainOnLastStepOnly
                && labelPolicy.filter(LabelPolicy.FIRST_ERROR::equals).isPresent()) {
            throw new IllegalArgumentException("train_on_last_step_only learns nothing from solutions whose last label"
                    + " label_policy: first_error takes away; leave label_policy out");
        }
        labelPolicy = Optional.of(labelPolicy.orElse(trainOnLastStepOnly ? LabelPolicy.ALL : LabelPolicy.FIRST_ERROR));
    }

    /**
     * How solutions are cut where all else is at its default.
     *
     * @param format what ends a step, and how many there may be
     * @return the settings
     */
    public static StepConfig cutting(StepFormat format) {
        return new StepConfig(
                format.stepSeparator(),
                format.maxSolutionSteps(),
                Optional.of(LabelPolicy.ALL),
                OutcomeLabels.LAST,
                false);
    }

    /**
     * How a solution that is one text is cut.
     *
     * @return what a model keeps that was taught so
     */
    public StepFormat format() {
        return new StepFormat(stepSeparator, maxSolutionSteps);
    }

    /** The labels that are used; what is not is NaN. */
    double[] used(double[] labels) {
        double[] used = labels.clone();
        boolean wrong = false;
        for (int j = 0; j < used.length; j++) {
            if (wrong && labelPolicy.orElseThrow() == LabelPolicy.FIRST_ERROR) {
                used[j] = Double.NaN;
            } else if (wrong && labelPolicy.orElseThrow() == LabelPolicy.PROPAGATE) {
                used[j] = 0;
            }
            wrong |= labels[j] == 0;
        }
        return used;
    }
}
