package dev.plumb.train;

import dev.plumb.config.Inline;
import dev.plumb.config.Setting;
import dev.plumb.data.RowKind;
import dev.plumb.data.StepConfig;
import dev.plumb.objective.OutcomeReward;
import dev.plumb.objective.ProcessReward;
import dev.plumb.objective.StepMeasures;
import dev.plumb.objective.StepObjective;
import dev.plumb.reward.Aggregate;
import java.util.Optional;

/** All settings of a run that learns to judge solutions: their steps or their outcomes. */
public sealed interface SolutionJob extends Job {
    /**
     * What it learns by.
     *
     * @return the objective
     */
    StepObjective objective();

    /**
     * Whether only the head is trained.
     *
     * @return true if the language model below it stays as it is
     */
    boolean freezeBackbone();

    /** How its rows are read. */
    StepLoop.Reading reading();

    /**
     * A process reward model.
     *
     * @param run what every run has
     * @param optimisation how weights are updated
     * @param learningRate the learning rate after warm-up
     * @param numTrainEpochs how often the data are gone through
     * @param freezeBackbone whether only the head is trained
     * @param aggregate from scores of steps to one of the solution
     * @param step how solutions fall into steps
     * @param prm the objective
     */
    record PrmJob(
            @Inline RunSettings run,
            @Inline Optimisation optimisation,

            @Setting(
                    doc = "Learning rate after warm-up; about 1e-3 with freeze_backbone.",
                    byDefault = "1e-5",
                    min = 0,
                    aboveMin = true,
                    source = "TRL")
            double learningRate,

            @Setting(
                    doc = "How often the data are gone through.",
                    byDefault = "1.0",
                    min = 0,
                    aboveMin = true,
                    source = "arXiv 2312.08935")
            double numTrainEpochs,

            @Setting(
                    doc =
                            "Train the head alone and leave the language model below it as it is: less memory and time, and"
                                    + " less is learnt.",
                    byDefault = "false")
            boolean freezeBackbone,

            @Setting(
                    doc =
                            "By which score held-out solutions of one problem are ranked: min, prod, mean, last, geo_mean or"
                                    + " logit_sum of their steps' scores. min suits labels of people, last those of sampled"
                                    + " continuations.",
                    byDefault = "min",
                    source = "arXiv 2312.08935")
            Aggregate aggregate,

            @Inline StepConfig step,
            @Inline ProcessReward.Config prm)
            implements SolutionJob {
        @Override
        public RowKind rows() {
            return RowKind.STEPS;
        }

        @Override
        public Optional<StepConfig> steps() {
            return Optional.of(step);
        }

        @Override
        public StepObjective objective() {
            return new ProcessReward(prm);
        }

        @Override
        public StepLoop.Reading reading() {
            return new StepLoop.Reading(
                    Places.steps(step.trainOnLastStepOnly()), Places.steps(false), StepMeasures::ofSteps, aggregate);
        }
    }

    /**
     * An outcome reward model.
     *
     * @param run what every run has
     * @param optimisation how weights are updated
     * @param learningRate the learning rate after warm-up
     * @param numTrainEpochs how often the data are gone through
     * @param freezeBackbone whether only the head is trained
     * @param orm the objective
     */
    record OrmJob(
            @Inline RunSettings run,
            @Inline Optimisation optimisation,

            @Setting(
                    doc = "Learning rate after warm-up; about 1e-3 with freeze_backbone.",
                    byDefault = "1e-5",
                    min = 0,
                    aboveMin = true,
                    source = "as prm")
            double learningRate,

            @Setting(
                    doc = "How often the data are gone through.",
                    byDefault = "1.0",
                    min = 0,
                    aboveMin = true,
                    source = "arXiv 2110.14168, section 4.2")
            double numTrainEpochs,

            @Setting(
                    doc =
                            "Train the head alone and leave the language model below it as it is: less memory and time, and"
                                    + " less is learnt.",
                    byDefault = "false")
            boolean freezeBackbone,

            @Inline OutcomeReward.Config orm)
            implements SolutionJob {
        @Override
        public RowKind rows() {
            return RowKind.UNPAIRED;
        }

        @Override
        public int scores() {
            return 1;
        }

        @Override
        public StepObjective objective() {
            return new OutcomeReward();
        }

        @Override
        public StepLoop.Reading reading() {
            return new StepLoop.Reading(
                    Places.outcomes(orm.readAt()),
                    Places.outcomes(OutcomeReward.ReadAt.LAST),
                    StepMeasures::ofOutcomes,
                    Aggregate.LAST);
        }
    }
}
