package dev.plumb.train;

import dev.plumb.data.Example;
import dev.plumb.data.TokenStore;
import dev.plumb.model.Decoder;
import dev.plumb.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A way of learning: from rows to gradients, and from rows to measures. The walk over the steps of a run, and all that happens
 * between them, is {@link TrainingRun}'s.
 */
interface Loop {
    /** Adds up the gradients of a step's rows. */
    Metrics learn(AdamW optimizer, TokenStore store, List<Long> rows);

    /** Measures held-out rows. */
    Metrics evaluate(TokenStore store, List<Long> rows);

    /** What the model is to continue where it is sampled, token ids; none if it cannot write. */
    int[] prompt(Example row);

    /** The parameters that are updated, out of all that the model has. */
    default Map<String, Tensor> trained(Decoder decoder) {
        return decoder.trained();
    }

    /** Writes what is trained beside the model into its folder. */
    default void writeTo(Path folder) {}

    /** Refuses a loss before the first update that cannot be right. */
    default void requireSoundStart(double loss) {}
}
