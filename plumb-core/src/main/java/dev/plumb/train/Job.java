package dev.plumb.train;

import dev.plumb.config.Inline;
import dev.plumb.config.Setting;
import dev.plumb.data.RowKind;
import dev.plumb.objective.Kto;
import dev.plumb.objective.Sft;

/** All settings of one run: those that every run has, and those of its method. */
public sealed interface Job permits Job.SftJob, RewardJob, Job.KtoJob, PreferenceJob {
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
     * How many scores the model gives in place of words.
     *
     * @return 0 for a language model
     */
    default int scores() {
        return 0;
    }

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

    /**
     * Learning from thumbs up and down.
     *
     * @param run what every run has
     * @param optimisation how weights are updated
     * @param learningRate the learning rate after warm-up
     * @param numTrainEpochs how often the data are gone through
     * @param precomputeRefLogProbs whether the reference is asked once, before the first step
     * @param kto the objective
     */
    record KtoJob(
            @Inline RunSettings run,
            @Inline Optimisation optimisation,

            @Setting(doc = "Learning rate after warm-up.", byDefault = "1e-6", min = 0, aboveMin = true, source = "TRL")
            double learningRate,

            @Setting(
                    doc = "How often the data are gone through.",
                    byDefault = "1.0",
                    min = 0,
                    aboveMin = true,
                    source = "arXiv 2402.01306")
            double numTrainEpochs,

            @Setting(
                    doc = "Ask the reference once before the first step and keep its log-probabilities on disk, instead"
                            + " of holding a second model. Not with loss_type: kto, which asks it about new sequences at"
                            + " every step.",
                    byDefault = "false",
                    source = "TRL")
            boolean precomputeRefLogProbs,

            @Inline Kto.Config kto)
            implements Job {
        /** Checks what single ranges cannot. */
        public KtoJob {
            if (precomputeRefLogProbs && kto.lossType() == Kto.LossType.KTO) {
                throw new IllegalArgumentException(
                        "precompute_ref_log_probs cannot serve loss_type: kto, which asks the reference about new pairs of"
                                + " prompt and answer at every step; leave it out, or choose loss_type: apo_zero_unpaired");
            }
        }

        @Override
        public RowKind rows() {
            return RowKind.UNPAIRED;
        }
    }
}
