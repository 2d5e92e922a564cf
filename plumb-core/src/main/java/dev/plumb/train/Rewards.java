package dev.plumb.train;

import dev.plumb.config.Inline;
import dev.plumb.objective.PolicyObjective;
import dev.plumb.reward.RewardConfig;
import dev.plumb.reward.RewardSpec;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * What completions are rewarded for: functions, and models that were trained to score.
 *
 * @param functions rules and programs
 * @param models models that judge whole answers
 * @param process a model that judges steps
 */
public record Rewards(
        @Inline RewardConfig functions,
        @Inline RewardModelSettings models,
        @Inline ProcessRewardSettings process) {
    /**
     * Whether nothing rewards.
     *
     * @return true without functions and models
     */
    public boolean isEmpty() {
        return functions.rewardFuncs().isEmpty()
                && models.rewardModels().isEmpty()
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

    /** Refuses rewards that count where a judge is asked instead. */
    void requireOnlyMeasured() {
        boolean process =
                process().processRewardModel().isPresent() && process().weight() != 0;
        if (process || weights().anyMatch(weight -> weight != 0)) {
            throw new IllegalArgumentException("judge says which answers are better, and so do the rewards: leave judge"
                    + " out, or the rewards; or give them weight 0, as in reward_weights: [0], reward_model_weights: [0]"
                    + " or process_reward_weight: 0, and they are only measured");
        }
    }

    /**
     * The folders of models.
     *
     * @return by the settings that name them
     */
    public Map<String, List<Path>> folders() {
        Map<String, List<Path>> folders = new LinkedHashMap<>();
        if (!models.rewardModels().isEmpty()) {
            folders.put("reward_models", models.rewardModels());
        }
        process.processRewardModel().ifPresent(folder -> folders.put("process_reward_model", List.of(folder)));
        return folders;
    }

    /**
     * The same without models that are not there yet. Members of an ensemble are left out all together, as one alone would be none.
     *
     * @param toCome their folders
     * @return what can be opened
     */
    Rewards without(Set<Path> toCome) {
        boolean waits = process.processRewardModel().filter(toCome::contains).isPresent();
        return new Rewards(functions, models.without(toCome), waits ? ProcessRewardSettings.NONE : process);
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
            return new Rewards(functions, models, process.weighing(0));
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
        int count = models.ensemble().isPresent() ? 1 : models.rewardModels().size();
        return DoubleStream.concat(ofFunctions, IntStream.range(0, count).mapToDouble(models::weight));
    }
}
