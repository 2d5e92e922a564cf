package dev.plumb.model;

import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Functional;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

/** Keys and values of sequences that are being generated, a slot each, allocated once. */
final class KeyValueCache implements AutoCloseable {
    /**
     * Up to so many products of a query with a key for each head of keys, queries that share keys go one by one on a
     * processor: MKL has a fast road for products of one row, and beyond this the keys are read too often. For 16 sequences
     * of 97 keys and two queries a head of keys, 3.5 against 10.6 ms for 8 layers.
     */
    private static final int ONE_BY_ONE = 1000;

    private final Architecture.Attention shape;
    private final int capacity;
    private final DType type;
    private final Device device;
    private final List<Tensor> keys = new ArrayList<>(); // a layer: [slots, keyValueHeads, capacity, width]
    private final List<Tensor> values = new ArrayList<>();

    KeyValueCache(Architecture architecture, DType type, Device device, int slots, int capacity) {
        this.shape = architecture.attention();
        this.capacity = capacity;
        this.type = type;
        this.device = device;
        try (Scope scope = Scope.open()) {
            for (int i = 0; i < architecture.layers(); i++) {
                keys.add(make(slots));
                values.add(make(slots));
            }
        }
    }

    private Tensor make(int slots) {
        return Scope.release(Tensor.zeros(type, device, slots, shape.keyValueHeads(), capacity, shape.headWidth()));
    }

    /** Attention over whole prompts that also fills their slots. */
    Attend filling(Layout layout, int[] slots) {
        PackedAttention packed = new PackedAttention(shape, layout, device);
        int[] slotOfToken = new int[layout.tokens()];
        for (int s = 0; s < slots.length; s++) {
            Layout.Segment segment = layout.segments().get(s);
            java.util.Arrays.fill(slotOfToken, segment.start(), segment.start() + segment.length(), slots[s]);
        }
        Tensor rows = rows(slotOfToken, layout.positions());
        return (layer, q, k, v) -> {
            write(layer, rows, k, v);
            return packed.apply(layer, q, k, v);
        };
    }

    /**
     * Attention of one new token a slot, the first slots in order, to all that the slot holds.
     *
     * @param positions of the new tokens
     */
    Attend extending(int[] positions) {
        int n = positions.length;
        int[] slots = new int[n];
        int longest = 0;
        for (int i = 0; i < n; i++) {
            slots[i] = i;
            longest = Math.max(longest, positions[i] + 1);
        }
        int length = longest;
        Tensor rows = rows(slots, positions);
        Tensor at = Tensor.of(positions, device).reshape(n, 1, 1, 1);
        Tensor places = Tensor.arange(length, device).reshape(1, 1, 1, length);
        Map<Integer, Tensor> masks = new HashMap<>();
        for (int window : new HashSet<>(shape.windows())) {
            Tensor past = places.le(at);
            masks.put(window, window > 0 ? past.and(places.gt(at.sub(window))) : past);
        }
        int groups = shape.heads() / shape.keyValueHeads();
        boolean oneByOne = device == Device.CPU && shape.softcap() == 0 && groups * length <= ONE_BY_ONE;
        if (oneByOne) {
            long heads = (long) n * shape.keyValueHeads();
            Tensor seen =
                    Tensor.zeros(type, device, heads, 1, 1, length); // numbers, as libtorch makes of booleans each time
            masks.replaceAll((window, mask) -> seen.maskedFill(
                            mask.expand(n, shape.keyValueHeads(), 1, length)
                                    .reshape(heads, 1, 1, length)
                                    .logicalNot(),
                            Double.NEGATIVE_INFINITY)
                    .expand(heads, groups, 1, length));
        }
        return (layer, q, k, v) -> {
            write(layer, rows, k, v);
            Tensor mask = masks.get(shape.windows().get(layer));
            Tensor out = oneByOne
                    ? oneByOne(q, layer, mask, length)
                    : grouped(
                            q,
                            keys.get(layer).narrow(0, 0, n).narrow(2, 0, length),
                            values.get(layer).narrow(0, 0, n).narrow(2, 0, length),
                            mask);
            return out.reshape(n, (long) shape.heads() * shape.headWidth());
        };
    }

    /** Each head of keys is a row of a batch, and the query heads that share it are heads with the same keys, not copied. */
    private Tensor oneByOne(Tensor q, int layer, Tensor mask, int length) {
        long heads = q.size(0) * shape.keyValueHeads();
        long groups = shape.heads() / shape.keyValueHeads();
        long width = shape.headWidth();
        long[] sizes = {heads, groups, length, width};
        long[] strides = {capacity * width, 0, width, 1};
        return Functional.maskedAttention(
                q.reshape(heads, groups, 1, width),
                keys.get(layer).strided(sizes, strides),
                values.get(layer).strided(sizes, strides),
                mask,
                shape.scale());
    }

    /** The query heads that share keys stand as several queries of one head. */
    private Tensor grouped(Tensor q, Tensor heldKeys, Tensor heldValues, Tensor past) {
        long groups = shape.heads() / shape.keyValueHeads();
        Tensor queries = q.reshape(q.size(0), shape.keyValueHeads(), groups, shape.headWidth());
        Tensor mask = past.expand(q.size(0), 1, groups, past.size(3));
        return shape.softcap() > 0
                ? PackedAttention.softcapped(shape, queries, heldKeys, heldValues, mask)
                : Functional.maskedAttention(queries, heldKeys, heldValues, mask, shape.scale());
    }

    /**
     * Copies a slot's content into slots that follow each other.
     *
     * @param from the slot
     * @param to the first of those
     * @param count how many
     * @param length places that are copied
     */
    void copy(int from, int to, int count, int length) {
        if (count == 0) {
            return;
        }
        try (Scope scope = Scope.open()) {
            for (int i = 0; i < keys.size(); i++) {
                for (Tensor held : List.of(keys.get(i), values.get(i))) {
                    Tensor places = held.narrow(2, 0, length);
                    Tensor source = places.narrow(0, from, 1).expand(count, -1, -1, -1);
                    places.narrow(0, to, count).copyInPlace(source);
                }
            }
        }
    }

    private void write(int layer, Tensor rows, Tensor k, Tensor v) {
        put(keys.get(layer), rows, k);
        put(values.get(layer), rows, v);
    }

    private void put(Tensor held, Tensor rows, Tensor fresh) {
        held.reshape(-1, shape.headWidth()).indexCopyInPlace(0, rows, fresh.reshape(-1, shape.headWidth()));
    }

    /** Where each token's heads lie when slots, heads and places are one dimension. */
    private Tensor rows(int[] slots, int[] positions) {
        int heads = shape.keyValueHeads();
        long[] rows = new long[slots.length * heads];
        for (int t = 0; t < slots.length; t++) {
            for (int h = 0; h < heads; h++) {
                rows[t * heads + h] = ((long) slots[t] * heads + h) * capacity + positions[t];
            }
        }
        return Tensor.of(rows, device);
    }

    @Override
    public void close() {
        keys.forEach(Tensor::close);
        values.forEach(Tensor::close);
    }
}
