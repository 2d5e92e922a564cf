package dev.plumb.reward;

import dev.plumb.config.Setting;
import java.util.regex.Pattern;

/** 1 if a regular expression is found in the completion, else 0. A pattern that takes too long ends at the deadline. */
final class RegexReward implements Rule {
    private final Config config;
    private final Pattern pattern;

    RegexReward(Config config) {
        this.config = config;
        this.pattern = AccuracyReward.Config.compile(config.pattern());
    }

    /**
     * Settings of the pattern reward.
     *
     * @param pattern a regular expression of Java
     * @param full whether it is to match all of the completion
     */
    record Config(
            @Setting(doc = "A regular expression, as in (?i)please. (?s) lets a dot match line ends.")
            String pattern,

            @Setting(doc = "Whether it must match all of the completion instead of a part.", byDefault = "false")
            boolean full) {
        /** Checks the pattern. */
        Config {
            AccuracyReward.Config.compile(pattern);
        }
    }

    @Override
    public Score score(RewardInput input) {
        var matcher = pattern.matcher(new InterruptibleText(input.completion()));
        return Score.of((config.full() ? matcher.matches() : matcher.find()) ? 1 : 0);
    }
}
