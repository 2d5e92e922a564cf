package dev.plumb.train;

import dev.plumb.data.Order;
import java.util.ArrayList;
import java.util.List;

/**
 * Which rows a step takes and how fast it learns: a pure function of the step's number, so that a run that goes on from a
 * checkpoint does what the uninterrupted run would have done.
 */
final class Schedule {
    private final Order order;
    private final Optimisation optimisation;
    private final Pace pace;
    private final double peak;
    private final long takesPerEpoch;
    private final long total;
    private final long warmup;

    /**
     * A step's place in the run.
     *
     * @param step its number, from 0
     * @param take the number of its rows' taking, from 0
     * @param phase which of the steps it is that learn from these rows, from 0
     * @param rows by their number in the store
     */
    record Turn(long step, long take, int phase, List<Long> rows) {}

    Schedule(Order order, Optimisation optimisation, Pace pace, double peak, double epochs) {
        this.order = order;
        this.optimisation = optimisation;
        this.pace = pace;
        this.peak = peak;
        this.takesPerEpoch = Math.max(1, (order.size() + pace.rows() - 1) / pace.rows());
        long stepsPerEpoch = takesPerEpoch * pace.steps();
        this.total = optimisation.maxSteps().orElse(Math.max(1, (long) Math.ceil(stepsPerEpoch * epochs)));
        this.warmup = optimisation.warmupSteps() > 0
                ? optimisation.warmupSteps()
                : (long) Math.ceil(total * optimisation.warmupRatio());
    }

    /** Steps of the run. */
    long total() {
        return total;
    }

    /** What a step, from 0, learns from. */
    Turn turn(long step) {
        long take = step / pace.steps();
        long epoch = take / takesPerEpoch;
        long first = take % takesPerEpoch * pace.rows();
        List<Long> rows = new ArrayList<>();
        for (long at = first; at < Math.min(first + pace.rows(), order.size()); at++) {
            rows.add(order.row(epoch, at));
        }
        return new Turn(step, take, (int) (step % pace.steps()), List.copyOf(rows));
    }

    double learningRate(long step) {
        return optimisation.lrSchedulerType().rate(peak, step, warmup, total);
    }

    /** How many epochs have passed after so many steps. */
    double epoch(long steps) {
        return (double) steps / (takesPerEpoch * pace.steps());
    }
}
