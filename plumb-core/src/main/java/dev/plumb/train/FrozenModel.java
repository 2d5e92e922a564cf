package dev.plumb.train;

import dev.plumb.model.Decoder;
import dev.plumb.model.Weights;
import java.util.Optional;

/**
 * A model as it was before training: where an adapter is trained, the same weights with the adapter off; else a copy of them
 * in memory of its own.
 */
final class FrozenModel implements AutoCloseable {
    private final Decoder decoder;
    private final Optional<Weights> copy;

    private FrozenModel(Decoder decoder, Optional<Weights> copy) {
        this.decoder = decoder;
        this.copy = copy;
    }

    static FrozenModel of(Decoder start) {
        if (start.adapter().isPresent()) {
            return new FrozenModel(start.withoutAdapter(), Optional.empty());
        }
        Weights copy = start.weights().frozenCopy();
        return new FrozenModel(new Decoder(start.architecture(), copy), Optional.of(copy));
    }

    Decoder decoder() {
        return decoder;
    }

    @Override
    public void close() {
        copy.ifPresent(Weights::close);
    }
}
