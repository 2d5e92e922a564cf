package dev.plumb.model;

import dev.plumb.model.Layout.Segment;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Functional;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

/** Attention over a {@link Layout}: each segment on its own, neighbours of equal length in one call. */
final class PackedAttention implements Attend {
    private final Architecture.Attention shape;
    private final Layout layout;
    private final Device device;
    private final Map<List<Integer>, Tensor> masks = new HashMap<>();

    PackedAttention(Architecture.Attention shape, Layout layout, Device device) {
        this.shape = shape;
        this.layout = layout;
        this.device = device;
        makeMasks();
    }

    @Override
    public Tensor apply(int layer, Tensor q, Tensor k, Tensor v) {
        int window = shape.windows().get(layer);
        List<Segment> segments = layout.segments();
        List<Tensor> outputs = new ArrayList<>();
        for (int i = 0; i < segments.size(); ) {
            Segment segment = segments.get(i);
            int run = segment.isRoot() ? equalRoots(i) : 1;
            outputs.add(segment.isRoot() ? roots(segment, run, window, q, k, v) : child(segment, window, q, k, v));
            i += run;
        }
        return Tensor.cat(0, outputs);
    }

    private int equalRoots(int first) {
        List<Segment> segments = layout.segments();
        int run = 1;
        while (first + run < segments.size()
                && segments.get(first + run).isRoot()
                && segments.get(first + run).length() == segments.get(first).length()) {
            run++;
        }
        return run;
    }

    private Tensor roots(Segment first, int run, int window, Tensor q, Tensor k, Tensor v) {
        int length = first.length();
        return attend(
                batch(q, first.start(), run, length),
                batch(k, first.start(), run, length),
                batch(v, first.start(), run, length),
                0,
                window);
    }

    private Tensor child(Segment segment, int window, Tensor q, Tensor k, Tensor v) {
        Segment parent = layout.segments().get(segment.parent());
        return attend(
                batch(q, segment.start(), 1, segment.length()),
                Tensor.cat(
                        1,
                        batch(k, parent.start(), 1, parent.length()),
                        batch(k, segment.start(), 1, segment.length())),
                Tensor.cat(
                        1,
                        batch(v, parent.start(), 1, parent.length()),
                        batch(v, segment.start(), 1, segment.length())),
                parent.length(),
                window);
    }

    /** [run, length, heads, width] of tokens that follow each other. */
    private static Tensor batch(Tensor x, int start, int run, int length) {
        return x.narrow(0, start, (long) run * length).reshape(run, length, x.size(1), x.size(2));
    }

    /** q [batch, queries, heads, width], k and v [batch, before + queries, keyValueHeads, width]. */
    private Tensor attend(Tensor q, Tensor k, Tensor v, int before, int window) {
        int groups = shape.heads() / shape.keyValueHeads();
        Tensor queries = q.transpose(1, 2); // [batch, heads, queries, width]
        Tensor keys = k.transpose(1, 2).repeatInterleave(groups, 1); // [batch, heads, keys, width]
        Tensor values = v.transpose(1, 2).repeatInterleave(groups, 1);
        int length = (int) q.size(1);
        Tensor out;
        if (!isMasked(before, length, window)) {
            out = Functional.causalAttention(queries, keys, values, shape.scale());
        } else {
            Tensor mask = masks.get(maskKey(before, length, window));
            out = shape.softcap() > 0
                    ? softcapped(shape, queries, keys, values, mask)
                    : Functional.maskedAttention(queries, keys, values, mask, shape.scale());
        }
        return out.transpose(1, 2).reshape(q.size(0) * length, (long) shape.heads() * shape.headWidth());
    }

    /** Scores bent by c·tanh(s / c) before the mask, as in Gemma 2. */
    static Tensor softcapped(Architecture.Attention shape, Tensor q, Tensor k, Tensor v, Tensor mask) {
        double cap = shape.softcap();
        Tensor scores =
                q.matmul(k.transpose(2, 3)).mul(shape.scale() / cap).tanh().mul(cap);
        Tensor hidden = scores.maskedFill(mask.logicalNot(), Double.NEGATIVE_INFINITY);
        return Functional.softmax(hidden.to(DType.FLOAT32), -1).to(v.dtype()).matmul(v);
    }

    /** The masks that some layer needs, made before the first layer so that they outlive it. */
    private void makeMasks() {
        for (Segment segment : layout.segments()) {
            int before = segment.isRoot()
                    ? 0
                    : layout.segments().get(segment.parent()).length();
            for (int window : new HashSet<>(shape.windows())) {
                if (isMasked(before, segment.length(), window)) {
                    masks.computeIfAbsent(
                            maskKey(before, segment.length(), window), key -> mask(before, segment.length(), window));
                }
            }
        }
    }

    private boolean isMasked(int before, int length, int window) {
        return shape.softcap() > 0 || before > 0 || (window > 0 && window < length);
    }

    private static List<Integer> maskKey(int before, int length, int window) {
        return List.of(before, length, window > 0 && window < before + length ? window : 0);
    }

    /** [length, before + length], true where query i, which stands at before + i, sees a key. */
    private Tensor mask(int before, int length, int window) {
        Tensor at = Tensor.arange(length, device).add(before).unsqueeze(1);
        Tensor keys = Tensor.arange(before + (long) length, device).unsqueeze(0);
        Tensor past = keys.le(at);
        return window == 0 ? past : past.and(keys.gt(at.sub(window)));
    }
}
