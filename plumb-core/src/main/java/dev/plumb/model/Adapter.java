package dev.plumb.model;

import dev.plumb.config.PlumbException;
import dev.plumb.config.Suggestions;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Functional;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import dev.plumb.tensor.Torch;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Changes of low rank to linear layers whose own weights stay as they are (LoRA, arXiv 2106.09685, section 4.1): W x becomes
 * W x + s B A x with A [r, in], B [out, r] and s = α / r; or s = α / √r, with which the change keeps its size as r grows
 * (rsLoRA, arXiv 2312.03732). DoRA (arXiv 2402.09353, equation 5) learns the length m of each output's row of weights apart
 * from its direction: W x becomes (m / ‖W + s B A‖) (W + s B A) x, and the length in the denominator counts as a constant
 * (section 4.3). There is no dropout.
 *
 * <p>Parameters have 32 bits, whatever the weights have, and compute in the type of what goes into the layer. They live until
 * {@link #close}.
 */
public final class Adapter implements AutoCloseable {
    /** The word that stands for all linear layers of a decoder. */
    public static final String ALL_LINEAR = "all-linear";

    private static final String PREFIX = "base_model.model.";
    private static final String A = ".lora_A.weight";
    private static final String B = ".lora_B.weight";
    private static final String MAGNITUDE = ".lora_magnitude_vector";

    private final Settings settings;
    private final Map<String, Tensor> parameters;
    private final Map<String, LowRank> layers = new LinkedHashMap<>();

    /**
     * What it is like.
     *
     * @param rank r
     * @param alpha α
     * @param targets names of linear layers, whole or the last parts of them; or {@link #ALL_LINEAR}
     * @param rslora whether s is α / √r
     * @param dora whether each layer has a vector of magnitudes
     */
    public record Settings(int rank, double alpha, List<String> targets, boolean rslora, boolean dora) {
        /** Copies the list. */
        public Settings {
            if (rank < 1) {
                throw new IllegalArgumentException("the rank of an adapter must be at least 1, not " + rank);
            }
            targets = List.copyOf(targets);
        }

        double scale() {
            return alpha / (rslora ? Math.sqrt(rank) : rank);
        }

        /**
         * The linear layers that the targets name.
         *
         * @param shape the model
         * @return their names, in the order of a forward pass
         * @throws PlumbException if a target names none
         */
        public List<String> layers(Architecture shape) {
            Set<String> all = shape.linearLayers().keySet();
            if (targets.contains(ALL_LINEAR)) {
                return List.copyOf(all);
            }
            if (targets.isEmpty()) {
                throw new PlumbException("An adapter needs layers; there are: " + names(all) + ", or all-linear.");
            }
            for (String target : targets) {
                if (all.stream().noneMatch(layer -> isNamed(layer, target))) {
                    throw new PlumbException("No linear layer of this " + shape.family() + " model is called '" + target
                            + "'" + nearest(target, all) + "; an adapter can change: " + names(all)
                            + ", or all-linear.");
                }
            }
            return all.stream()
                    .filter(layer -> targets.stream().anyMatch(target -> isNamed(layer, target)))
                    .toList();
        }

        private static boolean isNamed(String layer, String target) {
            return layer.equals(target) || layer.endsWith("." + target);
        }

        private static String nearest(String target, Set<String> all) {
            List<String> valid = new ArrayList<>(lastParts(all));
            valid.addAll(all);
            return Suggestions.nearest(target, valid)
                    .map(name -> ", did you mean '" + name + "'?")
                    .orElse("");
        }

        private static String names(Set<String> all) {
            return String.join(", ", lastParts(all));
        }

        /**
         * The names that hold for every layer of the decoder, such as q_proj.
         *
         * @param all whole names
         * @return what follows their last dot, each once
         */
        public static Set<String> lastParts(Iterable<String> all) {
            Set<String> parts = new LinkedHashSet<>();
            all.forEach(name -> parts.add(name.substring(name.lastIndexOf('.') + 1)));
            return parts;
        }

        /**
         * All parameters of such an adapter, under the names of a PEFT file.
         *
         * @param shape the model
         * @param layers the linear layers that it changes
         * @return name to shape
         */
        public Map<String, long[]> parameters(Architecture shape, List<String> layers) {
            Map<String, long[]> all = new LinkedHashMap<>();
            Map<String, long[]> linear = shape.linearLayers();
            for (String layer : layers) {
                long[] size = linear.get(layer);
                all.put(PREFIX + layer + A, new long[] {rank, size[1]});
                all.put(PREFIX + layer + B, new long[] {size[0], rank});
                if (dora) {
                    all.put(PREFIX + layer + MAGNITUDE, new long[] {size[0]});
                }
            }
            return all;
        }
    }

    /** What changes one layer. */
    private record LowRank(Tensor a, Tensor b, Optional<Tensor> magnitude) {}

    /**
     * Takes over parameters.
     *
     * @param settings what it is like
     * @param layers the linear layers that it changes
     * @param parameters all that {@link Settings#parameters} names, outside of all scopes
     */
    public Adapter(Settings settings, List<String> layers, Map<String, Tensor> parameters) {
        this.settings = settings;
        this.parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
        for (String layer : layers) {
            this.layers.put(
                    layer,
                    new LowRank(
                            parameters.get(PREFIX + layer + A),
                            parameters.get(PREFIX + layer + B),
                            Optional.ofNullable(parameters.get(PREFIX + layer + MAGNITUDE))));
        }
    }

    /**
     * An adapter that has learnt nothing and changes nothing: A uniform between ±1/√in as PEFT draws it, B 0, and magnitudes the
     * lengths that the weights have.
     *
     * @param settings what it is like
     * @param decoder the model
     * @param seed of libtorch's generator
     * @return the adapter, where the weights live
     * @throws PlumbException if a target names no layer
     */
    public static Adapter fresh(Settings settings, Decoder decoder, long seed) {
        List<String> layers = settings.layers(decoder.architecture());
        Map<String, Tensor> made = new LinkedHashMap<>();
        Torch.seed(seed);
        try (Scope scope = Scope.open();
                NoGrad guard = NoGrad.open()) {
            settings.parameters(decoder.architecture(), layers).forEach((name, size) -> {
                Tensor tensor = Tensor.zeros(DType.FLOAT32, decoder.device(), size);
                if (name.endsWith(A)) {
                    double bound = 1 / Math.sqrt(size[1]);
                    tensor.uniformInPlace(-bound, bound);
                }
                made.put(name, Scope.release(tensor));
            });
        }
        Adapter fresh = new Adapter(settings, layers, made);
        fresh.layers.forEach((layer, low) -> low.magnitude().ifPresent(magnitude -> {
            try (Scope scope = Scope.open();
                    NoGrad guard = NoGrad.open()) {
                magnitude.copyInPlace(lengths(fresh.sum(low, decoder.matrix(layer))));
            }
        }));
        return fresh;
    }

    /**
     * What it is like.
     *
     * @return its settings
     */
    public Settings settings() {
        return settings;
    }

    /**
     * The linear layers that it changes.
     *
     * @return their names in the model
     */
    public Set<String> layers() {
        return Collections.unmodifiableSet(layers.keySet());
    }

    /**
     * All parameters.
     *
     * @return name, as in a PEFT file, to tensor; unmodifiable
     */
    public Map<String, Tensor> parameters() {
        return parameters;
    }

    /**
     * The output of a layer with its change, if it has one.
     *
     * @param x [tokens, in]
     * @param matrix W, [out, in]
     * @param bias [out]
     * @param plain the layer's output as it is, bias included, [tokens, out]
     */
    Tensor changed(String layer, Tensor x, Tensor matrix, Optional<Tensor> bias, Tensor plain) {
        LowRank low = layers.get(layer);
        if (low == null) {
            return plain;
        }
        DType type = x.dtype();
        Tensor change = Functional.linear(
                Functional.linear(x, low.a().to(type)).mul(settings.scale()),
                low.b().to(type)); // s B A x
        if (low.magnitude().isEmpty()) {
            return plain.add(change);
        }
        Tensor factor = low.magnitude().get().div(constantLengths(low, matrix)).to(type); // [out]
        // Written as a difference from the plain output: where the factor is 1, nothing is rounded.
        Tensor product = bias.map(plain::sub).orElse(plain);
        return plain.add(product.mul(factor.sub(1))).add(change.mul(factor));
    }

    /** What a layer's W becomes when the change is folded in, [out, in], of 32 bits at least. */
    Tensor merged(String layer, Tensor matrix) {
        LowRank low = layers.get(layer);
        Tensor sum = sum(low, matrix);
        return low.magnitude()
                .map(magnitude -> sum.mul(magnitude.div(lengths(sum)).unsqueeze(1)))
                .orElse(sum);
    }

    private Tensor constantLengths(LowRank low, Tensor matrix) {
        try (Scope scope = Scope.open();
                NoGrad guard = NoGrad.open()) {
            return scope.keep(lengths(sum(low, matrix)));
        }
    }

    /** W + s B A. */
    private Tensor sum(LowRank low, Tensor matrix) {
        Tensor wide = matrix.dtype() == DType.FLOAT64 ? matrix : matrix.to(DType.FLOAT32);
        return wide.add(low.b().matmul(low.a()).mul(settings.scale()));
    }

    /** Lengths of the rows, [out]. */
    private static Tensor lengths(Tensor matrix) {
        return matrix.square().sum(1).sqrt();
    }

    @Override
    public void close() {
        parameters.values().forEach(Tensor::close);
    }
}
