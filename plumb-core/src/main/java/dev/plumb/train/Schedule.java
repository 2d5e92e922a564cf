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
    private final double peak;
    private final long stepsPerEpoch;
    private final long total;
    private final long warmup;

    Schedule(Order order, Optimisation optimisation, double peak, double epochs) {
        this.order = order;
        this.optimisation = optimisation;
        this.peak = peak;
        int rows = optimisation.rowsPerStep();
        this.stepsPerEpoch = Math.max(1, (order.size() + rows - 1) / rows);
        this.total = optimisation.maxSteps().orElse(Math.max(1, (long) Math.ceil(stepsPerEpoch * epochs)));
        this.warmup = optimisation.warmupSteps() > 0
                ? optimisation.warmupSteps()
                : (long) Math.ceil(total * optimisation.warmupRatio());
    }

    /** Steps of the run. */
    long total() {
        return total;
    }

    /** Rows of a step, from 0, by their number in the store. */
    List<Long> rows(long step) {
        long epoch = step / stepsPerEpoch;
        long first = step % stepsPerEpoch * optimisation.rowsPerStep();
        List<Long> rows = new ArrayList<>();
        for (long at = first; at < Math.min(first + optimisation.rowsPerStep(), order.size()); at++) {
            rows.add(order.row(epoch, at));
        }
        return rows;
    }

    double learningRate(long step) {
        return optimisation.lrSchedulerType().rate(peak, step, warmup, total);
    }

    /** How many epochs have passed after so many steps. */
    double epoch(long steps) {
        return (double) steps / stepsPerEpoch;
    }
}
