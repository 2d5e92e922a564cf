package dev.plumb.reward;

import java.util.List;
import java.util.OptionalDouble;

/**
 * What one reward says of one completion.
 *
 * @param value the reward; absent if there is none
 * @param failed whether it is absent because something failed that is not the completion's fault, so that the completion must
 *     not be learnt from; a reward that does not apply to the row is absent without having failed
 * @param notes what happened, in words of a small fixed set that are counted, such as {@code no_answer}
 * @param spread how far those disagree that this reward was made of; absent where it is one
 * @param steps what the completion's steps are worth by themselves; none for a reward that looks at the whole alone
 */
public record Score(OptionalDouble value, boolean failed, List<String> notes, OptionalDouble spread, StepScores steps) {
    /** Copies the notes and checks the value. */
    public Score {
        notes = List.copyOf(notes);
        if (value.isPresent() && (failed || !Double.isFinite(value.getAsDouble()))) {
            throw new IllegalArgumentException(
                    failed ? "a failed reward has no value" : "a reward cannot be " + value.getAsDouble());
        }
    }

    /**
     * A reward.
     *
     * @param value the reward, finite
     * @param notes what is counted
     * @return the score
     */
    public static Score of(double value, String... notes) {
        return of(value, StepScores.NONE, List.of(notes));
    }

    /**
     * A reward that was made of several.
     *
     * @param value the reward, finite
     * @param spread their standard deviation
     * @return the score
     */
    public static Score of(double value, double spread) {
        return new Score(OptionalDouble.of(value), false, List.of(), OptionalDouble.of(spread), StepScores.NONE);
    }

    /**
     * A reward that judged steps.
     *
     * @param value the reward of the whole, finite
     * @param steps those of its steps
     * @param notes what is counted
     * @return the score
     */
    public static Score of(double value, StepScores steps, List<String> notes) {
        return new Score(OptionalDouble.of(value), false, notes, OptionalDouble.empty(), steps);
    }

    /**
     * No reward, since this one says nothing about such rows.
     *
     * @param notes what is counted
     * @return the score
     */
    public static Score notApplicable(String... notes) {
        return new Score(OptionalDouble.empty(), false, List.of(notes), OptionalDouble.empty(), StepScores.NONE);
    }

    /**
     * No reward, since it could not be told: the completion is left out of learning, which is not the same as 0.
     *
     * @param notes what is counted
     * @return the score
     */
    public static Score failure(String... notes) {
        return new Score(OptionalDouble.empty(), true, List.of(notes), OptionalDouble.empty(), StepScores.NONE);
    }
}
