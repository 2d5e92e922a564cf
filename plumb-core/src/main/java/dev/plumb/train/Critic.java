package dev.plumb.train;

import dev.plumb.model.Decoder;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The value function of PPO: a model of one score, read where each token of a completion is about to be written. It has weights
 * of its own, or an adapter of its own, or it is a head on the states that the policy makes anyway.
 */
final class Critic {
    private static final String PREFIX = "critic.";

    private final Decoder model;
    private final Optional<Double> shared;

    private Critic(Decoder model, Optional<Double> shared) {
        this.model = model;
        this.shared = shared;
    }

    /**
     * One that makes states of its own.
     *
     * @param model a reward model of one output, whose weights are trained, or whose adapter and head
     */
    static Critic of(Decoder model) {
        return new Critic(model, Optional.empty());
    }

    /**
     * One that reads the policy's.
     *
     * @param model a reward model of one output on the policy's weights and adapter, whose head is trained
     * @param share by what the gradient is multiplied that goes on into the policy
     */
    static Critic on(Decoder model, double share) {
        return new Critic(model, Optional.of(share));
    }

    /** What it consists of alone, under names that no policy has. */
    Map<String, Tensor> trained() {
        Map<String, Tensor> out = new LinkedHashMap<>();
        if (shared.isEmpty()) {
            model.trained().forEach((name, tensor) -> out.put(PREFIX + name, tensor));
        }
        out.put(PREFIX + model.architecture().headName(), model.head());
        return out;
    }

    static boolean owns(String name) {
        return name.startsWith(PREFIX);
    }

    /** V where the packing reads, outside of any graph, [places]. */
    Tensor values(Packing packing) {
        try (NoGrad guard = NoGrad.open();
                Scope scope = Scope.open()) {
            return scope.keep(model.scores(ReadStates.look(model, packing)).reshape(packing.trained()));
        }
    }

    /**
     * A pass to learn from; everything in it belongs to the scope that is open.
     *
     * @param packing what is read
     * @param policy the policy's pass over it, not yet gone back
     * @param checkpointing whether layers are computed again on the way back
     */
    Learning learn(Packing packing, Policy.Learning policy, boolean checkpointing) {
        if (shared.isPresent()) {
            return new Learning(policy.states().detach(), gradient -> policy.add(gradient.mul(shared.get())));
        }
        ReadStates read = new ReadStates(model, packing, checkpointing);
        return new Learning(read.states(), read::backward);
    }

    /** Values on their way to gradients. */
    final class Learning {
        private final Tensor states; // a leaf of its own, [tokens, width]
        private final Tensor values;
        private final Consumer<Tensor> onwards;

        private Learning(Tensor states, Consumer<Tensor> onwards) {
            this.states = states.requiresGrad(true);
            this.values = model.scores(states).reshape(states.size(0));
            this.onwards = onwards;
        }

        /** V before each token, with a way back to the head and the states, [tokens]. */
        Tensor values() {
            return values;
        }

        /** From the states, to which the loss has gone back, to the gradients of all below; a shared one's wait for the policy's. */
        void backward() {
            onwards.accept(states.grad());
        }
    }
}
