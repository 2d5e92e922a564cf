package dev.plumb.model;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Everything in which the families of decoders differ, as data. The decoder reads this and nothing else, so that a new family
 * is a new way to fill this record.
 *
 * @param family the family's name in the checkpoint's config, such as {@code llama}
 * @param vocabularySize tokens of the embedding
 * @param width size of a hidden state
 * @param layers number of layers
 * @param contextLength positions the model was made for
 * @param attention heads and their features
 * @param feedForward the second half of a layer
 * @param norm normalisation
 * @param positions how positions enter
 * @param embeddingScale factor on embeddings, 1 for most
 * @param logitSoftcap c in c·tanh(logit / c), 0 for none
 * @param outputs rows of the output projection: the vocabulary, or the scores that a reward model gives instead of logits
 * @param tied whether the output projection is the embedding
 * @param names names of the parameters in the checkpoint
 * @param headBias whether the output projection has a bias: that of a process reward model alone has
 */
public record Architecture(
        String family,
        int vocabularySize,
        int width,
        int layers,
        int contextLength,
        Attention attention,
        FeedForward feedForward,
        Norm norm,
        Positions positions,
        double embeddingScale,
        double logitSoftcap,
        int outputs,
        boolean tied,
        Names names,
        boolean headBias) {

    private static final String SCORE = "score";

    /**
     * A decoder whose output projection has no bias.
     *
     * @param family the family's name in the checkpoint's config
     * @param vocabularySize tokens of the embedding
     * @param width size of a hidden state
     * @param layers number of layers
     * @param contextLength positions the model was made for
     * @param attention heads and their features
     * @param feedForward the second half of a layer
     * @param norm normalisation
     * @param positions how positions enter
     * @param embeddingScale factor on embeddings
     * @param logitSoftcap c in c·tanh(logit / c), 0 for none
     * @param outputs rows of the output projection
     * @param tied whether the output projection is the embedding
     * @param names names of the parameters
     */
    public Architecture(
            String family,
            int vocabularySize,
            int width,
            int layers,
            int contextLength,
            Attention attention,
            FeedForward feedForward,
            Norm norm,
            Positions positions,
            double embeddingScale,
            double logitSoftcap,
            int outputs,
            boolean tied,
            Names names) {
        this(
                family,
                vocabularySize,
                width,
                layers,
                contextLength,
                attention,
                feedForward,
                norm,
                positions,
                embeddingScale,
                logitSoftcap,
                outputs,
                tied,
                names,
                false);
    }

    /**
     * Heads and their features.
     *
     * @param heads query heads
     * @param keyValueHeads key and value heads; each serves heads / keyValueHeads query heads
     * @param headWidth size of one head
     * @param scale factor of the scores
     * @param softcap c in c·tanh(score / c), 0 for none
     * @param inputBias biases on queries, keys and values
     * @param outputBias bias on the output projection
     * @param projections how queries, keys and values come out of their matrices
     * @param queryKeyNorm what of queries and keys is normalised
     * @param windows a number a layer: how many positions back a token sees, itself included; 0 for all
     */
    public record Attention(
            int heads,
            int keyValueHeads,
            int headWidth,
            double scale,
            double softcap,
            boolean inputBias,
            boolean outputBias,
            Projections projections,
            QueryKeyNorm queryKeyNorm,
            List<Integer> windows) {
        /** Checks sizes. */
        public Attention {
            if (heads < 1 || keyValueHeads < 1 || heads % keyValueHeads != 0) {
                throw new IllegalArgumentException(
                        heads + " attention heads cannot be shared by " + keyValueHeads + " key-value heads");
            }
            windows = List.copyOf(windows);
        }

        /** How queries, keys and values come out of their matrices. */
        public enum Projections {
            /** Of a matrix each. */
            APART,
            /** Of one matrix: all queries, then all keys, then all values. */
            TOGETHER,
            /** Of one matrix: for each key-value head the queries that it serves, its key and its value. */
            BY_GROUP
        }

        /** What of queries and keys is normalised before they turn. */
        public enum QueryKeyNorm {
            /** Nothing. */
            NONE,
            /** Each head by itself, all with one weight. */
            HEAD,
            /** All heads as one vector. */
            WHOLE
        }
    }

    /**
     * The second half of a layer.
     *
     * @param width inner size
     * @param activation its function
     * @param gated whether activation(gate) · up, or activation(up)
     * @param fused whether gate and up come from one matrix
     * @param bias biases on its projections
     * @param parallel whether it reads what attention reads, in place of what attention made of it
     */
    public record FeedForward(
            int width, Activation activation, boolean gated, boolean fused, boolean bias, boolean parallel) {}

    /** Functions between projections. */
    public enum Activation {
        /** x · sigmoid(x). */
        SILU,
        /** Gaussian error linear unit. */
        GELU,
        /** Its approximation by tanh. */
        GELU_TANH,
        /** max(x, 0). */
        RELU
    }

    /**
     * Normalisation.
     *
     * @param kind which
     * @param eps added to the mean square or the variance
     * @param place where in a layer
     */
    public record Norm(Kind kind, double eps, Place place) {
        /** Where in a layer norms stand. */
        public enum Place {
            /** What goes into each half is normalised. */
            BEFORE,
            /** What goes in and what comes out. */
            AROUND,
            /** What comes out. */
            AFTER
        }

        /** Kinds of normalisation. */
        public enum Kind {
            /** Root mean square, times the weight; in 16 bits rounded before the weight. */
            RMS,
            /** The same, rounded after the weight. */
            RMS_LATE,
            /** Root mean square, times one plus the weight. */
            RMS_OFFSET,
            /** Mean and variance, with a bias. */
            LAYER
        }
    }

    /** How positions enter. */
    public sealed interface Positions {
        /**
         * Rotations of queries and keys.
         *
         * @param full for layers that see everything
         * @param local for layers with a window
         */
        record Rotary(Rope full, Rope local) implements Positions {}

        /**
         * A learnt vector a position.
         *
         * @param rows rows of the table
         * @param offset added to a position before looking it up
         */
        record Learned(int rows, int offset) implements Positions {}
    }

    /**
     * Names of parameters in the checkpoint. Those inside a layer follow {@code layer}, in which %d is the layer's number; a
     * name without ending gets {@code .weight} or {@code .bias}. Those that a family lacks are empty.
     *
     * @param embedding token embedding
     * @param positions learnt positions
     * @param layer prefix of a layer
     * @param query query projection
     * @param key key projection
     * @param value value projection
     * @param queryKeyValue the three in one, where they are
     * @param attentionOutput output projection
     * @param queryNorm norm of queries
     * @param keyNorm norm of keys
     * @param gate gate projection
     * @param up up projection
     * @param gateUp the two in one
     * @param down down projection
     * @param attentionNorm norm before attention
     * @param feedForwardNorm norm before the feed-forward half
     * @param afterAttentionNorm norm after attention
     * @param afterFeedForwardNorm norm after the feed-forward half
     * @param finalNorm norm after the last layer
     * @param head output projection to the vocabulary or to scores
     * @param transposed whether the projections of layers are stored [in, out]
     */
    public record Names(
            String embedding,
            String positions,
            String layer,
            String query,
            String key,
            String value,
            String queryKeyValue,
            String attentionOutput,
            String queryNorm,
            String keyNorm,
            String gate,
            String up,
            String gateUp,
            String down,
            String attentionNorm,
            String feedForwardNorm,
            String afterAttentionNorm,
            String afterFeedForwardNorm,
            String finalNorm,
            String head,
            boolean transposed) {

        Names withHead(String other) {
            return new Names(
                    embedding,
                    positions,
                    layer,
                    query,
                    key,
                    value,
                    queryKeyValue,
                    attentionOutput,
                    queryNorm,
                    keyNorm,
                    gate,
                    up,
                    gateUp,
                    down,
                    attentionNorm,
                    feedForwardNorm,
                    afterAttentionNorm,
                    afterFeedForwardNorm,
                    finalNorm,
                    other,
                    transposed);
        }

        /**
         * The names that Llama and most families after it use.
         *
         * @param feedForwardNorm the norm before the feed-forward half, which moves where there is one after attention
         * @return names
         */
        public static Names llama(String feedForwardNorm) {
            return new Names(
                    "model.embed_tokens",
                    "",
                    "model.layers.%d.",
                    "self_attn.q_proj",
                    "self_attn.k_proj",
                    "self_attn.v_proj",
                    "self_attn.qkv_proj",
                    "self_attn.o_proj",
                    "self_attn.q_norm",
                    "self_attn.k_norm",
                    "mlp.gate_proj",
                    "mlp.up_proj",
                    "mlp.gate_up_proj",
                    "mlp.down_proj",
                    "input_layernorm",
                    feedForwardNorm,
                    "post_attention_layernorm",
                    "post_feedforward_layernorm",
                    "model.norm",
                    "lm_head",
                    false);
        }

        String in(int layerNumber, String name) {
            return layer.replace("%d", Integer.toString(layerNumber)) + name;
        }
    }

    /** Checks sizes. */
    public Architecture {
        if (vocabularySize < 1 || width < 1 || layers < 1) {
            throw new IllegalArgumentException("sizes must be positive");
        }
        if (outputs < 1 || tied && outputs != vocabularySize) {
            throw new IllegalArgumentException("a tied output projection has a row a token of the vocabulary");
        }
        if (attention.windows().size() != layers) {
            throw new IllegalArgumentException("one attention window a layer is needed");
        }
    }

    /**
     * The reward model on this decoder: in place of logits, scores of the hidden state of a sequence's last token, by a
     * projection of its own named {@code score}.
     *
     * @param scores how many, 1 for a reward
     * @return the architecture with that output
     */
    public Architecture scoring(int scores) {
        return withHead(scores, SCORE, false);
    }

    /**
     * The process reward model on this decoder: in place of logits of words, logits of classes at every token, by a projection
     * of its own with a bias.
     *
     * @param classes how many, 2 for bad and good
     * @param head the projection's name in the checkpoint, which differs between families
     * @return the architecture with that output
     */
    public Architecture classifying(int classes, String head) {
        return withHead(classes, head, true);
    }

    private Architecture withHead(int rows, String head, boolean bias) {
        return new Architecture(
                family,
                vocabularySize,
                width,
                layers,
                contextLength,
                attention,
                feedForward,
                norm,
                positions,
                embeddingScale,
                0,
                rows,
                false,
                names.withHead(head),
                bias);
    }

    /**
     * Whether the output is scores in place of logits of words.
     *
     * @return true for a reward model, of answers or of steps
     */
    public boolean isScoring() {
        return names.head().equals(SCORE) || headBias;
    }

    /**
     * Whether the output is logits of classes at every token.
     *
     * @return true for a process reward model
     */
    public boolean isClassifying() {
        return headBias;
    }

    /**
     * The parameter that projects hidden states to logits or scores.
     *
     * @return its name in the checkpoint: the embedding's, if the two are tied
     */
    public String headName() {
        return (tied ? names.embedding() : names.head()) + ".weight";
    }

    /**
     * The bias of that projection, where there is one.
     *
     * @return its name in the checkpoint
     */
    public String headBiasName() {
        return names.head() + ".bias";
    }

    /**
     * All parameters that this architecture has, in the order of a forward pass.
     *
     * @return name to shape
     */
    public Map<String, long[]> parameters() {
        Map<String, long[]> all = new LinkedHashMap<>();
        all.put(names.embedding() + ".weight", new long[] {vocabularySize, width});
        if (positions instanceof Positions.Learned learned) {
            all.put(names.positions() + ".weight", new long[] {learned.rows(), width});
        }
        for (int i = 0; i < layers; i++) {
            addLayer(all, i);
        }
        addNorm(all, names.finalNorm(), width);
        if (!tied) {
            all.put(headName(), new long[] {outputs, width});
        }
        if (headBias) {
            all.put(headBiasName(), new long[] {outputs});
        }
        return all;
    }

    /**
     * The linear layers inside this decoder, in the order of a forward pass: those that an adapter can change.
     *
     * @return name to shape as of x Wᵀ: outputs, inputs
     */
    public Map<String, long[]> linearLayers() {
        Map<String, long[]> inside = new LinkedHashMap<>();
        for (int i = 0; i < layers; i++) {
            addLayer(inside, i);
        }
        Map<String, long[]> all = new LinkedHashMap<>();
        inside.forEach((name, size) -> {
            if (size.length == 2) {
                String layerName = name.substring(0, name.length() - ".weight".length());
                all.put(layerName, names.transposed() ? new long[] {size[1], size[0]} : size);
            }
        });
        return all;
    }

    private void addLayer(Map<String, long[]> all, int i) {
        int queries = attention.heads() * attention.headWidth();
        int keys = attention.keyValueHeads() * attention.headWidth();
        if (norm.place() != Norm.Place.AFTER) {
            addNorm(all, names.in(i, names.attentionNorm()), width);
        }
        if (attention.projections() == Attention.Projections.APART) {
            addLinear(all, names.in(i, names.query()), width, queries, attention.inputBias());
            addLinear(all, names.in(i, names.key()), width, keys, attention.inputBias());
            addLinear(all, names.in(i, names.value()), width, keys, attention.inputBias());
        } else {
            addLinear(all, names.in(i, names.queryKeyValue()), width, queries + 2 * keys, attention.inputBias());
        }
        if (attention.queryKeyNorm() != Attention.QueryKeyNorm.NONE) {
            boolean whole = attention.queryKeyNorm() == Attention.QueryKeyNorm.WHOLE;
            addNorm(all, names.in(i, names.queryNorm()), whole ? queries : attention.headWidth());
            addNorm(all, names.in(i, names.keyNorm()), whole ? keys : attention.headWidth());
        }
        addLinear(all, names.in(i, names.attentionOutput()), queries, width, attention.outputBias());
        if (norm.place() != Norm.Place.BEFORE) {
            addNorm(all, names.in(i, names.afterAttentionNorm()), width);
        }
        if (norm.place() != Norm.Place.AFTER) {
            addNorm(all, names.in(i, names.feedForwardNorm()), width); // may be the one of attention
        }
        int inner = feedForward.width();
        if (feedForward.fused()) {
            addLinear(all, names.in(i, names.gateUp()), width, 2 * inner, feedForward.bias());
        } else {
            if (feedForward.gated()) {
                addLinear(all, names.in(i, names.gate()), width, inner, feedForward.bias());
            }
            addLinear(all, names.in(i, names.up()), width, inner, feedForward.bias());
        }
        addLinear(all, names.in(i, names.down()), inner, width, feedForward.bias());
        if (norm.place() != Norm.Place.BEFORE) {
            addNorm(all, names.in(i, names.afterFeedForwardNorm()), width);
        }
    }

    private void addLinear(Map<String, long[]> all, String name, int in, int out, boolean bias) {
        all.put(name + ".weight", names.transposed() ? new long[] {in, out} : new long[] {out, in});
        if (bias) {
            all.put(name + ".bias", new long[] {out});
        }
    }

    private void addNorm(Map<String, long[]> all, String name, int size) {
        all.put(name + ".weight", new long[] {size});
        if (norm.kind() == Norm.Kind.LAYER) {
            all.put(name + ".bias", new long[] {size});
        }
    }
}
