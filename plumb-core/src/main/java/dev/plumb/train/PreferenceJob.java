package dev.plumb.train;

import dev.plumb.config.Inline;
import dev.plumb.config.Setting;
import dev.plumb.data.RowKind;
import dev.plumb.objective.Cpo;
import dev.plumb.objective.Dpo;
import dev.plumb.objective.Ipo;
import dev.plumb.objective.Orpo;
import dev.plumb.objective.PreferenceObjective;
import dev.plumb.objective.SimPo;

/** All settings of a run that learns from pairs of answers of which one is preferred. */
public sealed interface PreferenceJob extends Job {
    /**
     * What it learns by.
     *
     * @return the objective
     */
    PreferenceObjective objective();

    @Override
    default RowKind rows() {
        return RowKind.PREFERENCE;
    }

    /**
     * Direct preference optimisation.
     *
     * @param run what every run has
     * @param optimisation how weights are updated
     * @param learningRate the learning rate after warm-up
     * @param numTrainEpochs how often the data are gone through
     * @param reference how the reference is kept
     * @param dpo the objective
     */
    record DpoJob(
            @Inline RunSettings run,
            @Inline Optimisation optimisation,

            @Setting(
                    doc = "Learning rate after warm-up.",
                    byDefault = "5e-7",
                    min = 0,
                    aboveMin = true,
                    source = "arXiv 2305.18290 and TRL: 1e-6; half of it, as full fine-tuning drifts easily")
            double learningRate,

            @Setting(
                    doc = "How often the data are gone through.",
                    byDefault = "1.0",
                    min = 0,
                    aboveMin = true,
                    source = "arXiv 2305.18290")
            double numTrainEpochs,

            @Inline ReferenceSettings reference,

            @Inline Dpo.Config dpo)
            implements PreferenceJob {
        /** Checks what single ranges cannot. */
        public DpoJob {
            reference.requireFits(run);
        }

        @Override
        public PreferenceObjective objective() {
            return new Dpo(dpo);
        }
    }

    /**
     * Identity preference optimisation.
     *
     * @param run what every run has
     * @param optimisation how weights are updated
     * @param learningRate the learning rate after warm-up
     * @param numTrainEpochs how often the data are gone through
     * @param reference how the reference is kept
     * @param ipo the objective
     */
    record IpoJob(
            @Inline RunSettings run,
            @Inline Optimisation optimisation,

            @Setting(
                    doc = "Learning rate after warm-up.",
                    byDefault = "5e-7",
                    min = 0,
                    aboveMin = true,
                    source = "as for dpo")
            double learningRate,

            @Setting(
                    doc = "How often the data are gone through.",
                    byDefault = "1.0",
                    min = 0,
                    aboveMin = true,
                    source = "as for dpo")
            double numTrainEpochs,

            @Inline ReferenceSettings reference,

            @Inline Ipo.Config ipo)
            implements PreferenceJob {
        /** Checks what single ranges cannot. */
        public IpoJob {
            reference.requireFits(run);
        }

        @Override
        public PreferenceObjective objective() {
            return new Ipo(ipo);
        }
    }

    /**
     * Simple preference optimisation.
     *
     * @param run what every run has
     * @param optimisation how weights are updated
     * @param learningRate the learning rate after warm-up
     * @param numTrainEpochs how often the data are gone through
     * @param simpo the objective
     */
    record SimPoJob(
            @Inline RunSettings run,
            @Inline Optimisation optimisation,

            @Setting(
                    doc = "Learning rate after warm-up.",
                    byDefault = "5e-7",
                    min = 0,
                    aboveMin = true,
                    source = "arXiv 2405.14734: 3e-7 to 1e-6; far above it answers degenerate")
            double learningRate,

            @Setting(
                    doc = "How often the data are gone through.",
                    byDefault = "1.0",
                    min = 0,
                    aboveMin = true,
                    source = "arXiv 2405.14734")
            double numTrainEpochs,

            @Inline SimPo.Config simpo)
            implements PreferenceJob {
        @Override
        public PreferenceObjective objective() {
            return new SimPo(simpo);
        }
    }

    /**
     * Odds ratio preference optimisation.
     *
     * @param run what every run has
     * @param optimisation how weights are updated
     * @param learningRate the learning rate after warm-up
     * @param numTrainEpochs how often the data are gone through
     * @param orpo the objective
     */
    record OrpoJob(
            @Inline RunSettings run,
            @Inline Optimisation optimisation,

            @Setting(
                    doc = "Learning rate after warm-up.",
                    byDefault = "5e-6",
                    min = 0,
                    aboveMin = true,
                    source = "arXiv 2403.07691: 5e-6 to 8e-6")
            double learningRate,

            @Setting(
                    doc = "How often the data are gone through.",
                    byDefault = "1.0",
                    min = 0,
                    aboveMin = true,
                    source = "as for dpo")
            double numTrainEpochs,

            @Inline Orpo.Config orpo)
            implements PreferenceJob {
        @Override
        public PreferenceObjective objective() {
            return new Orpo(orpo);
        }
    }

    /**
     * Contrastive preference optimisation.
     *
     * @param run what every run has
     * @param optimisation how weights are updated
     * @param learningRate the learning rate after warm-up
     * @param numTrainEpochs how often the data are gone through
     * @param cpo the objective
     */
    record CpoJob(
            @Inline RunSettings run,
            @Inline Optimisation optimisation,

            @Setting(doc = "Learning rate after warm-up.", byDefault = "1e-6", min = 0, aboveMin = true, source = "TRL")
            double learningRate,

            @Setting(
                    doc = "How often the data are gone through.",
                    byDefault = "1.0",
                    min = 0,
                    aboveMin = true,
                    source = "as for dpo")
            double numTrainEpochs,

            @Inline Cpo.Config cpo)
            implements PreferenceJob {
        @Override
        public PreferenceObjective objective() {
            return new Cpo(cpo);
        }
    }
}
