package dev.plumb.hub;

import dev.plumb.model.Architecture;
import dev.plumb.model.Architecture.Attention;
import dev.plumb.model.Architecture.Attention.Projections;
import dev.plumb.model.Architecture.Attention.QueryKeyNorm;
import dev.plumb.model.Architecture.FeedForward;
import dev.plumb.model.Architecture.Names;
import dev.plumb.model.Architecture.Norm;
import dev.plumb.model.Architecture.Positions;
import dev.plumb.model.Rope;

/**
 * Configs of the families with rotary positions, layer norms and, as a rule, layers whose two halves stand side by side:
 * x + attention(norm(x)) + feed-forward(norm(x)).
 */
final class ParallelFamilies {
    private ParallelFamilies() {}

    /** GPT-NeoX and Pythia (arXiv 2204.06745, 2304.01373). */
    static Architecture neox(ConfigFile c) {
        int width = c.size("hidden_size");
        int heads = c.size("num_attention_heads");
        int headWidth = HfConfig.divided(c, "hidden_size", width, heads);
        boolean bias = c.flag("attention_bias", true);
        requireSame(c, "rotary_pct", "partial_rotary_factor");
        requireSame(c, "rotary_emb_base", "rope_theta");
        Rope rope = RopeConfig.partial(c, headWidth, c.number("rotary_pct", 0.25))
                .full(c.number("rotary_emb_base", 10_000));
        return build(
                c,
                grouped(c, heads, heads, headWidth, bias),
                new FeedForward(
                        c.size("intermediate_size"),
                        HfConfig.activation(c, "hidden_act", "gelu"),
                        false,
                        false,
                        true,
                        c.flag("use_parallel_residual", true)),
                c.number("layer_norm_eps", 1e-5),
                rope,
                c.flag("tie_word_embeddings", false),
                names(
                        "gpt_neox.embed_in",
                        "gpt_neox.layers.%d.",
                        "attention",
                        "input_layernorm",
                        "post_attention_layernorm",
                        "gpt_neox.final_layer_norm",
                        "embed_out"));
    }

    /** Versions of transformers read one or the other. */
    private static void requireSame(ConfigFile c, String older, String newer) {
        if (c.has(older) && c.has(newer) && c.number(older) != c.number(newer)) {
            throw c.fault(
                    older,
                    "is " + c.number(older) + ", but " + newer + ", which means the same, is " + c.number(newer)
                            + "; make them equal");
        }
    }

    /** Falcon (arXiv 2311.16867) in its three forms: a key-value head for each head, for all, or for groups. */
    static Architecture falcon(ConfigFile c) {
        int width = c.size("hidden_size");
        int heads = c.size("num_attention_heads");
        int headWidth = HfConfig.divided(c, "hidden_size", width, heads);
        boolean grouped = c.flag("new_decoder_architecture", false);
        boolean parallel = c.flag("parallel_attn", true);
        if (grouped && !parallel) {
            throw c.fault("parallel_attn", "is false; with new_decoder_architecture only true is supported");
        }
        int norms = c.size("num_ln_in_parallel_attn", grouped ? 2 : 1);
        if (norms > 2 || norms == 2 && !grouped) {
            throw c.fault(
                    "num_ln_in_parallel_attn",
                    "is " + norms + "; supported are 1, and 2 with new_decoder_architecture");
        }
        int given = c.size("num_kv_heads", heads);
        int keys = grouped || !c.flag("multi_query", true) ? given : 1;
        if (!grouped && keys != 1 && keys != heads) {
            throw c.fault(
                    "num_kv_heads",
                    "is " + keys + " for " + heads + " heads; groups are supported with new_decoder_architecture only");
        }
        boolean bias = c.flag("bias", false);
        String attentionNorm = grouped && norms == 2 ? "ln_attn" : "input_layernorm";
        String feedForwardNorm =
                !parallel ? "post_attention_layernorm" : grouped && norms == 2 ? "ln_mlp" : attentionNorm;
        return build(
                c,
                grouped(c, heads, keys, headWidth, bias),
                new FeedForward(
                        c.size("ffn_hidden_size", 4 * width),
                        HfConfig.activation(c, "activation", "gelu"),
                        false,
                        false,
                        bias,
                        parallel),
                c.number("layer_norm_epsilon", 1e-5),
                RopeConfig.whole(c, headWidth).full(10_000),
                c.flag("tie_word_embeddings", true),
                names(
                        "transformer.word_embeddings",
                        "transformer.h.%d.",
                        "self_attention",
                        attentionNorm,
                        feedForwardNorm,
                        "transformer.ln_f",
                        "lm_head"));
    }

    private static Attention grouped(ConfigFile c, int heads, int keys, int headWidth, boolean bias) {
        return new Attention(
                heads,
                keys,
                headWidth,
                1 / Math.sqrt(headWidth),
                0,
                bias,
                bias,
                Projections.BY_GROUP,
                QueryKeyNorm.NONE,
                HfConfig.everywhere(c.size("num_hidden_layers")));
    }

    private static Architecture build(
            ConfigFile c,
            Attention attention,
            FeedForward feedForward,
            double eps,
            Rope rope,
            boolean tied,
            Names names) {
        int vocabulary = c.size("vocab_size");
        return new Architecture(
                c.text("model_type", ""),
                vocabulary,
                c.size("hidden_size"),
                attention.windows().size(),
                c.size("max_position_embeddings", 2048),
                attention,
                feedForward,
                new Norm(Norm.Kind.LAYER, eps, Norm.Place.BEFORE),
                new Positions.Rotary(rope, rope),
                1,
                0,
                vocabulary,
                tied,
                names);
    }

    private static Names names(
            String embedding,
            String layer,
            String attention,
            String attentionNorm,
            String feedForwardNorm,
            String finalNorm,
            String head) {
        return new Names(
                embedding,
                "",
                layer,
                "",
                "",
                "",
                attention + ".query_key_value",
                attention + ".dense",
                "",
                "",
                "",
                "mlp.dense_h_to_4h",
                "",
                "mlp.dense_4h_to_h",
                attentionNorm,
                feedForwardNorm,
                "",
                "",
                finalNorm,
                head,
                false);
    }
}
