package dev.plumb.reward;

import dev.plumb.config.Setting;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * A penalty of text that repeats itself (after arXiv 2502.03373, section 4): R = p (1 − u / t), of t runs of n words u different ones,
 * p ≤ 0. Words are parted by white space, case ignored. A text of fewer than n words repeats nothing. Departure: the paper counts
 * n-grams of tokens.
 */
final class RepetitionReward implements Rule {
    private final Config config;

    RepetitionReward(Config config) {
        this.config = config;
    }

    /**
     * Settings of the repetition penalty.
     *
     * @param ngramSize n
     * @param maxPenalty p
     */
    record Config(
            @Setting(doc = "How many words in a row are compared.", byDefault = "3", min = 1)
            int ngramSize,

            @Setting(doc = "The reward of a text that only repeats itself, below 0.", byDefault = "-1.0", max = 0)
            double maxPenalty) {}

    @Override
    public Score score(RewardInput input) {
        List<String> words =
                List.of(input.completion().strip().toLowerCase(Locale.ROOT).split("\\s+"));
        int total = words.size() - config.ngramSize() + 1;
        if (total < 1) {
            return Score.of(0);
        }
        Set<List<String>> different = new HashSet<>();
        for (int i = 0; i < total; i++) {
            different.add(words.subList(i, i + config.ngramSize()));
        }
        return Score.of(config.maxPenalty() * (total - different.size()) / total);
    }
}
