package dev.plumb.reward;

import dev.plumb.config.Setting;

/**
 * 1 if the completion thinks in {@code <think>…</think>} first and then answers in {@code <answer>…</answer>}, else 0 (arXiv
 * 2501.12948, section 2.2.2: format rewards): each tag once, the thought not blank, nothing but white space between and after
 * them. A {@code <think>} that the prompt ends in counts as the completion's own.
 */
final class FormatReward implements Rule {
    private static final String OPEN = "<answer>";
    private static final String CLOSE = "</answer>";
    private final Mode mode;

    FormatReward(Config config) {
        this.mode = config.mode();
    }

    /** Which tags are asked for. */
    enum Mode {
        THINK_ANSWER,
        THINK_ONLY
    }

    /**
     * Settings of the format reward.
     *
     * @param mode which tags are asked for
     */
    record Config(
            @Setting(
                    doc =
                            "think_answer: both pairs of tags; think_only: the thought alone, as TRL's think_format_reward.",
                    byDefault = "think_answer",
                    source = "arXiv 2501.12948; TRL")
            Mode mode) {}

    @Override
    public Score score(RewardInput input) {
        boolean given = input.prompt().stripTrailing().endsWith(Reasoning.OPEN);
        return Score.of(fits((given ? Reasoning.OPEN : "") + input.completion()) ? 1 : 0);
    }

    private boolean fits(String completion) {
        String text = completion.strip();
        int end = text.indexOf(Reasoning.CLOSE);
        if (!text.startsWith(Reasoning.OPEN)
                || Reasoning.count(text, Reasoning.OPEN) != 1
                || Reasoning.count(text, Reasoning.CLOSE) != 1
                || text.substring(Reasoning.OPEN.length(), end).isBlank()) {
            return false;
        }
        String rest = text.substring(end + Reasoning.CLOSE.length()).strip();
        return mode == Mode.THINK_ONLY
                || rest.startsWith(OPEN)
                        && rest.endsWith(CLOSE)
                        && Reasoning.count(rest, OPEN) == 1
                        && Reasoning.count(rest, CLOSE) == 1;
    }
}
