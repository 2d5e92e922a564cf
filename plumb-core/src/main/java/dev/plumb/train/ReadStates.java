package dev.plumb.train;

import dev.plumb.model.Decoder;
import dev.plumb.model.Pass;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;

/** Hidden states where a head reads them, and the way back from them to all weights below. */
final class ReadStates {
    private final Pass pass;
    private final Tensor at;
    private final Tensor states;

    /**
     * A forward pass to learn from; everything in it belongs to the scope that is open.
     *
     * @param decoder the model
     * @param packing what it reads, and where it is read
     * @param checkpointing whether layers are computed again on the way back
     */
    ReadStates(Decoder decoder, Packing packing, boolean checkpointing) {
        this.pass = decoder.forward(packing.layout(), checkpointing);
        this.at = packing.states(decoder.device());
        this.states = pass.hidden().indexSelect(0, at);
    }

    /** The same to look at, outside of any graph, [places, width]. */
    static Tensor look(Decoder decoder, Packing packing) {
        try (NoGrad guard = NoGrad.open();
                Scope scope = Scope.open()) {
            return scope.keep(decoder.hidden(packing.layout()).indexSelect(0, packing.states(decoder.device())));
        }
    }

    /** The states, [places, width], outside of any graph: a leaf for those who want their gradient. */
    Tensor states() {
        return states;
    }

    /**
     * Adds to the gradients of all weights that the states come from.
     *
     * @param gradient derivative of the loss by the states, [places, width]
     */
    void backward(Tensor gradient) {
        Tensor hidden = pass.hidden();
        Tensor whole = Tensor.zeros(hidden.dtype(), hidden.device(), hidden.shape());
        pass.backward(whole.indexAddInPlace(0, at, gradient));
    }
}
