package dev.plumb.objective;

/**
 * A metric as a sum and a count, so that a step's value does not depend on how its batch was split; or an extremum.
 *
 * @param name TRL's name where TRL has one
 * @param sum of what is averaged; of an extremum the value
 * @param count over how many; of an extremum 1
 * @param fold how those of several parts become one
 */
public record Measure(String name, double sum, double count, Fold fold) {
    /** How metrics of several parts become one. */
    public enum Fold {
        /** Sums and counts add up. */
        MEAN,
        /** The smallest stays. */
        MIN,
        /** The largest stays. */
        MAX
    }

    /**
     * A mean.
     *
     * @param name its name
     * @param sum of what is averaged
     * @param count over how many
     */
    public Measure(String name, double sum, double count) {
        this(name, sum, count, Fold.MEAN);
    }

    static Measure mean(String name, double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return new Measure(name, sum, values.length);
    }

    /** One number that is no mean of parts. */
    static Measure of(String name, double value) {
        return new Measure(name, value, 1);
    }

    static Measure min(String name, double value) {
        return new Measure(name, value, 1, Fold.MIN);
    }

    static Measure max(String name, double value) {
        return new Measure(name, value, 1, Fold.MAX);
    }
}
