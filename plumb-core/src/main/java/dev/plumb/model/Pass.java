package dev.plumb.model;

import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** A forward pass that can be run backward once. Everything in it belongs to the scope that was open when it was made. */
public sealed interface Pass {
    /**
     * Hidden states after the final norm, outside of any graph.
     *
     * @return [tokens, width]
     */
    Tensor hidden();

    /**
     * Adds to the gradients of the weights.
     *
     * @param gradient derivative of the loss by the hidden states, [tokens, width]
     */
    void backward(Tensor gradient);

    /** Keeps all that autograd needs. */
    final class Plain implements Pass {
        private final Decoder decoder;
        private final Layout layout;
        private final Decoder.Embedded embedded;
        private final Tensor graph;

        Plain(Decoder decoder, Layout layout) {
            this.decoder = decoder;
            this.layout = layout;
            this.embedded = decoder.embed(layout);
            this.graph = decoder.through(embedded.x(), decoder.step(layout));
        }

        @Override
        public Tensor hidden() {
            return graph.detach();
        }

        @Override
        public void backward(Tensor gradient) {
            graph.backward(gradient);
            decoder.addTokenGradients(layout, embedded);
        }
    }

    /**
     * Keeps only what goes into each layer and computes a layer again when its turn comes (arXiv 1604.06174): about a third
     * more work for memory that hardly grows with depth.
     */
    final class Checkpointed implements Pass {
        private final Decoder decoder;
        private final Layout layout;
        private final Decoder.Step step;
        private final List<Tensor> inputs = new ArrayList<>();
        private final Tensor hidden;

        Checkpointed(Decoder decoder, Layout layout) {
            this.decoder = decoder;
            this.layout = layout;
            this.step = decoder.step(layout);
            try (NoGrad guard = NoGrad.open()) {
                Tensor x = decoder.embed(layout).x();
                for (int i = 0; i < decoder.architecture().layers(); i++) {
                    inputs.add(x);
                    try (Scope scope = Scope.open()) {
                        x = scope.keep(decoder.layer(i, x, step));
                    }
                }
                inputs.add(x);
                this.hidden = decoder.finalNorm(x);
            }
        }

        @Override
        public Tensor hidden() {
            return hidden;
        }

        @Override
        public void backward(Tensor gradient) {
            int layers = decoder.architecture().layers();
            Tensor back = gradient;
            for (int i = layers; i >= 0; i--) {
                try (Scope scope = Scope.open()) {
                    Tensor x = inputs.get(i).detach().requiresGrad(true);
                    Tensor y = i == layers ? decoder.finalNorm(x) : decoder.layer(i, x, step);
                    y.backward(back);
                    back = scope.keep(x.grad());
                }
            }
            Decoder.Embedded embedded = decoder.embed(layout);
            if (embedded.x().requiresGrad()) {
                embedded.x().backward(back);
                decoder.addTokenGradients(layout, embedded);
            }
        }
    }
}
