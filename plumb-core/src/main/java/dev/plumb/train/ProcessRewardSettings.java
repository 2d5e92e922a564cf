package dev.plumb.train;

import dev.plumb.config.Setting;
import dev.plumb.reward.Aggregate;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A model that judges the steps of answers.
 *
 * @param processRewardModel folder of the model; all else is of it
 * @param processRewardAggregate from the scores of steps to that of the answer; present if the model is
 * @param processRewardWeight the weight of that score among the rewards
 * @param stepSeparator what ends a step
 * @param maxSolutionSteps the most steps
 */
public record ProcessRewardSettings(
        @Setting(
                doc =
                        "A process reward model, a checkpoint folder as the method prm writes it. It judges each step of an"
                                + " answer, which supervision: process of grpo and step_rewards of ppo learn from token by token;"
                                + " every method may have its steps' scores as one reward of the answer,"
                                + " called process. An answer is cut into steps as in the model's training; its last step ends with"
                                + " its last token. Where the length limit cut it off, the step that had not ended is not judged; an"
                                + " answer without a step is one of score 0.",
                source = "arXiv 2211.14275, 2312.08935")
        Optional<Path> processRewardModel,

        @Setting(
                doc = "By which score of its steps an answer is rewarded: min, prod, mean, last, geo_mean or logit_sum;"
                        + " min if not given. min suits models taught by people, last those taught by sampled"
                        + " continuations.",
                source = "arXiv 2312.08935")
        Optional<Aggregate> processRewardAggregate,

        @Setting(
                doc =
                        "The weight of that reward among the others; 1 if not given, and 0 with step_rewards of ppo, which"
                                + " pay for the steps already. With 0 it is only measured.")
        Optional<Double> processRewardWeight,

        @Setting(
                doc = "What ends a step of an answer: that of the model's training, which its folder says. Give it only"
                        + " for a model whose folder does not; then \"\\n\" if not given.")
        Optional<String> stepSeparator,

        @Setting(
                doc = "The most steps that an answer is cut into; what is left stays with the last. As in the model's"
                        + " training if not given, or 64.",
                min = 1)
        Optional<Integer> maxSolutionSteps) {
    /** No model. */
    static final ProcessRewardSettings NONE = new ProcessRewardSettings(
            Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

    /** Refuses what belongs to a model that is not there. */
    public ProcessRewardSettings {
        if (processRewardModel.isEmpty()
                && (processRewardAggregate.isPresent()
                        || processRewardWeight.isPresent()
                        || stepSeparator.isPresent()
                        || maxSolutionSteps.isPresent())) {
            throw new IllegalArgumentException("process_reward_aggregate, process_reward_weight, step_separator and"
                    + " max_solution_steps are of a process reward model: name one, as in process_reward_model:"
                    + " runs/prm/final, or leave them out");
        }
        if (stepSeparator.filter(String::isEmpty).isPresent()) {
            throw new IllegalArgumentException("step_separator: steps must be separated by something");
        }
        if (processRewardModel.isPresent()) {
            processRewardAggregate = Optional.of(processRewardAggregate.orElse(Aggregate.MIN));
        }
    }

    /** The same with a weight, where none is given. */
    ProcessRewardSettings weighing(double weight) {
        return new ProcessRewardSettings(
                processRewardModel,
                processRewardAggregate,
                Optional.of(processRewardWeight.orElse(weight)),
                stepSeparator,
                maxSolutionSteps);
    }

    /** The weight among the rewards of answers. */
    double weight() {
        return processRewardWeight.orElse(1.0);
    }
}
