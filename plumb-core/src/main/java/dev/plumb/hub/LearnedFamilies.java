package dev.plumb.hub;

import dev.plumb.model.Architecture;
import dev.plumb.model.Architecture.Attention;
import dev.plumb.model.Architecture.Attention.Projections;
import dev.plumb.model.Architecture.Attention.QueryKeyNorm;
import dev.plumb.model.Architecture.FeedForward;
import dev.plumb.model.Architecture.Names;
import dev.plumb.model.Architecture.Norm;
import dev.plumb.model.Architecture.Positions;

/** Configs of the families with learnt positions and layer norms. */
final class LearnedFamilies {
    private LearnedFamilies() {}

    static Architecture gpt2(ConfigFile c) {
        HfConfig.require(c, "scale_attn_by_inverse_layer_idx", false);
        int vocabulary = c.size("vocab_size");
        int width = c.size("n_embd");
        int heads = c.size("n_head");
        int layers = c.size("n_layer");
        int length = c.size("n_positions", c.size("n_ctx", 1024));
        int headWidth = HfConfig.divided(c, "n_embd", width, heads);
        return new Architecture(
                "gpt2",
                vocabulary,
                width,
                layers,
                length,
                new Attention(
                        heads,
                        heads,
                        headWidth,
                        c.flag("scale_attn_weights", true) ? 1 / Math.sqrt(headWidth) : 1,
                        0,
                        true,
                        true,
                        Projections.TOGETHER,
                        QueryKeyNorm.NONE,
                        HfConfig.everywhere(layers)),
                new FeedForward(
                        c.size("n_inner", 4 * width),
                        HfConfig.activation(c, "activation_function", "gelu_new"),
                        false,
                        false,
                        true,
                        false),
                new Norm(Norm.Kind.LAYER, c.number("layer_norm_epsilon", 1e-5), Norm.Place.BEFORE),
                new Positions.Learned(length, 0),
                1,
                0,
                vocabulary,
                c.flag("tie_word_embeddings", true),
                new Names(
                        "transformer.wte",
                        "transformer.wpe",
                        "transformer.h.%d.",
                        "",
                        "",
                        "",
                        "attn.c_attn",
                        "attn.c_proj",
                        "",
                        "",
                        "",
                        "mlp.c_fc",
                        "",
                        "mlp.c_proj",
                        "ln_1",
                        "ln_2",
                        "",
                        "",
                        "transformer.ln_f",
                        "lm_head",
                        true));
    }

    static Architecture opt(ConfigFile c) {
        HfConfig.require(c, "do_layer_norm_before", true);
        HfConfig.require(c, "_remove_final_layer_norm", false);
        HfConfig.require(c, "layer_norm_elementwise_affine", true);
        int vocabulary = c.size("vocab_size");
        int width = c.size("hidden_size");
        int heads = c.size("num_attention_heads");
        int layers = c.size("num_hidden_layers");
        int length = c.size("max_position_embeddings");
        if (c.size("word_embed_proj_dim", width) != width) {
            throw c.fault("word_embed_proj_dim", "differs from hidden_size (" + width + "), which is not supported");
        }
        int headWidth = HfConfig.divided(c, "hidden_size", width, heads);
        boolean bias = c.flag("enable_bias", true);
        return new Architecture(
                "opt",
                vocabulary,
                width,
                layers,
                length,
                new Attention(
                        heads,
                        heads,
                        headWidth,
                        1 / Math.sqrt(headWidth),
                        0,
                        bias,
                        bias,
                        Projections.APART,
                        QueryKeyNorm.NONE,
                        HfConfig.everywhere(layers)),
                new FeedForward(
                        c.size("ffn_dim"),
                        HfConfig.activation(c, "activation_function", "relu"),
                        false,
                        false,
                        bias,
                        false),
                new Norm(Norm.Kind.LAYER, 1e-5, Norm.Place.BEFORE),
                // The table has two rows more than there are positions, and the first token looks up row 2.
                new Positions.Learned(length + 2, 2),
                1,
                0,
                vocabulary,
                c.flag("tie_word_embeddings", true),
                new Names(
                        "model.decoder.embed_tokens",
                        "model.decoder.embed_positions",
                        "model.decoder.layers.%d.",
                        "self_attn.q_proj",
                        "self_attn.k_proj",
                        "self_attn.v_proj",
                        "",
                        "self_attn.out_proj",
                        "",
                        "",
                        "",
                        "fc1",
                        "",
                        "fc2",
                        "self_attn_layer_norm",
                        "final_layer_norm",
                        "",
                        "",
                        "model.decoder.final_layer_norm",
                        "lm_head",
                        false));
    }
}
