package dev.plumb.reward;

import dev.plumb.config.Setting;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * 1 if the final answer of the completion is the row's answer, else 0 (arXiv 2501.12948, section 2.2.2: accuracy rewards).
 *
 * <p>What the final answer is, {@link Answer} says; when two are the same, {@link AnswerEquality}. The row's answer is found in the
 * same way, so a whole solution may stand there. A row without one has no reward, which is not 0.
 */
final class AccuracyReward implements Rule {
    private final Config config;
    private final AnswerEquality equality;
    private final Optional<Pattern> pattern;

    AccuracyReward(Config config) {
        this.config = config;
        this.equality = new AnswerEquality(new Units(config.units()));
        this.pattern = config.answerPattern().map(Pattern::compile);
    }

    /**
     * Settings of the accuracy reward.
     *
     * @param columns where the row's answer may stand
     * @param answerPattern what the final answer looks like, if it is marked in an unusual way
     * @param lenient whether the last number counts as an answer
     * @param exact whether only the same text counts
     * @param correct the reward of a right answer
     * @param wrong the reward of a wrong one
     * @param noAnswer the reward where no answer was found
     * @param units further units
     */
    record Config(
            @Setting(
                    doc =
                            "The columns with the right answer, the first that a row has; a worked solution that ends in its"
                                    + " answer will do.",
                    byDefault = "[answer, solution]")
            List<String> columns,

            @Setting(
                    doc = "A regular expression whose last match is the final answer, in the completion and in the row:"
                            + " its first group, or all of it. Without it: <answer>, \\boxed, ####, \"the answer is\".")
            Optional<String> answerPattern,

            @Setting(
                    doc =
                            "Whether the last number counts where no answer is marked. It rewards lists of guesses, so not"
                                    + " while training.",
                    byDefault = "false")
            boolean lenient,

            @Setting(
                    doc =
                            "Whether only the very same text is right, instead of equal numbers, formulas, sets and units.",
                    byDefault = "false")
            boolean exact,

            @Setting(doc = "The reward of a right answer.", byDefault = "1.0")
            double correct,

            @Setting(doc = "The reward of a wrong answer.", byDefault = "0.0")
            double wrong,

            @Setting(doc = "The reward where no answer was found.", byDefault = "0.0")
            double noAnswer,

            @Setting(doc = "Further units that may stand behind a number, in the singular.")
            List<String> units) {
        /** Checks the pattern. */
        Config {
            columns = List.copyOf(columns);
            units = List.copyOf(units);
            if (columns.isEmpty()) {
                throw new IllegalArgumentException("columns names no column with the right answer");
            }
            answerPattern.ifPresent(Config::compile);
        }

        static Pattern compile(String pattern) {
            try {
                return Pattern.compile(pattern);
            } catch (PatternSyntaxException e) {
                throw new IllegalArgumentException(
                        "not a regular expression: " + e.getDescription() + " at character " + (e.getIndex() + 1)
                                + " of " + pattern,
                        e);
            }
        }

        /** Everything at its default. */
        static Config byDefault() {
            return new Config(List.of("answer", "solution"), Optional.empty(), false, false, 1, 0, 0, List.of());
        }
    }

    /** Whether a completion is right. */
    enum Verdict {
        CORRECT,
        WRONG,
        NO_ANSWER,
        NO_GOLD
    }

    /** A verdict, and what is counted. */
    record Judgement(Verdict verdict, List<String> notes) {}

    @Override
    public Score score(RewardInput input) {
        Judgement judgement = judge(input);
        String[] notes = judgement.notes().toArray(String[]::new);
        return switch (judgement.verdict()) {
            case CORRECT -> Score.of(config.correct(), notes);
            case WRONG -> Score.of(config.wrong(), notes);
            case NO_ANSWER -> Score.of(config.noAnswer(), notes);
            case NO_GOLD -> Score.failure(notes);
        };
    }

    Judgement judge(RewardInput input) {
        Optional<String> gold = config.columns().stream()
                .flatMap(column -> input.text(column).stream())
                .filter(text -> !text.isBlank())
                .findFirst()
                .map(text -> find(text).map(Answer::text).orElse(text.strip()));
        if (gold.isEmpty()) {
            return new Judgement(Verdict.NO_GOLD, List.of("no_gold"));
        }
        List<String> notes = new ArrayList<>();
        Optional<Answer> answer = find(input.completion());
        if (answer.isEmpty()) {
            notes.add("no_answer");
            return new Judgement(Verdict.NO_ANSWER, notes);
        }
        notes.add(answer.get().source().note());
        if (answer.get().severalBoxes()) {
            notes.add("answer_spam");
        }
        if (config.exact()) {
            boolean same = answer.get().text().equals(gold.get());
            return judgement(same, notes);
        }
        if (equality.isText(gold.get())) {
            notes.add("text_gold");
        }
        AnswerEquality.Verdict verdict = equality.compare(answer.get().text(), gold.get());
        switch (verdict) {
            case TOO_LONG -> notes.add("too_long");
            case TOO_MANY -> notes.add("too_many");
            case EQUAL, UNEQUAL -> {}
        }
        return judgement(verdict == AnswerEquality.Verdict.EQUAL, notes);
    }

    private static Judgement judgement(boolean correct, List<String> notes) {
        notes.add(correct ? "correct" : "wrong");
        return new Judgement(correct ? Verdict.CORRECT : Verdict.WRONG, notes);
    }

    private Optional<Answer> find(String text) {
        return Answer.in(text, pattern, config.lenient());
    }
}
