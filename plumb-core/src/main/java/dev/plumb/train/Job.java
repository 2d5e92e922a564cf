package dev.plumb.train;

import dev.plumb.config.Inline;
import dev.plumb.config.Setting;
import dev.plumb.data.DataConfig;
import dev.plumb.data.RowKind;
import dev.plumb.data.StepConfig;
import dev.plumb.objective.Gdpo;
import dev.plumb.objective.Sft;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** All settings of one run: those that every run has, and those of its method. */
public sealed interface Job
        permits Job.SftJob, RewardJob, UnpairedJob, Job.GdpoJob, PreferenceJob, SolutionJob, OnlineJob {
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
     * How rows become steps.
     *
     * @return rows taken at once, and steps that learn from them
     */
    default Pace pace() {
        return new Pace(optimisation().rowsPerStep(), 1);
    }

    /**
     * How many scores the model gives in place of words.
     *
     * @return 0 for a language model
     */
    default int scores() {
        return 0;
    }

    /**
     * How the reference is kept.
     *
     * @return settings that ask for nothing where there is no reference
     */
    default ReferenceSettings reference() {
        return ReferenceSettings.NONE;
    }

    /**
     * In what a form that was chosen differs from the paper's, for teaching.
     *
     * @return a sentence; empty for the paper's own
     */
    default Optional<String> departure() {
        return Optional.empty();
    }

    /**
     * Text that is learnt beside the rows.
     *
     * @return which; empty where there is none
     */
    default Optional<DataConfig> ptxData() {
        return Optional.empty();
    }

    /**
     * Models that are read besides the one that is trained.
     *
     * @return their folders by the settings that name them
     */
    default Map<String, List<Path>> otherModels() {
        return Map.of();
    }

    /**
     * How solutions fall into steps, where the model judges steps in place of writing words.
     *
     * @return the settings; empty where it does not
     */
    default Optional<StepConfig> steps() {
        return Optional.empty();
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
     * Learning how a group's beliefs are spread, and to voice each of them.
     *
     * @param run what every run has
     * @param optimisation how weights are updated
     * @param learningRate the learning rate after warm-up
     * @param numTrainEpochs how often the data are gone through
     * @param belief how it is known how beliefs are spread
     * @param gdpo the objective
     */
    record GdpoJob(
            @Inline RunSettings run,
            @Inline Optimisation optimisation,

            @Setting(
                    doc = "Learning rate after warm-up.",
                    byDefault = "5e-7",
                    min = 0,
                    aboveMin = true,
                    source = "BigBinnie/GDPO")
            double learningRate,

            @Setting(
                    doc = "How often the data are gone through.",
                    byDefault = "3.0",
                    min = 0,
                    aboveMin = true,
                    source = "BigBinnie/GDPO: up to 20, with early_stopping_patience 4")
            double numTrainEpochs,

            @Setting(doc = "How it is known how a group's beliefs are spread.")
            BeliefSettings belief,

            @Inline Gdpo.Config gdpo)
            implements Job {
        /** Checks what single ranges cannot. */
        public GdpoJob {
            if (gdpo.variant() == Gdpo.Variant.SEED
                    && belief.rowSampling().equals(Optional.of(BeliefSettings.RowSampling.PROPORTIONAL))) {
                throw new IllegalArgumentException(
                        "variant: seed weighs rows by how many people hold their belief; with"
                                + " belief.row_sampling: proportional, beliefs would count by the square of that. Give one row"
                                + " per belief and leave row_sampling out");
            }
        }

        @Override
        public RowKind rows() {
            return RowKind.BELIEF;
        }

        /** Whether a row counts as much as its belief is held. */
        boolean weighsRows() {
            return belief.rowSampling()
                            .orElse(
                                    gdpo.variant() == Gdpo.Variant.SEED
                                            ? BeliefSettings.RowSampling.ONE_PER_BELIEF
                                            : BeliefSettings.RowSampling.PROPORTIONAL)
                    == BeliefSettings.RowSampling.ONE_PER_BELIEF;
        }
    }
}
