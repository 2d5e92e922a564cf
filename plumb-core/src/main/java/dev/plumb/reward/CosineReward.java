package dev.plumb.reward;

import dev.plumb.config.Setting;
import java.util.List;

/**
 * A reward of the right answer that falls with length, and a penalty of the wrong one that shrinks with it (arXiv 2502.03373,
 * section 4): R = long + ½ (short − long) (1 + cos(π n / L)) for n tokens of at most L, with the two ends chosen by whether the answer
 * is right. Beyond L it stays at its end; the paper has a penalty of its own there, which {@link OverlongReward} gives.
 */
final class CosineReward implements Rule {
    private final Config config;
    private final AccuracyReward accuracy;

    CosineReward(Config config) {
        this.config = config;
        this.accuracy = new AccuracyReward(config.accuracy());
    }

    /**
     * Settings of the cosine reward.
     *
     * @param maxLen L
     * @param correctShort the reward of a right answer of no length
     * @param correctLong the reward of a right answer of length L
     * @param wrongShort the reward of a wrong answer of no length
     * @param wrongLong the reward of a wrong answer of length L
     * @param accuracy how answers are compared; its rewards are not used
     */
    record Config(
            @Setting(doc = "The length at which the curve ends, in tokens.", byDefault = "1000", min = 1)
            int maxLen,

            @Setting(doc = "The reward of a right answer of length 0.", byDefault = "1.0", source = "arXiv 2502.03373")
            double correctShort,

            @Setting(
                    doc = "The reward of a right answer of length max_len.",
                    byDefault = "0.5",
                    source = "arXiv 2502.03373")
            double correctLong,

            @Setting(doc = "The reward of a wrong answer of length 0.", byDefault = "-1.0", source = "arXiv 2502.03373")
            double wrongShort,

            @Setting(
                    doc = "The reward of a wrong answer of length max_len.",
                    byDefault = "-0.5",
                    source = "arXiv 2502.03373")
            double wrongLong,

            @Setting(doc = "How answers are compared; the rewards set here are not used.")
            AccuracyReward.Config accuracy) {}

    @Override
    public Score score(RewardInput input) {
        AccuracyReward.Judgement judgement = accuracy.judge(input);
        List<String> notes = judgement.notes();
        return switch (judgement.verdict()) {
            case NO_GOLD -> Score.failure(notes.toArray(String[]::new));
            case CORRECT ->
                Score.of(at(input, config.correctShort(), config.correctLong()), notes.toArray(String[]::new));
            case WRONG, NO_ANSWER ->
                Score.of(at(input, config.wrongShort(), config.wrongLong()), notes.toArray(String[]::new));
        };
    }

    private double at(RewardInput input, double ofShort, double ofLong) {
        double share = Math.min(1, input.completionTokens() / (double) config.maxLen());
        return ofLong + 0.5 * (ofShort - ofLong) * (1 + Math.cos(Math.PI * share));
    }
}
