package dev.plumb.train;

import dev.plumb.config.Inline;
import dev.plumb.config.Setting;
import dev.plumb.reward.RewardConfig;
import java.nio.file.Path;
import java.util.List;

/**
 * What completions are rewarded for: functions, and models that were trained to score.
 *
 * @param functions rules and programs
 * @param rewardModels folders of reward models
 * @param rewardModelWeights their weights
 */
public record Rewards(
        @Inline RewardConfig functions,

        @Setting(
                doc =
                        "Reward models, checkpoint folders as the method reward writes them; each reads prompt and answer as"
                                + " text with its own tokenizer. TRL takes them in reward_funcs.")
        List<Path> rewardModels,

        @Setting(doc = "A weight for each of reward_models; 1 if not given.")
        List<Double> rewardModelWeights) {
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
        return functions.rewardFuncs().isEmpty() && rewardModels.isEmpty();
    }

    /**
     * Refuses settings by which nothing rewards.
     *
     * @throws IllegalArgumentException with the remedy
     */
    public void requireAny() {
        if (isEmpty()) {
            throw new IllegalArgumentException("nothing rewards the answers: name a function, as in"
                    + " reward_funcs: [accuracy], or a model, as in reward_models: [runs/reward/final]");
        }
    }
}
