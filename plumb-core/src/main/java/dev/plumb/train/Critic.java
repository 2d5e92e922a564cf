package dev.plumb.train;

import dev.plumb.model.Decoder;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;

/** The value function of PPO: a model of one score, read where each token of a completion is about to be written. */
final class Critic {
    private static final String PREFIX = "critic.";

    private final Decoder model;

    /**
     * A critic.
     *
     * @param model a reward model of one output, with weights of its own
     */
    Critic(Decoder model) {
        this.model = model;
    }

    /** What it consists of, under names that no policy has. */
    Map<String, Tensor> trained() {
        Map<String, Tensor> out = new LinkedHashMap<>();
        model.trained().forEach((name, tensor) -> out.put(PREFIX + name, tensor));
        return out;
    }

    static boolean owns(String name) {
        return name.startsWith(PREFIX);
    }

    /** V before each token, outside of any graph, [tokens]. */
    Tensor values(Packing packing) {
        try (NoGrad guard = NoGrad.open();
                Scope scope = Scope.open()) {
            return scope.keep(model.scores(ReadStates.look(model, packing)).reshape(packing.trained()));
        }
    }

    /** A forward pass to learn from; everything in it belongs to the scope that is open. */
    Learning learn(Packing packing, boolean checkpointing) {
        return new Learning(packing, checkpointing);
    }

    /** Values on their way to gradients. */
    final class Learning {
        private final ReadStates read;
        private final Tensor states; // a leaf of its own, [tokens, width]
        private final Tensor values;

        private Learning(Packing packing, boolean checkpointing) {
            this.read = new ReadStates(model, packing, checkpointing);
            this.states = read.states().requiresGrad(true);
            this.values = model.scores(states).reshape(packing.trained());
        }

        /** V before each token, with a way back to the head and the states, [tokens]. */
        Tensor values() {
            return values;
        }

        /** From the states, to which the loss has gone back, to the gradients of all weights. */
        void backward() {
            read.backward(states.grad());
        }
    }
}
