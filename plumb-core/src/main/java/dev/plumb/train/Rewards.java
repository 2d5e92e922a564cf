package dev.plumb.train;

import dev.plumb.config.Inline;
import dev.plumb.config.Setting;
import dev.plumb.objective.PolicyObjective;
import dev.plumb.reward.RewardConfig;
import dev.plumb.reward.RewardSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * What completions are rewarded for: functions, and models that were trained to score.
 *
 * @param functions rules and programs
 * @param rewardModels folders of reward models
 * @param rewardModelWeights their weights
 * @param process a model that judges steps
 */
public record Rewards(
        @Inline RewardConfig functions,

        @Setting(
                doc =
                        "Reward models, checkpoint folders as the method reward writes them; each reads prompt and answer as"
                                + " text with its own tokenizer. TRL takes them in reward_funcs.")
        List<Path> rewardModels,

        @Setting(doc = "A weight for each of reward_models; 1 if not given.")
        List<Double> rewardModelWeights,

        @Inline ProcessRewardSettings process) {
    /** Checks that weights fit. */
    public Rewards {
        rewardModels = List.copyOf(rewardModels);
        rewardModelWeights = List.copyOf(rewardModelWeights);
        if (!rewardModelWeights.isEmpty() && rewardModelWeights.size() != rewardModels.size()) {
            throw new IllegalArgumentException("reward_model_weights has " + rewardModelWeights.size() + " weights for "
                    + rewardModels.size() + " reward_models");
        }
    }

    /**
     * Whether nothing rewards.
     *
     * @return true without functions and models
     */
    public boolean isEmpty() {
        return functions.rewardFuncs().isEmpty()
                && rewardModels.isEmpty()
                && process.processRewardModel().isEmpty();
    }

    /**
     * Refuses settings by which nothing rewards.
     *
     * @throws IllegalArgumentException with the remedy
     */
    public void requireAny() {
        if (isEmpty()) {
            throw new IllegalArgumentException("nothing rewards the answers: name a function, as in"
                    + " reward_funcs: [accuracy], or a model, as in reward_models: [runs/reward/final] or"
                    + " process_reward_model: runs/prm/final");
        }
    }

    /**
     * The same as an objective takes them.
     *
     * @throws IllegalArgumentException with a remedy, if it asks for what these do not give, or would not heed what they give
     */
    Rewards settled(PolicyObjective objective) {
        if (!objective.needsSteps()) {
            return this;
        }
        if (process.processRewardModel().isEmpty()) {
            throw new IllegalArgumentException(
                    "rewards of steps are asked for, and nothing judges the steps of answers:"
                            + " name a process reward model, as in process_reward_model: runs/prm/final, or use supervision:"
                            + " outcome with grpo, step_rewards: outcome_only with ppo");
        }
        if (objective.needsRewards()) {
            return new Rewards(functions, rewardModels, rewardModelWeights, process.weighing(0));
        }
        if (process.weight() != 1 || weights().anyMatch(weight -> weight != 0)) {
            throw new IllegalArgumentException("supervision: process learns from the scores of steps and from nothing"
                    + " else: leave out process_reward_weight, and give other rewards, which are only measured, weight 0,"
                    + " as in reward_weights: [0]");
        }
        return this;
    }

    /** Of functions and of models that judge whole answers. */
    private DoubleStream weights() {
        DoubleStream ofFunctions = functions.rewardWeights().isEmpty()
                ? functions.rewardFuncs().stream().mapToDouble(RewardSpec::weight)
                : functions.rewardWeights().stream().mapToDouble(weight -> weight);
        return DoubleStream.concat(
                ofFunctions, IntStream.range(0, rewardModels.size()).mapToDouble(this::weight));
    }

    /** Of one of the models that judge whole answers. */
    double weight(int model) {
        return rewardModelWeights.isEmpty() ? 1 : rewardModelWeights.get(model);
    }
}
