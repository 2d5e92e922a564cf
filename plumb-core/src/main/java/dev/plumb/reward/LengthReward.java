package dev.plumb.reward;

import dev.plumb.config.Setting;

/**
 * 1 for a completion of between {@code min_tokens} and {@code max_tokens}, and less, in a straight line down to 0, for one that is
 * up to {@code ramp} tokens outside: R = max(0, 1 − d / ramp), d the distance. Plumb's own.
 */
final class LengthReward implements Rule {
    private final Config config;

    LengthReward(Config config) {
        this.config = config;
    }

    /**
     * Settings of the length reward.
     *
     * @param minTokens the shortest good length
     * @param maxTokens the longest good length
     * @param ramp how far outside the reward reaches 0
     */
    record Config(
            @Setting(doc = "The shortest length that has the full reward, in tokens.", byDefault = "0", min = 0)
            int minTokens,

            @Setting(doc = "The longest length that has the full reward, in tokens.", byDefault = "256", min = 0)
            int maxTokens,

            @Setting(doc = "How many tokens outside the reward reaches 0.", byDefault = "64", min = 0, aboveMin = true)
            double ramp) {
        /** Checks the order. */
        Config {
            if (minTokens > maxTokens) {
                throw new IllegalArgumentException("min_tokens " + minTokens + " is above max_tokens " + maxTokens);
            }
        }
    }

    @Override
    public Score score(RewardInput input) {
        int n = input.completionTokens();
        int outside = Math.max(0, Math.max(config.minTokens() - n, n - config.maxTokens()));
        return Score.of(Math.max(0, 1 - outside / config.ramp()));
    }
}
