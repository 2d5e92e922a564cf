package dev.plumb.reward;

import dev.plumb.config.PlumbException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;

/**
 * The final answers of several completions of one prompt, equal ones under one text, so that they can vote. {@link Answer} says
 * where an answer stands, {@link AnswerEquality} when two are the same: the reward accuracy reads and compares in this way too.
 *
 * <p>Equality has tolerances, so it is no equivalence: an answer joins the first of those before it that it equals.
 */
public final class FinalAnswers {
    private static final Duration DEADLINE = Duration.ofSeconds(10);
    private static final int MOST_STUCK = 8;

    private final Optional<Pattern> pattern;
    private final boolean lenient;
    private final AnswerEquality equality = new AnswerEquality(new Units(List.of()));
    private final Isolation place =
            new Isolation(Math.max(1, Runtime.getRuntime().availableProcessors()), MOST_STUCK);

    /**
     * A reader.
     *
     * @param pattern a regular expression whose last match is the answer, its first group if it has one; empty for the usual marks
     * @param lenient whether the last number counts where no answer is marked
     * @throws IllegalArgumentException if it is no regular expression
     */
    public FinalAnswers(Optional<String> pattern, boolean lenient) {
        this.pattern = pattern.map(AccuracyReward.Config::compile);
        this.lenient = lenient;
    }

    /**
     * Reads answers.
     *
     * @param completions what was written
     * @return for each the text of the first answer that equals its own; empty if it has none, or a pattern ran for ten seconds
     */
    public List<Optional<String>> of(List<String> completions) {
        List<Callable<Optional<Answer>>> calls = completions.stream()
                .<Callable<Optional<Answer>>>map(text -> () -> Answer.in(text, pattern, lenient))
                .toList();
        List<String> seen = new ArrayList<>();
        List<Optional<String>> out = new ArrayList<>();
        try {
            for (Isolation.Outcome<Optional<Answer>> outcome : place.run(calls, DEADLINE)) {
                Optional<String> own = outcome instanceof Isolation.Outcome.Done<Optional<Answer>> done
                        ? done.value()
                                .map(Answer::text)
                                .filter(text -> !CleanAnswer.of(text).isEmpty())
                        : Optional.empty();
                out.add(own.map(text -> first(seen, text)));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PlumbException("interrupted while answers were read", e);
        }
        return out;
    }

    private String first(List<String> seen, String answer) {
        for (String one : seen) {
            if (one.equals(answer) || equality.compare(one, answer) == AnswerEquality.Verdict.EQUAL) {
                return one;
            }
        }
        seen.add(answer);
        return answer;
    }
}
