package dev.plumb.objective;

import dev.plumb.tensor.Tensor;
import java.util.List;

/**
 * What an objective says of a part of a step's batch.
 *
 * @param value this part's share of the step's loss: its numerator over the whole step's denominator, so that shares add up
 * @param measures metrics of this part
 */
public record Loss(Tensor value, List<Measure> measures) {
    /** Copies the metrics. */
    public Loss {
        measures = List.copyOf(measures);
    }
}
