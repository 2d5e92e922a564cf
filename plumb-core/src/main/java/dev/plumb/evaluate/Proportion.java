package dev.plumb.evaluate;

import java.util.List;

/**
 * How many of so many. The unit that is counted must be one that was drawn independently: a prompt, never a token.
 *
 * @param count how many it holds for
 * @param of how many there were, at least 1
 */
public record Proportion(long count, long of) {
    /** Checks that it is a share. */
    public Proportion {
        if (of < 1 || count < 0 || count > of) {
            throw new IllegalArgumentException(count + " of " + of + " is no share");
        }
    }

    /**
     * Counts.
     *
     * @param outcomes one for each prompt, at least one
     * @return how many hold
     */
    public static Proportion of(List<Boolean> outcomes) {
        return new Proportion(outcomes.stream().filter(outcome -> outcome).count(), outcomes.size());
    }

    /**
     * The share.
     *
     * @return from 0 to 1
     */
    public double value() {
        return (double) count / of;
    }

    /**
     * The lower end of Wilson's 95 % interval.
     *
     * @return from 0 to the share
     */
    public double low() {
        return count == 0 ? 0 : Math.max(0, Wilson.centre(value(), of) - Wilson.half(value(), of));
    }

    /**
     * The upper end of Wilson's 95 % interval.
     *
     * @return from the share to 1
     */
    public double high() {
        return count == of ? 1 : Math.min(1, Wilson.centre(value(), of) + Wilson.half(value(), of));
    }

    /**
     * The difference to a share of other prompts, with Newcombe's 95 % interval (Newcombe 1998, method 10). For the same prompts
     * take {@link PairedDifference}, which sees smaller differences.
     *
     * @param other the share to take off
     * @return this less the other; it rests on the prompts of both
     */
    public Estimate minus(Proportion other) {
        double difference = value() - other.value();
        return new Estimate(
                difference,
                difference - Math.hypot(value() - low(), other.high() - other.value()),
                difference + Math.hypot(high() - value(), other.value() - other.low()),
                Math.toIntExact(of + other.of));
    }
}
