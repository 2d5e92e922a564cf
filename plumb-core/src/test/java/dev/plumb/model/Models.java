package dev.plumb.model;

import dev.plumb.model.Architecture.Activation;
import dev.plumb.model.Architecture.Attention;
import dev.plumb.model.Architecture.FeedForward;
import dev.plumb.model.Architecture.Names;
import dev.plumb.model.Architecture.Norm;
import dev.plumb.model.Architecture.Positions;
import java.util.Collections;

/** Small architectures for tests. */
public final class Models {
    private Models() {}

    /** A tiny Llama with a tied head. */
    public static Architecture llama(int vocabulary, int width, int layers, int heads, int keyValueHeads) {
        return llama(vocabulary, width, layers, heads, keyValueHeads, 0, 0);
    }

    /** A tiny decoder with a sliding window (0 for none) in all layers and a cap on its logits (0 for none). */
    public static Architecture llama(
            int vocabulary, int width, int layers, int heads, int keyValueHeads, int window, double softcap) {
        int headWidth = width / heads;
        Rope rope = new Rope(10_000, headWidth, new Rope.Scaling.None());
        return new Architecture(
                "llama",
                vocabulary,
                width,
                layers,
                512,
                new Attention(
                        heads,
                        keyValueHeads,
                        headWidth,
                        1 / Math.sqrt(headWidth),
                        0,
                        false,
                        false,
                        Attention.Projections.APART,
                        Attention.QueryKeyNorm.NONE,
                        Collections.nCopies(layers, window)),
                new FeedForward(2 * width, Activation.SILU, true, false, false, false),
                new Norm(Norm.Kind.RMS, 1e-6, Norm.Place.BEFORE),
                new Positions.Rotary(rope, rope),
                1,
                softcap,
                vocabulary,
                true,
                Names.llama("post_attention_layernorm"));
    }
}
