package dev.plumb.hub;

import java.util.Map;
import java.util.function.DoubleUnaryOperator;

/**
 * Families once more, in loops over doubles with no tensor and none of the decoder's data: each method follows the forward
 * pass of its family in transformers' modelling file, and logits of one sequence come out.
 *
 * @param weights numbers by the names of the checkpoint, row by row
 */
record PlainModel(Map<String, double[]> weights) {
    private static final double BASE = 10_000;

    /** modeling_gpt_neox.py: of each head's slice of query_key_value the first third are the query, then key, then value. */
    double[][] neox(int[] ids, int layers, int heads, double rotaryPart, boolean parallel, boolean attentionBias) {
        double[][] x = rows("gpt_neox.embed_in.weight", ids);
        int width = x[0].length;
        int headWidth = width / heads;
        for (int i = 0; i < layers; i++) {
            String layer = "gpt_neox.layers." + i + ".";
            String bias = attentionBias ? "" : "none";
            double[][] qkv =
                    linear(layerNorm(x, layer + "input_layernorm", 1e-5), layer + "attention.query_key_value", bias);
            double[][][] q = new double[heads][][];
            double[][][] k = new double[heads][][];
            double[][][] v = new double[heads][][];
            for (int h = 0; h < heads; h++) {
                q[h] = rotated(columns(qkv, 3 * h * headWidth, headWidth), (int) (headWidth * rotaryPart));
                k[h] = rotated(columns(qkv, (3 * h + 1) * headWidth, headWidth), (int) (headWidth * rotaryPart));
                v[h] = columns(qkv, (3 * h + 2) * headWidth, headWidth);
            }
            double[][] attended = linear(attention(q, k, v), layer + "attention.dense", bias);
            double[][] read = parallel ? x : sum(x, attended);
            double[][] fed = linear(
                    each(
                            linear(
                                    layerNorm(read, layer + "post_attention_layernorm", 1e-5),
                                    layer + "mlp.dense_h_to_4h",
                                    ""),
                            PlainModel::gelu),
                    layer + "mlp.dense_4h_to_h",
                    "");
            x = sum(sum(x, attended), fed);
        }
        return linear(layerNorm(x, "gpt_neox.final_layer_norm", 1e-5), "embed_out", "none");
    }

    /**
     * modeling_falcon.py with a tied head.
     *
     * @param norms the norms before attention and before the other half; the latter empty where the first serves both
     * @param parallel whether the halves stand side by side
     */
    double[][] falcon(int[] ids, int layers, int heads, int keys, boolean bias, boolean parallel, String... norms) {
        double[][] x = rows("transformer.word_embeddings.weight", ids);
        int headWidth = x[0].length / heads;
        int shared = heads / keys;
        String with = bias ? "" : "none";
        for (int i = 0; i < layers; i++) {
            String layer = "transformer.h." + i + ".";
            double[][] normed = layerNorm(x, layer + norms[0], 1e-5);
            double[][] qkv = linear(normed, layer + "self_attention.query_key_value", with);
            double[][][] q = new double[heads][][];
            double[][][] k = new double[heads][][];
            double[][][] v = new double[heads][][];
            for (int h = 0; h < heads; h++) {
                int group = (h / shared) * (shared + 2) * headWidth; // of a group: its queries, one key, one value
                q[h] = rotated(columns(qkv, group + (h % shared) * headWidth, headWidth), headWidth);
                k[h] = rotated(columns(qkv, group + shared * headWidth, headWidth), headWidth);
                v[h] = columns(qkv, group + (shared + 1) * headWidth, headWidth);
            }
            double[][] attended = linear(attention(q, k, v), layer + "self_attention.dense", with);
            double[][] read = !parallel
                    ? layerNorm(sum(x, attended), layer + norms[1], 1e-5)
                    : norms.length == 1 ? normed : layerNorm(x, layer + norms[1], 1e-5);
            double[][] fed = linear(
                    each(linear(read, layer + "mlp.dense_h_to_4h", with), PlainModel::gelu),
                    layer + "mlp.dense_4h_to_h",
                    with);
            x = sum(sum(x, attended), fed);
        }
        return linear(layerNorm(x, "transformer.ln_f", 1e-5), "transformer.word_embeddings", "none");
    }

    /** modeling_olmo2.py: no norm before a half, one after it; queries and keys normed over all heads together. */
    double[][] olmo2(int[] ids, int layers, int heads, int keys, int headWidth) {
        double[][] x = rows("model.embed_tokens.weight", ids);
        for (int i = 0; i < layers; i++) {
            String layer = "model.layers." + i + ".";
            double[][] allQ = rmsNorm(linear(x, layer + "self_attn.q_proj", "none"), layer + "self_attn.q_norm", 1e-5);
            double[][] allK = rmsNorm(linear(x, layer + "self_attn.k_proj", "none"), layer + "self_attn.k_norm", 1e-5);
            double[][] allV = linear(x, layer + "self_attn.v_proj", "none");
            double[][][] q = new double[heads][][];
            double[][][] k = new double[heads][][];
            double[][][] v = new double[heads][][];
            for (int h = 0; h < heads; h++) {
                int served = h / (heads / keys);
                q[h] = rotated(columns(allQ, h * headWidth, headWidth), headWidth);
                k[h] = rotated(columns(allK, served * headWidth, headWidth), headWidth);
                v[h] = columns(allV, served * headWidth, headWidth);
            }
            double[][] attended = linear(attention(q, k, v), layer + "self_attn.o_proj", "none");
            x = sum(x, rmsNorm(attended, layer + "post_attention_layernorm", 1e-5));
            double[][] gate = each(linear(x, layer + "mlp.gate_proj", "none"), z -> z / (1 + Math.exp(-z)));
            double[][] up = linear(x, layer + "mlp.up_proj", "none");
            for (int t = 0; t < gate.length; t++) {
                for (int j = 0; j < gate[t].length; j++) {
                    gate[t][j] *= up[t][j];
                }
            }
            double[][] fed = linear(gate, layer + "mlp.down_proj", "none");
            x = sum(x, rmsNorm(fed, layer + "post_feedforward_layernorm", 1e-5));
        }
        return linear(rmsNorm(x, "model.norm", 1e-5), "lm_head", "none");
    }

    /** Mean of -log p of each token given those before it. */
    static double loss(double[][] logits, int[] ids) {
        double sum = 0;
        for (int t = 1; t < ids.length; t++) {
            double total = 0;
            for (double logit : logits[t - 1]) {
                total += Math.exp(logit);
            }
            sum += Math.log(total) - logits[t - 1][ids[t]];
        }
        return sum / (ids.length - 1);
    }

    private double[] get(String name) {
        if (!weights.containsKey(name)) {
            throw new IllegalArgumentException(name);
        }
        return weights.get(name);
    }

    private double[][] rows(String table, int[] ids) {
        double[] all = get(table);
        int width = 0;
        for (Map.Entry<String, double[]> each : weights.entrySet()) {
            if (each.getKey().matches(".*(final_layer_norm|ln_f|model\\.norm)\\.weight")) {
                width = each.getValue().length;
            }
        }
        double[][] out = new double[ids.length][width];
        for (int t = 0; t < ids.length; t++) {
            System.arraycopy(all, ids[t] * width, out[t], 0, width);
        }
        return out;
    }

    /** x Wᵀ + b; without a bias where that is called none. */
    private double[][] linear(double[][] x, String name, String bias) {
        double[] w = get(name + ".weight");
        int in = x[0].length;
        int out = w.length / in;
        double[][] y = new double[x.length][out];
        for (int t = 0; t < x.length; t++) {
            for (int o = 0; o < out; o++) {
                double sum = bias.equals("none") ? 0 : get(name + ".bias")[o];
                for (int j = 0; j < in; j++) {
                    sum += w[o * in + j] * x[t][j];
                }
                y[t][o] = sum;
            }
        }
        return y;
    }

    private double[][] layerNorm(double[][] x, String name, double eps) {
        double[] w = get(name + ".weight");
        double[] b = get(name + ".bias");
        double[][] y = new double[x.length][w.length];
        for (int t = 0; t < x.length; t++) {
            double mean = 0;
            for (double value : x[t]) {
                mean += value / w.length;
            }
            double variance = 0;
            for (double value : x[t]) {
                variance += (value - mean) * (value - mean) / w.length;
            }
            for (int j = 0; j < w.length; j++) {
                y[t][j] = (x[t][j] - mean) / Math.sqrt(variance + eps) * w[j] + b[j];
            }
        }
        return y;
    }

    private double[][] rmsNorm(double[][] x, String name, double eps) {
        double[] w = get(name + ".weight");
        double[][] y = new double[x.length][w.length];
        for (int t = 0; t < x.length; t++) {
            double square = 0;
            for (double value : x[t]) {
                square += value * value / w.length;
            }
            for (int j = 0; j < w.length; j++) {
                y[t][j] = w[j] * x[t][j] / Math.sqrt(square + eps);
            }
        }
        return y;
    }

    private static double[][] columns(double[][] x, int from, int count) {
        double[][] y = new double[x.length][count];
        for (int t = 0; t < x.length; t++) {
            System.arraycopy(x[t], from, y[t], 0, count);
        }
        return y;
    }

    /** q·cos + rotate_half(q)·sin on the first elements of a head, the rest as they are. */
    private static double[][] rotated(double[][] head, int turning) {
        double[][] y = new double[head.length][];
        for (int t = 0; t < head.length; t++) {
            y[t] = head[t].clone();
            for (int j = 0; j < turning; j++) {
                double angle = t / Math.pow(BASE, 2.0 * (j % (turning / 2)) / turning);
                double half = j < turning / 2 ? -head[t][j + turning / 2] : head[t][j - turning / 2];
                y[t][j] = head[t][j] * Math.cos(angle) + half * Math.sin(angle);
            }
        }
        return y;
    }

    /** Causal softmax attention of each head, heads side by side. */
    private static double[][] attention(double[][][] q, double[][][] k, double[][][] v) {
        int tokens = q[0].length;
        int headWidth = q[0][0].length;
        double[][] out = new double[tokens][q.length * headWidth];
        for (int h = 0; h < q.length; h++) {
            for (int t = 0; t < tokens; t++) {
                double[] share = new double[t + 1];
                double total = 0;
                for (int s = 0; s <= t; s++) {
                    double score = 0;
                    for (int j = 0; j < headWidth; j++) {
                        score += q[h][t][j] * k[h][s][j];
                    }
                    share[s] = Math.exp(score / Math.sqrt(headWidth));
                    total += share[s];
                }
                for (int s = 0; s <= t; s++) {
                    for (int j = 0; j < headWidth; j++) {
                        out[t][h * headWidth + j] += share[s] / total * v[h][s][j];
                    }
                }
            }
        }
        return out;
    }

    private static double[][] sum(double[][] a, double[][] b) {
        double[][] y = new double[a.length][a[0].length];
        for (int t = 0; t < a.length; t++) {
            for (int j = 0; j < a[t].length; j++) {
                y[t][j] = a[t][j] + b[t][j];
            }
        }
        return y;
    }

    private static double[][] each(double[][] x, DoubleUnaryOperator function) {
        double[][] y = new double[x.length][x[0].length];
        for (int t = 0; t < x.length; t++) {
            for (int j = 0; j < x[t].length; j++) {
                y[t][j] = function.applyAsDouble(x[t][j]);
            }
        }
        return y;
    }

    private static double gelu(double x) {
        return 0.5 * x * (1 + erf(x / Math.sqrt(2)));
    }

    /** 2/√π · exp(-x²) · Σ 2ⁿ x²ⁿ⁺¹ / (2n+1)!!, all terms of one sign. */
    static double erf(double x) {
        if (Math.abs(x) > 6) {
            return Math.signum(x);
        }
        double term = x;
        double sum = x;
        for (int n = 1; n < 200; n++) {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
    }
}
