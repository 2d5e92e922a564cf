package dev.plumb.cli;

import dev.plumb.config.Setting;
import java.nio.file.Path;
import java.util.List;

/**
 * Settings of {@code compare} itself; the others are those of the runs.
 *
 * @param methods what is compared
 * @param output folder of the runs and of the comparison
 * @param seeds one run of each method for each
 * @param yardstick which accuracy methods are held against each other by
 * @param equivalenceMargin what counts as no difference
 * @param lengthPrompts prompts that are answered to see how long answers are
 */
record CompareSettings(
        @Setting(
                doc =
                        "The methods, at least two of those that learn from pairs, as in methods=[dpo, ipo, kto]. They start from"
                                + " one model and learn from the same rows in as many steps; kto takes each pair as a thumb up and a"
                                + " thumb down, so it has twice the rows a step. Settings that every run has, learning_rate and"
                                + " num_train_epochs are given once for all; METHOD.key=value is for one of them, as in"
                                + " dpo.beta=0.2.")
        List<String> methods,

        @Setting(
                doc =
                        "The folder: each run is in its own folder inside, beside compare.json and compare.html. Called again,"
                                + " compare goes on with what was not finished.",
                byDefault = "runs/compare")
        Path output,

        @Setting(
                doc =
                        "Seeds, as in seeds=[1, 2, 3]: as many runs of each method, and intervals over runs, which cover the noise"
                                + " of training too. Without it there is one run each, by seed, and intervals cover prompts only.")
        List<Long> seeds,

        @Setting(
                doc =
                        "The accuracy by which methods are tested against each other: implicit (log p - log p of the start, the"
                                + " same for all), own (what each method itself compares) or raw (log p alone). The table has all"
                                + " three.",
                byDefault = "implicit",
                source = "arXiv 2305.18290")
        Yardstick yardstick,

        @Setting(
                doc =
                        "What counts as no difference between two accuracies: methods are called equivalent if the interval of"
                                + " their difference keeps within it.",
                byDefault = "0.02",
                min = 0,
                max = 1)
        double equivalenceMargin,

        @Setting(
                doc =
                        "How many held-out prompts each model answers greedily, up to max_completion_length tokens, to see how"
                                + " long its answers are; 0: none.",
                byDefault = "64",
                min = 0)
        int lengthPrompts) {

    /** What tells that a pair is in the right order. */
    enum Yardstick {
        /** What the chosen answer gained on the rejected one since the start. */
        IMPLICIT(CompareMeasure.IMPLICIT),
        /** The rewards that the method itself compares. */
        OWN(CompareMeasure.ACCURACY),
        /** Which answer is the more probable one. */
        RAW(CompareMeasure.LOGP);

        private final CompareMeasure measure;

        Yardstick(CompareMeasure measure) {
            this.measure = measure;
        }

        CompareMeasure measure() {
            return measure;
        }

        /** For each pair 1, ½ or 0. */
        double[] right(CompareArm arm) {
            return switch (this) {
                case IMPLICIT -> arm.learnt().orElseThrow().ratios().right();
                case OWN -> arm.learnt().orElseThrow().own().right();
                case RAW -> arm.logps().right();
            };
        }
    }
}
