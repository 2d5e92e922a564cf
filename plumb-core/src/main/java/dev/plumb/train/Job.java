package dev.plumb.train;

import dev.plumb.config.Inline;
import dev.plumb.config.Setting;
import dev.plumb.data.RowKind;
import dev.plumb.objective.Sft;

/** All settings of one run: those that every run has, and those of its method. */
public sealed interface Job permits Job.SftJob, PreferenceJob {
    /**
     * What every run has.
     *
     * @return the settings
     */
    RunSettings run();

    /**
     * How weights are updated.
     *
     * @return the settings
     */
    Optimisation optimisation();

    /**
     * The learning rate after warm-up.
     *
     * @return the rate
     */
    double learningRate();

    /**
     * How often the data are gone through.
     *
     * @return epochs
     */
    double numTrainEpochs();

    /**
     * The rows that the method learns from.
     *
     * @return their kind
     */
    RowKind rows();

    /**
     * Supervised fine-tuning.
     *
     * @param run what every run has
     * @param optimisation how weights are updated
     * @param learningRate the learning rate after warm-up
     * @param numTrainEpochs how often the data are gone through
     * @param sft the objective
     */
    record SftJob(
            @Inline RunSettings run,
            @Inline Optimisation optimisation,

            @Setting(
                    doc = "Learning rate after warm-up.",
                    byDefault = "2e-5",
                    min = 0,
                    aboveMin = true,
                    source = "TRL, full fine-tuning")
            double learningRate,

            @Setting(
                    doc = "How often the data are gone through.",
                    byDefault = "3.0",
                    min = 0,
                    aboveMin = true,
                    source = "TRL")
            double numTrainEpochs,

            @Inline Sft.Config sft)
            implements Job {
        @Override
        public RowKind rows() {
            return RowKind.DEMONSTRATION;
        }
    }
}
