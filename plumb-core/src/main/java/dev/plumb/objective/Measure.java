package dev.plumb.objective;

/**
 * A metric as a sum and a count, so that a step's value does not depend on how its batch was split.
 *
 * @param name TRL's name where TRL has one
 * @param sum of what is averaged
 * @param count over how many
 */
public record Measure(String name, double sum, double count) {
    static Measure mean(String name, double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return new Measure(name, sum, values.length);
    }
}
