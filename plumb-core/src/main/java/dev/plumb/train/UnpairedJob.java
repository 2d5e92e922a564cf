package dev.plumb.train;

import dev.plumb.config.Inline;
import dev.plumb.config.Setting;
import dev.plumb.data.RowKind;
import dev.plumb.objective.Bco;
import dev.plumb.objective.Kto;
import dev.plumb.objective.UnpairedObjective;
import java.util.Optional;

/** All settings of a run that learns from single answers that were judged good or bad. */
public sealed interface UnpairedJob extends Job {
    /**
     * What it learns by.
     *
     * @return the objective
     */
    UnpairedObjective objective();

    @Override
    default RowKind rows() {
        return RowKind.UNPAIRED;
    }

    /**
     * Kahneman-Tversky optimisation.
     *
     * @param run what every run has
     * @param optimisation how weights are updated
     * @param learningRate the learning rate after warm-up
     * @param numTrainEpochs how often the data are gone through
     * @param reference how the reference is kept
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

            @Inline ReferenceSettings reference,
            @Inline Kto.Config kto)
            implements UnpairedJob {
        /** Checks what single ranges cannot. */
        public KtoJob {
            reference.requireFits(run);
            if (reference.precomputeRefLogProbs() && kto.lossType() == Kto.LossType.KTO) {
                throw new IllegalArgumentException(
                        "precompute_ref_log_probs cannot serve loss_type: kto, which asks the reference about new pairs of"
                                + " prompt and answer at every step; leave it out, or choose loss_type: apo_zero_unpaired");
            }
        }

        @Override
        public UnpairedObjective objective() {
            return new Kto(kto);
        }

        @Override
        public Optional<String> departure() {
            return kto.lossType() == Kto.LossType.SEED
                    ? Optional.of(
                            "loss_type: seed differs from the paper: no reference point, and the means of good and bad"
                                    + " answers are added, so that their counts do not matter.")
                    : Optional.empty();
        }
    }

    /**
     * Binary classifier optimisation.
     *
     * @param run what every run has
     * @param optimisation how weights are updated
     * @param learningRate the learning rate after warm-up
     * @param numTrainEpochs how often the data are gone through
     * @param reference how the reference is kept
     * @param bco the objective
     */
    record BcoJob(
            @Inline RunSettings run,
            @Inline Optimisation optimisation,

            @Setting(doc = "Learning rate after warm-up.", byDefault = "5e-7", min = 0, aboveMin = true, source = "TRL")
            double learningRate,

            @Setting(
                    doc = "How often the data are gone through.",
                    byDefault = "1.0",
                    min = 0,
                    aboveMin = true,
                    source = "as for kto")
            double numTrainEpochs,

            @Inline ReferenceSettings reference,
            @Inline Bco.Config bco)
            implements UnpairedJob {
        /** Checks what single ranges cannot. */
        public BcoJob {
            reference.requireFits(run);
        }

        @Override
        public UnpairedObjective objective() {
            return new Bco(bco);
        }
    }
}
