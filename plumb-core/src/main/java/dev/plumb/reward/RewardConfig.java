package dev.plumb.reward;

import dev.plumb.config.PlumbException;
import dev.plumb.config.Setting;
import java.util.ArrayList;
import java.util.List;

/**
 * The rewards of a method that scores its own completions.
 *
 * @param rewardFuncs the rewards
 * @param rewardWeights their weights
 */
public record RewardConfig(
        @Setting(
                doc = "The rewards, by name or with settings: [accuracy, {name: format, weight: 0.5}].",
                source = "TRL")
        List<RewardSpec> rewardFuncs,

        @Setting(doc = "A weight for each of reward_funcs, in place of theirs.", source = "TRL")
        List<Double> rewardWeights) {
    /** Checks that weights are given once and fit. */
    public RewardConfig {
        rewardFuncs = List.copyOf(rewardFuncs);
        rewardWeights = List.copyOf(rewardWeights);
        if (!rewardWeights.isEmpty() && rewardWeights.size() != rewardFuncs.size()) {
            throw new IllegalArgumentException("reward_weights has " + rewardWeights.size() + " weights for "
                    + rewardFuncs.size() + " reward_funcs");
        }
        if (!rewardWeights.isEmpty() && rewardFuncs.stream().anyMatch(spec -> spec.weight() != 1)) {
            throw new IllegalArgumentException("weights stand both in reward_funcs and in reward_weights, take one");
        }
    }

    /**
     * The rewards, ready to score.
     *
     * @return the set
     * @throws PlumbException if there are none, two of one name, or one that cannot work on this machine
     */
    public RewardSet open() {
        if (rewardFuncs.isEmpty()) {
            throw new PlumbException("reward_funcs names no reward. Give at least one, as in reward_funcs=accuracy.");
        }
        return new RewardSet(parts());
    }

    /**
     * The rewards one by one, to be put together with learned ones.
     *
     * @return one part for each
     * @throws PlumbException if one cannot work on this machine
     */
    public List<RewardPart> parts() {
        List<RewardPart> parts = new ArrayList<>();
        for (int i = 0; i < rewardFuncs.size(); i++) {
            RewardSpec spec = rewardFuncs.get(i);
            parts.add(spec.part(rewardWeights.isEmpty() ? spec.weight() : rewardWeights.get(i)));
        }
        return parts;
    }
}
