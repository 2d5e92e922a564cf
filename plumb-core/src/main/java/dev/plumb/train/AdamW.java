package dev.plumb.train;

import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;

/**
 * AdamW (arXiv 1711.05101, algorithm 2): moments of the gradient, bias-corrected, and a decay of the weights that does not go
 * through them. Matrices decay, norms and biases do not. Weights of 16 bits have master copies of 32 bits here; moments and
 * gradients are of 32 bits always.
 */
final class AdamW implements AutoCloseable {
    /** Elements updated at a time, so that the several passes over them stay in the processor's cache. */
    private static final long CHUNK = 1 << 16;

    private final Settings settings;
    private final Map<String, Slot> slots = new LinkedHashMap<>();

    /**
     * Its settings.
     *
     * @param beta1 memory of the first moment
     * @param beta2 memory of the second
     * @param epsilon added to the root of the second
     * @param weightDecay decay of matrices
     */
    record Settings(double beta1, double beta2, double epsilon, double weightDecay) {}

    /**
     * All of one parameter; master is the parameter itself where that has 32 bits. Its updates are counted by themselves, as a
     * parameter that stood still for a while has moments as young as its count.
     */
    private record Slot(
            Tensor parameter,
            Tensor master,
            Tensor gradient,
            Tensor first,
            Tensor second,
            Tensor steps,
            boolean decays,
            double rate) {
        boolean isNarrow() {
            return master != parameter;
        }
    }

    /**
     * An optimiser with empty moments.
     *
     * @param parameters what is trained; each gets a gradient to collect into
     */
    AdamW(Map<String, Tensor> parameters, Settings settings) {
        this(parameters, settings, name -> 1);
    }

    /**
     * An optimiser that takes larger or smaller steps for some parameters.
     *
     * @param parameters what is trained
     * @param rates for each name by what the learning rate is multiplied
     */
    AdamW(Map<String, Tensor> parameters, Settings settings, ToDoubleFunction<String> rates) {
        this.settings = settings;
        try (Scope scope = Scope.open();
                NoGrad guard = NoGrad.open()) {
            parameters.forEach((name, parameter) -> {
                boolean narrow = parameter.dtype() != DType.FLOAT32;
                parameter.requiresGrad(true);
                Tensor master = narrow ? Scope.release(parameter.to(DType.FLOAT32)) : parameter;
                Tensor gradient = zeros(parameter);
                parameter.grad(narrow ? parameter.detach().mul(0) : gradient);
                slots.put(
                        name,
                        new Slot(
                                parameter,
                                master,
                                gradient,
                                zeros(parameter),
                                zeros(parameter),
                                Scope.release(Tensor.zeros(DType.FLOAT32, Device.CPU, 1)),
                                parameter.dim() > 1,
                                rates.applyAsDouble(name)));
            });
        }
    }

    private static Tensor zeros(Tensor like) {
        return Scope.release(Tensor.zeros(DType.FLOAT32, like.device(), like.shape()));
    }

    /** The gradient of a parameter collected so far in this step, of 32 bits. */
    Tensor gradient(String name) {
        return slots.get(name).gradient();
    }

    /** Adds what the last backward pass left at 16-bit parameters to the gradients of 32 bits. */
    void collect() {
        try (Scope scope = Scope.open();
                NoGrad guard = NoGrad.open()) {
            for (Slot slot : slots.values()) {
                if (slot.isNarrow() && slot.parameter().hasGrad()) {
                    Tensor fresh = slot.parameter().grad();
                    slot.gradient().addInPlace(fresh, 1);
                    fresh.zeroInPlace();
                }
            }
        }
    }

    /** Length of all gradients together, before any clipping. */
    double gradientNorm() {
        double sum = 0;
        for (Slot slot : slots.values()) {
            sum += slot.gradient().squaredNorm();
        }
        return Math.sqrt(sum);
    }

    /**
     * Updates the parameters and clears the gradients.
     *
     * @param learningRate of this step
     * @param gradientFactor what gradients are multiplied by first, 1 or less when clipped
     */
    void step(double learningRate, double gradientFactor) {
        step(learningRate, gradientFactor, name -> true);
    }

    /**
     * Updates some of the parameters, and leaves the others and their moments as they are; these have no gradients.
     *
     * @param learningRate of this step
     * @param gradientFactor what gradients are multiplied by first
     * @param moves which parameters are updated, by name
     */
    void step(double learningRate, double gradientFactor, Predicate<String> moves) {
        try (Scope scope = Scope.open();
                NoGrad guard = NoGrad.open()) {
            for (Map.Entry<String, Slot> entry : slots.entrySet()) {
                if (!moves.test(entry.getKey())) {
                    continue;
                }
                Slot slot = entry.getValue();
                double steps = slot.steps().addInPlace(1).item();
                double correction1 = 1 - Math.pow(settings.beta1(), steps);
                double correction2 = Math.sqrt(1 - Math.pow(settings.beta2(), steps));
                double rate = learningRate * slot.rate();
                double decay = slot.decays() ? 1 - rate * settings.weightDecay() : 1;
                update(slot, gradientFactor, decay, rate / correction1, correction2);
                if (slot.isNarrow()) {
                    slot.parameter().copyInPlace(slot.master());
                }
            }
        }
    }

    private void update(Slot slot, double factor, double decay, double rate, double correction2) {
        Tensor p = slot.master().reshape(-1);
        Tensor g = slot.gradient().reshape(-1);
        Tensor m = slot.first().reshape(-1);
        Tensor v = slot.second().reshape(-1);
        for (long start = 0; start < p.numel(); start += CHUNK) {
            try (Scope scope = Scope.open()) {
                long n = Math.min(CHUNK, p.numel() - start);
                Tensor weights = p.narrow(0, start, n);
                Tensor gradient = g.narrow(0, start, n);
                Tensor first = m.narrow(0, start, n);
                Tensor second = v.narrow(0, start, n);
                if (factor != 1) {
                    gradient.mulInPlace(factor);
                }
                if (decay != 1) {
                    weights.mulInPlace(decay);
                }
                first.lerpInPlace(gradient, 1 - settings.beta1());
                second.mulInPlace(settings.beta2()).addcmulInPlace(gradient, gradient, 1 - settings.beta2());
                Tensor scale = second.sqrt().mulInPlace(1 / correction2).addInPlace(settings.epsilon());
                weights.addcdivInPlace(first, scale, -rate);
                gradient.zeroInPlace();
            }
        }
    }

    /** Forgets the gradients collected so far. */
    void discard() {
        try (NoGrad guard = NoGrad.open()) {
            for (Slot slot : slots.values()) {
                slot.gradient().zeroInPlace();
            }
        }
    }

    /**
     * All that a later process needs to go on, once its tensors have been read: moments, numbers of updates, and master copies of
     * 16-bit weights.
     *
     * @return name to tensor, not copied
     */
    Map<String, Tensor> state() {
        Map<String, Tensor> state = new LinkedHashMap<>();
        slots.forEach((name, slot) -> {
            state.put(name + ".exp_avg", slot.first());
            state.put(name + ".exp_avg_sq", slot.second());
            state.put(name + ".step", slot.steps());
            if (slot.isNarrow()) {
                state.put(name + ".master", slot.master());
            }
        });
        return state;
    }

    @Override
    public void close() {
        for (Slot slot : slots.values()) {
            slot.gradient().close();
            slot.first().close();
            slot.second().close();
            slot.steps().close();
            if (slot.isNarrow()) {
                slot.master().close();
            }
        }
    }
}
