package dev.plumb.tensor;

import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** Functions of neural networks. */
public final class Functional {
    private Functional() {}

    /**
     * x Wᵀ.
     *
     * @param x [rows, in]
     * @param weight [out, in]
     * @return [rows, out]
     */
    public static Tensor linear(Tensor x, Tensor weight) {
        return new Tensor(torch.linear(x.handle, weight.handle));
    }

    /**
     * x Wᵀ + b.
     *
     * @param x [rows, in]
     * @param weight [out, in]
     * @param bias [out]
     * @return [rows, out]
     */
    public static Tensor linear(Tensor x, Tensor weight, Tensor bias) {
        return new Tensor(torch.linear(x.handle, weight.handle, new TensorOptional(bias.handle)));
    }

    /**
     * Rows of a table.
     *
     * @param table [vocabulary, width]
     * @param ids 64-bit integers [n]
     * @return [n, width]
     */
    public static Tensor embedding(Tensor table, Tensor ids) {
        return new Tensor(torch.embedding(table.handle, ids.handle));
    }

    /**
     * Layer normalisation over the last dimension.
     *
     * @param x [rows, width]
     * @param weight [width]
     * @param bias [width]
     * @param eps added to the variance
     * @return [rows, width]
     */
    public static Tensor layerNorm(Tensor x, Tensor weight, Tensor bias, double eps) {
        return new Tensor(torch.layer_norm(
                x.handle,
                new long[] {x.size(-1)},
                new TensorOptional(weight.handle),
                new TensorOptional(bias.handle),
                eps,
                true));
    }

    /**
     * Root-mean-square normalisation over the last dimension (arXiv 1910.07467, equation 4), without weights.
     *
     * @param x [..., width]
     * @param eps added to the mean square
     * @return the same shape
     */
    public static Tensor rmsNorm(Tensor x, double eps) {
        return new Tensor(
                torch.rms_norm(x.handle, new long[] {x.size(-1)}, new TensorOptional(), new DoubleOptional(eps)));
    }

    /**
     * x · sigmoid(x).
     *
     * @param x any shape
     * @return the same shape
     */
    public static Tensor silu(Tensor x) {
        return new Tensor(torch.silu(x.handle));
    }

    /**
     * Gaussian error linear unit.
     *
     * @param x any shape
     * @param tanh whether the approximation by tanh is meant (gelu_new, gelu_pytorch_tanh) or the exact form
     * @return the same shape
     */
    public static Tensor gelu(Tensor x, boolean tanh) {
        return new Tensor(torch.gelu(x.handle, tanh ? "tanh" : "none"));
    }

    /**
     * log σ(x), without overflow.
     *
     * @param x any shape
     * @return the same shape
     */
    public static Tensor logSigmoid(Tensor x) {
        return new Tensor(torch.log_sigmoid(x.handle));
    }

    /**
     * log(1 + e^x), without overflow and without the linear cut of libtorch's softplus.
     *
     * @param x any shape
     * @return the same shape
     */
    public static Tensor softplus(Tensor x) {
        return logSigmoid(x.neg()).neg();
    }

    /**
     * log(1 − e^x) for x below 0, exact at both ends (Mächler 2012).
     *
     * @param x any shape, negative
     * @return the same shape
     */
    public static Tensor log1mExp(Tensor x) {
        Tensor nearZero = x.gt(-Math.log(2));
        Tensor near = Tensor.where(nearZero, x, x.detach().mul(0).sub(1))
                .expm1()
                .neg()
                .log();
        Tensor far =
                Tensor.where(nearZero, x.detach().mul(0).sub(1), x).exp().neg().log1p();
        return Tensor.where(nearZero, near, far);
    }

    /**
     * Softmax along a dimension.
     *
     * @param x any shape
     * @param dim the dimension
     * @return the same shape
     */
    public static Tensor softmax(Tensor x, int dim) {
        return new Tensor(torch.softmax(x.handle, dim, new ScalarTypeOptional()));
    }

    /**
     * Log-softmax along a dimension.
     *
     * @param x any shape
     * @param dim the dimension
     * @return the same shape
     */
    public static Tensor logSoftmax(Tensor x, int dim) {
        return new Tensor(torch.log_softmax(x.handle, dim, new ScalarTypeOptional()));
    }

    /**
     * Attention in which a query at index i sees the keys at indices up to i.
     *
     * @param q [batch, heads, time, width]
     * @param k [batch, heads, time, width]
     * @param v [batch, heads, time, width]
     * @param scale factor of the scores
     * @return [batch, heads, time, width]
     */
    public static Tensor causalAttention(Tensor q, Tensor k, Tensor v, double scale) {
        return new Tensor(torch.scaled_dot_product_attention(
                q.handle, k.handle, v.handle, new TensorOptional(), 0.0, true, new DoubleOptional(scale), false));
    }

    /**
     * Attention with a mask.
     *
     * @param q [batch, heads, queries, width]
     * @param k [batch, heads, keys, width]
     * @param v [batch, heads, keys, width]
     * @param mask booleans, true where a query sees a key, or numbers that are added to scores, broadcast to [batch, heads,
     *     queries, keys]
     * @param scale factor of the scores
     * @return [batch, heads, queries, width]
     */
    public static Tensor maskedAttention(Tensor q, Tensor k, Tensor v, Tensor mask, double scale) {
        return new Tensor(torch.scaled_dot_product_attention(
                q.handle,
                k.handle,
                v.handle,
                new TensorOptional(mask.handle),
                0.0,
                false,
                new DoubleOptional(scale),
                false));
    }
}
