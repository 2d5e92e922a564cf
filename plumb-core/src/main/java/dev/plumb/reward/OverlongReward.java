package dev.plumb.reward;

import dev.plumb.config.Setting;

/**
 * The soft overlong punishment (arXiv 2503.14476, equation 13), for n tokens of at most L with a margin of c: 0 if n ≤ L − c; (L − c −
 * n) / c if n ≤ L; else −1.
 */
final class OverlongReward implements Rule {
    private final Config config;

    OverlongReward(Config config) {
        this.config = config;
    }

    /**
     * Settings of the soft overlong punishment.
     *
     * @param maxCompletionLen L
     * @param softPunishCache c
     */
    record Config(
            @Setting(
                    doc = "The longest length, in tokens; beyond it the reward is -1.",
                    byDefault = "20480",
                    min = 1,
                    source = "arXiv 2503.14476; TRL: get_soft_overlong_punishment")
            int maxCompletionLen,

            @Setting(
                    doc = "How many tokens before that the reward begins to fall from 0.",
                    byDefault = "4096",
                    min = 1,
                    source = "arXiv 2503.14476; TRL: get_soft_overlong_punishment")
            int softPunishCache) {
        /** Checks that the margin fits. */
        Config {
            if (softPunishCache > maxCompletionLen) {
                throw new IllegalArgumentException(
                        "soft_punish_cache " + softPunishCache + " is above max_completion_len " + maxCompletionLen);
            }
        }
    }

    @Override
    public Score score(RewardInput input) {
        double over = input.completionTokens() - (config.maxCompletionLen() - config.softPunishCache());
        return Score.of(over <= 0 ? 0 : Math.max(-1, -over / config.softPunishCache()));
    }
}
