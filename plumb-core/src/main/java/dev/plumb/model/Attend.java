package dev.plumb.model;

import dev.plumb.tensor.Tensor;

/** Lets queries look at keys: over a packed batch, or over a cache while generating. */
@FunctionalInterface
interface Attend {
    /**
     * Attention of one layer.
     *
     * @param layer the layer's number
     * @param q [tokens, heads, headWidth]
     * @param k [tokens, keyValueHeads, headWidth]
     * @param v [tokens, keyValueHeads, headWidth]
     * @return [tokens, heads · headWidth]
     */
    Tensor apply(int layer, Tensor q, Tensor k, Tensor v);
}
