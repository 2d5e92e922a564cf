package dev.plumb.model;

import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import dev.plumb.tensor.Torch;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** The parameters of a model under the names of its checkpoint. They live until {@link #close}. */
public final class Weights implements AutoCloseable {
    private final Map<String, Tensor> tensors;

    /**
     * Takes over tensors.
     *
     * @param tensors name to tensor, outside of all scopes; at least one
     */
    public Weights(Map<String, Tensor> tensors) {
        this.tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    }

    /**
     * Fresh parameters: matrices normal with a standard deviation, norms 1 (0 where one is added), biases 0.
     *
     * @param shape the architecture
     * @param std standard deviation
     * @param seed of libtorch's generator
     * @param device where
     * @return 32-bit weights
     */
    public static Weights random(Architecture shape, double std, long seed, Device device) {
        Torch.seed(seed);
        Map<String, Tensor> made = new LinkedHashMap<>();
        double one = shape.norm().kind() == Architecture.Norm.Kind.RMS_OFFSET ? 0 : 1;
        try (Scope scope = Scope.open();
                NoGrad guard = NoGrad.open()) {
            shape.parameters().forEach((name, size) -> {
                Tensor fresh = Tensor.zeros(DType.FLOAT32, device, size);
                if (size.length > 1) {
                    fresh.normalInPlace(0, std);
                } else if (name.endsWith(".weight")) {
                    fresh.addInPlace(one);
                }
                made.put(name, Scope.release(fresh));
            });
        }
        return new Weights(made);
    }

    /**
     * The parameters of a language model with a fresh projection to scores in place of that to the vocabulary: normal with
     * the standard deviation 1 / √(width + 1) (arXiv 1909.08593, 2403.17031), so that first scores are of about unit size; that
     * to classes with 0.02 and a bias of 0, so that first steps are neither good nor bad.
     *
     * @param language a language model's parameters, which are taken over
     * @param from what it is like
     * @param to the same with scores for output
     * @param seed of libtorch's generator for the first score; each further one has the next
     * @return the parameters of the reward model
     */
    public static Weights scoring(Weights language, Architecture from, Architecture to, long seed) {
        Map<String, Tensor> all = new LinkedHashMap<>(language.all());
        if (!from.tied()) {
            all.remove(from.headName()).close();
        }
        all.putAll(heads(language, to, seed));
        return new Weights(all);
    }

    /** The same with the language model's own parameters, which go on to be its; only the projection is new. */
    static Weights scoringBeside(Weights language, Architecture from, Architecture to, long seed) {
        Map<String, Tensor> all = new LinkedHashMap<>(language.all());
        if (!from.tied()) {
            all.remove(from.headName());
        }
        all.putAll(heads(language, to, seed));
        return new Weights(all);
    }

    private static Map<String, Tensor> heads(Weights language, Architecture to, long seed) {
        Map<String, Tensor> all = new LinkedHashMap<>();
        try (Scope scope = Scope.open();
                NoGrad guard = NoGrad.open()) {
            double spread = to.isClassifying() ? 0.02 : 1 / Math.sqrt(to.width() + 1.0);
            Tensor[] heads = new Tensor[to.outputs()];
            for (int i = 0; i < heads.length; i++) {
                Torch.seed(seed + i); // each output its own, the first as if it were alone
                heads[i] =
                        Tensor.zeros(DType.FLOAT32, Device.CPU, 1, to.width()).normalInPlace(0, spread);
            }
            Tensor head = Tensor.cat(0, heads);
            all.put(to.headName(), Scope.release(head.to(language.dtype()).to(language.device())));
            if (to.isClassifying()) {
                Tensor bias = Tensor.zeros(language.dtype(), language.device(), to.outputs());
                all.put(to.headBiasName(), Scope.release(bias));
            }
        }
        return all;
    }

    /**
     * A parameter.
     *
     * @param name its name in the checkpoint
     * @return the tensor itself
     */
    public Tensor get(String name) {
        Tensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException("the model has no parameter " + name);
        }
        return tensor;
    }

    /**
     * All parameters.
     *
     * @return name to tensor, unmodifiable, in the order of a forward pass
     */
    public Map<String, Tensor> all() {
        return tensors;
    }

    /**
     * The element type of the matrices.
     *
     * @return the type
     */
    public DType dtype() {
        return tensors.values().iterator().next().dtype();
    }

    /**
     * Where they live.
     *
     * @return the device
     */
    public Device device() {
        return tensors.values().iterator().next().device();
    }

    /**
     * How many numbers there are in all.
     *
     * @return the count
     */
    public long count() {
        return tensors.values().stream().mapToLong(Tensor::numel).sum();
    }

    /**
     * A copy in memory of its own that collects no gradients.
     *
     * @return the copy
     */
    public Weights frozenCopy() {
        Map<String, Tensor> copies = new LinkedHashMap<>();
        try (Scope scope = Scope.open();
                NoGrad guard = NoGrad.open()) {
            tensors.forEach((name, tensor) ->
                    copies.put(name, Scope.release(tensor.detach().copy())));
        }
        return new Weights(copies);
    }

    @Override
    public void close() {
        tensors.values().forEach(Tensor::close);
    }
}
