package dev.plumb.model;

import dev.plumb.model.Architecture.Activation;
import dev.plumb.model.Architecture.Attention.Projections;
import dev.plumb.model.Architecture.Attention.QueryKeyNorm;
import dev.plumb.model.Architecture.Names;
import dev.plumb.model.Architecture.Norm;
import dev.plumb.model.Architecture.Positions;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Functional;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.PackedMatrices;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/**
 * The decoder of all families: tokens to hidden states. What differs between families is read from {@link Architecture}.
 * Tokens of all sequences of a batch stand in one row, [tokens, width]; only attention knows which belong together.
 */
public final class Decoder {
    private final Architecture shape;
    private final Weights weights;
    private final Optional<Adapter> adapter;
    private final Optional<PackedMatrices> packed;
    private final Names names;

    /**
     * A decoder with its weights.
     *
     * @param shape what the family is like
     * @param weights parameters under the names of the checkpoint
     */
    public Decoder(Architecture shape, Weights weights) {
        this(shape, weights, Optional.empty(), Optional.empty());
    }

    private Decoder(Architecture shape, Weights weights, Optional<Adapter> adapter, Optional<PackedMatrices> packed) {
        this.shape = shape;
        this.weights = weights;
        this.adapter = adapter;
        this.packed = packed;
        this.names = shape.names();
    }

    /**
     * A decoder on the same weights that computes with an adapter.
     *
     * @param other the adapter, made for this architecture
     * @return the decoder; this one goes on without it
     */
    public Decoder with(Adapter other) {
        return new Decoder(shape, weights, Optional.of(other), packed);
    }

    /**
     * A decoder that multiplies by packed copies of the matrices, for many passes of few rows without gradients.
     *
     * @param copies where the copies are kept; they are made at their first use
     * @return the decoder; this one goes on without them
     */
    Decoder with(PackedMatrices copies) {
        return new Decoder(shape, weights, adapter, Optional.of(copies));
    }

    /**
     * A model of one score on the same weights, with the same adapter, and with a fresh head of its own.
     *
     * @param seed of libtorch's generator for the head
     * @return the model, of which only the {@link #head} is to be closed
     */
    public Decoder scoring(long seed) {
        Architecture to = shape.scoring(1);
        return new Decoder(to, Weights.scoringBeside(weights, shape, to, seed), adapter, Optional.empty());
    }

    /**
     * A decoder on the same weights with the adapter off.
     *
     * @return the decoder
     */
    public Decoder withoutAdapter() {
        return new Decoder(shape, weights);
    }

    /**
     * Folds the adapter into the weights, in place, so that the decoder without it computes what this one did.
     *
     * @return the decoder without it
     */
    public Decoder merge() {
        adapter.ifPresent(low -> {
            for (String layer : low.layers()) {
                try (Scope scope = Scope.open();
                        NoGrad guard = NoGrad.open()) {
                    Tensor matrix = matrix(layer);
                    matrix.copyInPlace(low.merged(layer, matrix));
                }
            }
        });
        return withoutAdapter();
    }

    /**
     * What the family is like.
     *
     * @return the architecture
     */
    public Architecture architecture() {
        return shape;
    }

    /**
     * The parameters.
     *
     * @return the weights
     */
    public Weights weights() {
        return weights;
    }

    /**
     * The adapter that it computes with.
     *
     * @return empty if it computes with the weights alone
     */
    public Optional<Adapter> adapter() {
        return adapter;
    }

    /**
     * What training changes: the adapter's parameters alone if there is an adapter, else the weights.
     *
     * @return name to tensor, unmodifiable
     */
    public Map<String, Tensor> trained() {
        return adapter.map(Adapter::parameters).orElseGet(weights::all);
    }

    /**
     * Hidden states after the final norm, in one graph from the weights if gradients are recorded.
     *
     * @param layout the batch
     * @return [tokens, width]
     */
    public Tensor hidden(Layout layout) {
        return hidden(layout, new PackedAttention(shape.attention(), layout, device()));
    }

    /** Hidden states with another way to attend. */
    Tensor hidden(Layout layout, Attend attend) {
        Tensor tokens = Functional.embedding(table(), Tensor.of(layout.ids(), device()));
        return through(placed(tokens, layout), step(layout, attend));
    }

    /** All layers and the final norm. */
    Tensor through(Tensor embedded, Step step) {
        Tensor x = embedded;
        for (int i = 0; i < shape.layers(); i++) {
            try (Scope scope = Scope.open()) { // what autograd does not keep is freed layer by layer
                x = scope.keep(layer(i, x, step));
            }
        }
        return finalNorm(x);
    }

    /**
     * A forward pass that can be run backward.
     *
     * @param layout the batch
     * @param checkpointing whether layers are computed again on the way back instead of keeping all they made
     * @return the pass
     */
    public Pass forward(Layout layout, boolean checkpointing) {
        return checkpointing ? new Pass.Checkpointed(this, layout) : new Pass.Plain(this, layout);
    }

    Tensor finalNorm(Tensor x) {
        return norm(x, names.finalNorm());
    }

    /** What all layers of one forward pass share. */
    record Step(Map<Boolean, Rope.Angles> angles, Attend attend) {}

    Step step(Layout layout) {
        return step(layout, new PackedAttention(shape.attention(), layout, device()));
    }

    private Step step(Layout layout, Attend attend) {
        if (!(shape.positions() instanceof Positions.Rotary rotary)) {
            return new Step(Map.of(), attend);
        }
        DType type = weights.dtype();
        int longest = layout.longest();
        Rope.Angles full = rotary.full().angles(layout.positions(), longest, type, device());
        Rope.Angles local = rotary.local().equals(rotary.full())
                ? full
                : rotary.local().angles(layout.positions(), longest, type, device());
        return new Step(Map.of(true, local, false, full), attend);
    }

    /**
     * What goes into the first layer.
     *
     * @param tokens rows of the embedding, a leaf of their own: autograd would make a gradient as large as the whole table
     * @param x the rows scaled, with learnt positions where there are some, [tokens, width]
     */
    record Embedded(Tensor tokens, Tensor x) {}

    Embedded embed(Layout layout) {
        Tensor table = table();
        Tensor tokens = table.detach().indexSelect(0, Tensor.of(layout.ids(), device()));
        tokens.requiresGrad(table.requiresGrad());
        return new Embedded(tokens, placed(tokens, layout));
    }

    /** Rows of the embedding scaled, with learnt positions where there are some. */
    private Tensor placed(Tensor tokens, Layout layout) {
        Tensor x = tokens;
        if (shape.embeddingScale() != 1) {
            // The factor is rounded to the weights' type, as it was when such models were trained.
            x = x.mul(Tensor.full(shape.embeddingScale(), x.dtype(), device()));
        }
        if (shape.positions() instanceof Positions.Learned learned) {
            int[] rows = Arrays.stream(layout.positions())
                    .map(position -> position + learned.offset())
                    .toArray();
            Tensor at = Tensor.of(rows, device());
            x = x.add(Functional.embedding(weights.get(names.positions() + ".weight"), at));
        }
        return x;
    }

    /** Adds the gradients of a batch's tokens to the rows of the table that they came from. */
    void addTokenGradients(Layout layout, Embedded embedded) {
        Tensor table = table();
        if (table.requiresGrad()) {
            try (NoGrad guard = NoGrad.open()) {
                if (!table.hasGrad()) {
                    table.grad(Tensor.zeros(table.dtype(), device(), table.shape()));
                }
                Tensor ids = Tensor.of(layout.ids(), device());
                table.grad().indexAddInPlace(0, ids, embedded.tokens().grad());
            }
        }
    }

    private Tensor table() {
        return weights.get(names.embedding() + ".weight");
    }

    /** One layer, [tokens, width] to [tokens, width]. */
    Tensor layer(int i, Tensor x, Step step) {
        Tensor attended = attention(i, before(x, names.in(i, names.attentionNorm())), step);
        Tensor middle = x.add(after(attended, names.in(i, names.afterAttentionNorm())));
        Tensor read = shape.feedForward().parallel() ? x : middle;
        Tensor fed = feedForward(i, before(read, names.in(i, names.feedForwardNorm())));
        return middle.add(after(fed, names.in(i, names.afterFeedForwardNorm())));
    }

    private Tensor before(Tensor x, String name) {
        return shape.norm().place() == Norm.Place.AFTER ? x : norm(x, name);
    }

    private Tensor after(Tensor x, String name) {
        return shape.norm().place() == Norm.Place.BEFORE ? x : norm(x, name);
    }

    private Tensor attention(int i, Tensor x, Step step) {
        Architecture.Attention a = shape.attention();
        long tokens = x.size(0);
        int queries = a.heads() * a.headWidth();
        int keys = a.keyValueHeads() * a.headWidth();
        Tensor q;
        Tensor k;
        Tensor v;
        if (a.projections() == Projections.APART) {
            q = linear(x, names.in(i, names.query()), a.inputBias());
            k = linear(x, names.in(i, names.key()), a.inputBias());
            v = linear(x, names.in(i, names.value()), a.inputBias());
        } else {
            Tensor all = linear(x, names.in(i, names.queryKeyValue()), a.inputBias());
            // One block of all heads, or a block for each key-value head.
            int blocks = a.projections() == Projections.BY_GROUP ? a.keyValueHeads() : 1;
            Tensor each = all.reshape(tokens, blocks, (queries + 2L * keys) / blocks);
            q = each.narrow(2, 0, queries / blocks);
            k = each.narrow(2, queries / blocks, keys / blocks);
            v = each.narrow(2, (queries + keys) / blocks, keys / blocks);
        }
        if (a.queryKeyNorm() == QueryKeyNorm.WHOLE) {
            q = norm(q.reshape(tokens, queries), names.in(i, names.queryNorm()));
            k = norm(k.reshape(tokens, keys), names.in(i, names.keyNorm()));
        }
        q = q.reshape(tokens, a.heads(), a.headWidth());
        k = k.reshape(tokens, a.keyValueHeads(), a.headWidth());
        v = v.reshape(tokens, a.keyValueHeads(), a.headWidth());
        if (a.queryKeyNorm() == QueryKeyNorm.HEAD) {
            q = norm(q, names.in(i, names.queryNorm()));
            k = norm(k, names.in(i, names.keyNorm()));
        }
        if (!step.angles().isEmpty()) {
            Rope.Angles angles = step.angles().get(a.windows().get(i) > 0);
            q = angles.turn(q);
            k = angles.turn(k);
        }
        Tensor out = step.attend().apply(i, q, k, v);
        return linear(out, names.in(i, names.attentionOutput()), a.outputBias());
    }

    private Tensor feedForward(int i, Tensor x) {
        Architecture.FeedForward f = shape.feedForward();
        if (!f.gated()) {
            return linear(
                    activate(linear(x, names.in(i, names.up()), f.bias()), f.activation()),
                    names.in(i, names.down()),
                    f.bias());
        }
        Tensor gate;
        Tensor up;
        if (f.fused()) {
            Tensor both = linear(x, names.in(i, names.gateUp()), f.bias());
            gate = both.narrow(1, 0, f.width());
            up = both.narrow(1, f.width(), f.width());
        } else {
            gate = linear(x, names.in(i, names.gate()), f.bias());
            up = linear(x, names.in(i, names.up()), f.bias());
        }
        return linear(activate(gate, f.activation()).mul(up), names.in(i, names.down()), f.bias());
    }

    private static Tensor activate(Tensor x, Activation activation) {
        return switch (activation) {
            case SILU -> Functional.silu(x);
            case GELU -> Functional.gelu(x, false);
            case GELU_TANH -> Functional.gelu(x, true);
            case RELU -> x.relu();
        };
    }

    private Tensor linear(Tensor x, String name, boolean bias) {
        Tensor matrix = matrix(name);
        Optional<Tensor> added = bias ? Optional.of(weights.get(name + ".bias")) : Optional.empty();
        Tensor plain = packed.map(copies -> copies.linear(name, x, () -> matrix, added))
                .orElseGet(() ->
                        added.map(b -> Functional.linear(x, matrix, b)).orElseGet(() -> Functional.linear(x, matrix)));
        return adapter.map(low -> low.changed(name, x, matrix, added, plain)).orElse(plain);
    }

    /** A linear layer's W, [out, in]. */
    Tensor matrix(String name) {
        Tensor weight = weights.get(name + ".weight");
        return names.transposed() ? weight.transpose(0, 1) : weight;
    }

    Tensor norm(Tensor x, String name) {
        Tensor weight = weights.get(name + ".weight");
        double eps = shape.norm().eps();
        if (shape.norm().kind() == Norm.Kind.LAYER) {
            return Functional.layerNorm(x, weight, weights.get(name + ".bias"), eps);
        }
        Tensor unit = Functional.rmsNorm(x.to(DType.FLOAT32), eps);
        return switch (shape.norm().kind()) {
            case RMS -> unit.to(x.dtype()).mul(weight);
            case RMS_LATE -> unit.mul(weight.to(DType.FLOAT32)).to(x.dtype());
            default -> unit.mul(weight.to(DType.FLOAT32).add(1)).to(x.dtype());
        };
    }

    /**
     * What the head says of hidden states of few tokens.
     *
     * @return [tokens, vocabulary], of the weights' type
     */
    Tensor logits(Tensor states) {
        return packed.map(copies -> copies.linear(shape.headName(), states, this::head, Optional.empty()))
                // The large matrix on the left: MKL takes a third longer the other way round.
                .orElseGet(() -> head().matmul(states.transpose(0, 1)).transpose(0, 1));
    }

    /**
     * The projection of hidden states to logits or scores.
     *
     * @return [outputs, width]
     */
    public Tensor head() {
        return weights.get(shape.headName());
    }

    /**
     * What the head of a reward model says of hidden states.
     *
     * @param states [places, width]
     * @return [places, outputs], of 32 bits
     */
    public Tensor scores(Tensor states) {
        Tensor scores = shape.isClassifying()
                ? Functional.linear(states, head(), weights.get(shape.headBiasName()))
                : Functional.linear(states, head());
        return scores.to(DType.FLOAT32);
    }

    /**
     * Where the weights live.
     *
     * @return the device
     */
    public Device device() {
        return weights.device();
    }
}
