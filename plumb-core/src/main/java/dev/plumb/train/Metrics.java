package dev.plumb.train;

import dev.plumb.objective.Loss;
import dev.plumb.objective.Measure;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The metrics of one global batch, gathered from its parts. A mean is kept as a sum and a count and divided once at the
 * end, so it does not depend on how the batch was split; extrema are reduced as extrema. What is not a number stays so:
 * nothing is filtered or replaced. Not safe for use by several threads.
 */
public final class Metrics {
    private enum Kind {
        MEAN,
        TOTAL,
        MIN,
        MAX,
        VALUE
    }

    private record Cell(Kind kind, double value, double count) {
        Cell join(Cell other) {
            return switch (kind) {
                case MEAN, TOTAL -> new Cell(kind, value + other.value, count + other.count);
                case MIN -> new Cell(kind, Math.min(value, other.value), 1);
                case MAX -> new Cell(kind, Math.max(value, other.value), 1);
                case VALUE -> other;
            };
        }
    }

    private final Map<String, Cell> cells = new LinkedHashMap<>();

    /**
     * Adds to a mean.
     *
     * @param name the metric
     * @param sum the sum over some items
     * @param count how many items, or their weight; not negative
     * @throws IllegalArgumentException if the count is negative or not a number, or the metric is of another kind
     */
    public void add(String name, double sum, double count) {
        if (!(count >= 0)) {
            throw new IllegalArgumentException("the count of " + name + " must not be negative, but is " + count);
        }
        join(name, new Cell(Kind.MEAN, sum, count));
    }

    /** Adds what an objective says of a part. */
    void add(Loss loss) {
        total("loss", loss.value().item());
        loss.measures().forEach(this::add);
    }

    /** Adds a metric of an objective. */
    void add(Measure measure) {
        switch (measure.fold()) {
            case MEAN -> add(measure.name(), measure.sum(), measure.count());
            case MIN -> min(measure.name(), measure.sum());
            case MAX -> max(measure.name(), measure.sum());
        }
    }

    /** Adds what log-probabilities say by themselves; accuracy is that of the first tokens, as many as given. */
    void add(LogProbs.Scores scores, long tokensOfAccuracy) {
        add("entropy", scores.entropies().sum().item(), scores.entropies().size(0));
        double hits = scores.hits().narrow(0, 0, tokensOfAccuracy).sum().item();
        add("mean_token_accuracy", hits, tokensOfAccuracy);
    }

    /**
     * Adds to a total that is not divided by anything, such as a number of tokens.
     *
     * @param name the metric
     * @param amount what to add
     * @throws IllegalArgumentException if the metric is of another kind
     */
    public void total(String name, double amount) {
        join(name, new Cell(Kind.TOTAL, amount, 1));
    }

    /**
     * Keeps the smallest value; one that is not a number wins.
     *
     * @param name the metric
     * @param value a value
     * @throws IllegalArgumentException if the metric is of another kind
     */
    public void min(String name, double value) {
        join(name, new Cell(Kind.MIN, value, 1));
    }

    /**
     * Keeps the largest value; one that is not a number wins.
     *
     * @param name the metric
     * @param value a value
     * @throws IllegalArgumentException if the metric is of another kind
     */
    public void max(String name, double value) {
        join(name, new Cell(Kind.MAX, value, 1));
    }

    /**
     * Sets a value that belongs to the whole step, such as the learning rate; the last one stays.
     *
     * @param name the metric
     * @param value its value
     * @throws IllegalArgumentException if the metric is of another kind
     */
    public void set(String name, double value) {
        join(name, new Cell(Kind.VALUE, value, 1));
    }

    /**
     * Joins the metrics of another part of the same global batch to these.
     *
     * @param other the other part; unchanged
     * @throws IllegalArgumentException if a metric is of different kinds in the two
     */
    public void merge(Metrics other) {
        other.cells.forEach(this::join);
    }

    /** Some of these metrics, those that are there. */
    Metrics only(String... names) {
        Metrics out = new Metrics();
        out.cells.putAll(cells);
        out.cells.keySet().retainAll(List.of(names));
        return out;
    }

    /**
     * The metrics, reduced.
     *
     * @return by name, in the order in which the names first came; a mean over no items at all is left out
     */
    public Map<String, Double> values() {
        Map<String, Double> values = new LinkedHashMap<>();
        cells.forEach((name, cell) -> {
            if (cell.kind() != Kind.MEAN) {
                values.put(name, cell.value());
            } else if (cell.count() != 0 || cell.value() != 0) {
                values.put(name, cell.value() / cell.count());
            }
        });
        return values;
    }

    private void join(String name, Cell cell) {
        cells.merge(name, cell, (old, more) -> {
            if (old.kind() != more.kind()) {
                throw new IllegalArgumentException(
                        "the metric " + name + " is a " + old.kind() + " and cannot be a " + more.kind() + " too");
            }
            return old.join(more);
        });
    }
}
