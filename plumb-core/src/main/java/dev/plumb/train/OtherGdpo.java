package dev.plumb.train;

import dev.plumb.config.Binder;
import dev.plumb.config.PlumbException;
import dev.plumb.config.YamlSource;
import java.util.List;

/** Two methods are called GDPO. Settings of the one that is not meant here are refused with the names of both. */
final class OtherGdpo {
    private static final List<String> REWARDS =
            List.of("reward", "rewards", "reward_funcs", "reward_weights", "reward_aggregation", "num_generations");

    private OtherGdpo() {}

    static void refuse(YamlSource source) {
        for (String key : REWARDS) {
            if (Binder.isGiven(source, key)) {
                throw new PlumbException(
                        "method: gdpo has no `" + key + "`. Here gdpo is Group Distributional Preference"
                                + " Optimization (arXiv 2412.20299), which learns from rows about beliefs and has no reward"
                                + " functions. If you mean Group reward-Decoupled Normalization Policy Optimization (arXiv"
                                + " 2601.05242), which combines several rewards: that is method: grpo with"
                                + " reward_aggregation: normalize_then_sum.");
            }
        }
    }
}
