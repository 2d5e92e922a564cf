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
import java.util.List;

/** Configs of the families with rotary positions, root-mean-square norms and a gated feed-forward half. */
final class RotaryFamilies {
    private RotaryFamilies() {}

    static Architecture llama(ConfigFile c) {
        boolean bias = c.flag("attention_bias", false);
        Heads heads = Heads.of(c, 0);
        Attention attention = heads.plain(bias, bias, HfConfig.everywhere(heads.layers()));
        Positions positions = positions(c, heads, 10_000);
        return build(c, attention, c.flag("mlp_bias", false), positions, false);
    }

    static Architecture mistral(ConfigFile c) {
        Heads heads = Heads.of(c, 0);
        int window = c.names("sliding_window") ? c.size("sliding_window", 0) : 4096;
        Attention attention = heads.plain(false, false, HfConfig.windows(c, heads.layers(), window, layer -> true));
        return build(c, attention, false, positions(c, heads, 10_000), false);
    }

    static Architecture qwen2(ConfigFile c) {
        Heads heads = Heads.of(c, 0);
        Attention attention = heads.plain(true, false, qwenWindows(c, heads.layers()));
        return build(c, attention, false, positions(c, heads, 10_000), false);
    }

    static Architecture qwen3(ConfigFile c) {
        boolean bias = c.flag("attention_bias", false);
        Heads heads = Heads.of(c, 128);
        Attention attention = new Attention(
                heads.queries(),
                heads.keys(),
                heads.width(),
                heads.scale(),
                0,
                bias,
                bias,
                Projections.APART,
                QueryKeyNorm.HEAD,
                qwenWindows(c, heads.layers()));
        return build(c, attention, false, positions(c, heads, 10_000), false);
    }

    /** The first max_window_layers layers see everything, if there is a window at all. */
    private static List<Integer> qwenWindows(ConfigFile c, int layers) {
        int window = c.flag("use_sliding_window", false) ? c.size("sliding_window", 4096) : 0;
        int whole = c.number("max_window_layers", 28) < 1 ? 0 : c.size("max_window_layers", 28);
        return HfConfig.windows(c, layers, window, layer -> layer >= whole);
    }

    static Architecture phi3(ConfigFile c) {
        Heads heads = Heads.of(c, 0);
        int window = c.size("sliding_window", 0);
        Attention attention = new Attention(
                heads.queries(),
                heads.keys(),
                heads.width(),
                heads.scale(),
                0,
                false,
                false,
                Projections.TOGETHER,
                QueryKeyNorm.NONE,
                HfConfig.windows(c, heads.layers(), window, layer -> true));
        Rope rope = RopeConfig.partial(c, heads.width(), 1).full(10_000);
        return build(c, attention, false, new Positions.Rotary(rope, rope), true);
    }

    /** Norms stand after the halves of a layer, and queries and keys are normalised before they are cut into heads. */
    static Architecture olmo2(ConfigFile c) {
        boolean bias = c.flag("attention_bias", false);
        Heads heads = Heads.of(c, 0);
        Attention attention = new Attention(
                heads.queries(),
                heads.keys(),
                heads.width(),
                heads.scale(),
                0,
                bias,
                bias,
                Projections.APART,
                QueryKeyNorm.WHOLE,
                HfConfig.everywhere(heads.layers()));
        Norm norm = new Norm(Norm.Kind.RMS_LATE, c.number("rms_norm_eps", 1e-5), Norm.Place.AFTER);
        return build(c, attention, false, positions(c, heads, 10_000), false, norm);
    }

    static Architecture gemma2(ConfigFile c) {
        Heads heads = Heads.of(c, 256);
        List<Integer> windows =
                HfConfig.windows(c, heads.layers(), c.size("sliding_window", 4096), layer -> layer % 2 == 0);
        double cap = c.names("attn_logit_softcapping") ? c.number("attn_logit_softcapping", 0) : 50;
        double finalCap = c.names("final_logit_softcapping") ? c.number("final_logit_softcapping", 0) : 30;
        return gemma(
                c, gemmaAttention(c, heads, cap, QueryKeyNorm.NONE, windows), positions(c, heads, 10_000), finalCap);
    }

    static Architecture gemma3(ConfigFile c) {
        Heads heads = Heads.of(c, 256);
        int pattern = c.size("sliding_window_pattern", c.size("_sliding_window_pattern", 6));
        List<Integer> windows = HfConfig.windows(
                c, heads.layers(), c.size("sliding_window", 4096), layer -> (layer + 1) % pattern != 0);
        RopeConfig rope = RopeConfig.whole(c, heads.width());
        return gemma(
                c,
                gemmaAttention(c, heads, c.number("attn_logit_softcapping", 0), QueryKeyNorm.HEAD, windows),
                new Positions.Rotary(rope.full(1_000_000), rope.local(10_000)),
                c.number("final_logit_softcapping", 0));
    }

    private static Attention gemmaAttention(
            ConfigFile c, Heads heads, double cap, QueryKeyNorm queryKeyNorm, List<Integer> windows) {
        boolean bias = c.flag("attention_bias", false);
        double scale = 1 / Math.sqrt(c.number("query_pre_attn_scalar", 256));
        return new Attention(
                heads.queries(),
                heads.keys(),
                heads.width(),
                scale,
                cap,
                bias,
                bias,
                Projections.APART,
                queryKeyNorm,
                windows);
    }

    private static Architecture gemma(ConfigFile c, Attention attention, Positions positions, double finalCap) {
        int vocabulary = c.size("vocab_size");
        int width = c.size("hidden_size");
        return new Architecture(
                c.text("model_type", ""),
                vocabulary,
                width,
                attention.windows().size(),
                c.size("max_position_embeddings"),
                attention,
                new FeedForward(
                        c.size("intermediate_size"),
                        HfConfig.activation(c, "hidden_activation", "gelu_pytorch_tanh"),
                        true,
                        false,
                        false,
                        false),
                new Norm(Norm.Kind.RMS_OFFSET, c.number("rms_norm_eps", 1e-6), Norm.Place.AROUND),
                positions,
                Math.sqrt(width),
                finalCap,
                vocabulary,
                c.flag("tie_word_embeddings", true),
                Names.llama("pre_feedforward_layernorm"));
    }

    private static Architecture build(
            ConfigFile c, Attention attention, boolean mlpBias, Positions positions, boolean fused) {
        Norm norm = new Norm(Norm.Kind.RMS, c.number("rms_norm_eps", 1e-6), Norm.Place.BEFORE);
        return build(c, attention, mlpBias, positions, fused, norm);
    }

    private static Architecture build(
            ConfigFile c, Attention attention, boolean mlpBias, Positions positions, boolean fused, Norm norm) {
        int vocabulary = c.size("vocab_size");
        return new Architecture(
                c.text("model_type", ""),
                vocabulary,
                c.size("hidden_size"),
                attention.windows().size(),
                c.size("max_position_embeddings"),
                attention,
                new FeedForward(
                        c.size("intermediate_size"),
                        HfConfig.activation(c, "hidden_act", "silu"),
                        true,
                        fused,
                        mlpBias,
                        false),
                norm,
                positions,
                1,
                0,
                vocabulary,
                c.flag("tie_word_embeddings", false),
                Names.llama("post_attention_layernorm"));
    }

    private static Positions positions(ConfigFile c, Heads heads, double base) {
        Rope rope = RopeConfig.whole(c, heads.width()).full(base);
        return new Positions.Rotary(rope, rope);
    }

    /** How many heads of what size, and in how many layers. */
    private record Heads(int queries, int keys, int width, int layers) {
        /** @param defaultWidth where the config lacks head_dim; 0 for hidden_size / num_attention_heads */
        static Heads of(ConfigFile c, int defaultWidth) {
            int queries = c.size("num_attention_heads");
            int shared = c.size("hidden_size") / queries;
            int width = c.size("head_dim", defaultWidth == 0 || c.names("head_dim") ? shared : defaultWidth);
            return new Heads(queries, c.size("num_key_value_heads", queries), width, c.size("num_hidden_layers"));
        }

        double scale() {
            return 1 / Math.sqrt(width);
        }

        Attention plain(boolean inputBias, boolean outputBias, List<Integer> windows) {
            return new Attention(
                    queries,
                    keys,
                    width,
                    scale(),
                    0,
                    inputBias,
                    outputBias,
                    Projections.APART,
                    QueryKeyNorm.NONE,
                    windows);
        }
    }
}
