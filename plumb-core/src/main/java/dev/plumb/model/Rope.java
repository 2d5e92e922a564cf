package dev.plumb.model;

import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Tensor;

/**
 * Rotary positions (arXiv 2104.09864) and the ways to stretch them: pairs (j, j + width/2) of a head turn by
 * position · frequency_j.
 *
 * @param base θ of the frequencies base^(-2j/width)
 * @param width how many elements of a head turn
 * @param scaling how frequencies are stretched beyond the original context
 */
public record Rope(double base, int width, Scaling scaling) {

    /** Ways to stretch. */
    public sealed interface Scaling {
        /** Frequencies as they are. */
        record None() implements Scaling {}

        /**
         * All frequencies divided (arXiv 2306.15595).
         *
         * @param factor by how much
         */
        record Linear(double factor) implements Scaling {}

        /**
         * The base grows with the longest position of a batch once that passes the original context, as in transformers.
         *
         * @param factor strength
         * @param originalLength the original context
         */
        record Dynamic(double factor, int originalLength) implements Scaling {}

        /**
         * Low frequencies divided, high ones kept, a ramp between (arXiv 2309.00071).
         *
         * @param factor by how much
         * @param originalLength the original context
         * @param betaFast turns in the original context above which a frequency is kept
         * @param betaSlow turns below which it is divided
         * @param attentionFactor factor on queries and keys
         * @param truncate whether the ramp's ends are rounded outward to whole dimensions
         */
        record Yarn(
                double factor,
                int originalLength,
                double betaFast,
                double betaSlow,
                double attentionFactor,
                boolean truncate)
                implements Scaling {}

        /**
         * Llama 3.1's: by wavelength, long ones divided, short ones kept, a blend between.
         *
         * @param factor by how much
         * @param lowFactor original context / this: the longest wavelength that is blended
         * @param highFactor original context / this: the shortest
         * @param originalLength the original context
         */
        record Llama3(double factor, double lowFactor, double highFactor, int originalLength) implements Scaling {}
    }

    /**
     * Cosines and sines of a batch, for both halves of what is turned.
     *
     * @param cos [tokens, 1, width]
     * @param sin [tokens, 1, width], negative in the first half
     */
    record Angles(Tensor cos, Tensor sin) {
        /** Turns x [tokens, heads, headWidth] by its tokens' positions. */
        Tensor turn(Tensor x) {
            long width = cos.size(-1);
            long rest = x.size(2) - width;
            if (rest > 0) {
                return Tensor.cat(2, turn(x.narrow(2, 0, width)), x.narrow(2, width, rest));
            }
            return x.mul(cos).addProduct(x.roll(width / 2, 2), sin);
        }
    }

    /**
     * Cosines and sines for positions.
     *
     * @param positions one a token
     * @param longest the largest position of the batch
     */
    Angles angles(int[] positions, int longest, DType type, Device device) {
        double[] frequencies = frequencies(longest + 1);
        double factor = scaling instanceof Scaling.Yarn yarn ? yarn.attentionFactor() : 1;
        int half = frequencies.length;
        float[] cos = new float[2 * positions.length * half];
        float[] sin = new float[2 * positions.length * half];
        float[] rounded = new float[half];
        for (int j = 0; j < half; j++) {
            rounded[j] = (float) frequencies[j];
        }
        for (int t = 0; t < positions.length; t++) {
            for (int j = 0; j < half; j++) {
                // The product in 32 bits, as other software does: at long positions that is what a model was trained
                // with.
                float angle = positions[t] * rounded[j];
                int at = 2 * t * half + j;
                cos[at] = (float) (Math.cos(angle) * factor);
                cos[at + half] = cos[at];
                sin[at + half] = (float) (Math.sin(angle) * factor);
                sin[at] = -sin[at + half];
            }
        }
        return new Angles(
                Tensor.of(cos, device).reshape(positions.length, 1, 2L * half).to(type),
                Tensor.of(sin, device).reshape(positions.length, 1, 2L * half).to(type));
    }

    /** Frequencies in radians a position, for a batch whose longest sequence has the given length. */
    double[] frequencies(int length) {
        double[] plain = plain(base);
        if (scaling instanceof Scaling.Linear linear) {
            return divided(plain, linear.factor());
        }
        if (scaling instanceof Scaling.Dynamic dynamic) {
            int original = dynamic.originalLength();
            if (length <= original) {
                return plain;
            }
            double grown = base
                    * Math.pow(dynamic.factor() * length / original - (dynamic.factor() - 1), width / (width - 2.0));
            return plain(grown);
        }
        if (scaling instanceof Scaling.Llama3 llama) {
            return llama3(plain, llama);
        }
        if (scaling instanceof Scaling.Yarn yarn) {
            return yarn(plain, yarn);
        }
        return plain;
    }

    private double[] plain(double theta) {
        double[] out = new double[width / 2];
        for (int j = 0; j < out.length; j++) {
            out[j] = Math.pow(theta, -2.0 * j / width);
        }
        return out;
    }

    private static double[] divided(double[] plain, double factor) {
        double[] out = new double[plain.length];
        for (int j = 0; j < out.length; j++) {
            out[j] = plain[j] / factor;
        }
        return out;
    }

    private static double[] llama3(double[] plain, Scaling.Llama3 s) {
        double longest = s.originalLength() / s.lowFactor();
        double shortest = s.originalLength() / s.highFactor();
        double[] out = new double[plain.length];
        for (int j = 0; j < out.length; j++) {
            double wavelength = 2 * Math.PI / plain[j];
            if (wavelength > longest) {
                out[j] = plain[j] / s.factor();
            } else if (wavelength < shortest) {
                out[j] = plain[j];
            } else {
                double smooth = (s.originalLength() / wavelength - s.lowFactor()) / (s.highFactor() - s.lowFactor());
                out[j] = (1 - smooth) * plain[j] / s.factor() + smooth * plain[j];
            }
        }
        return out;
    }

    private double[] yarn(double[] plain, Scaling.Yarn s) {
        double low = turningDimension(s.betaFast(), s.originalLength());
        double high = turningDimension(s.betaSlow(), s.originalLength());
        if (s.truncate()) {
            low = Math.floor(low);
            high = Math.ceil(high);
        }
        low = Math.max(low, 0);
        high = Math.min(high, width - 1.0);
        if (low == high) {
            high += 0.001;
        }
        double[] out = new double[plain.length];
        for (int j = 0; j < out.length; j++) {
            double ramp = Math.min(Math.max((j - low) / (high - low), 0), 1);
            out[j] = plain[j] / s.factor() * ramp + plain[j] * (1 - ramp);
        }
        return out;
    }

    /** The dimension whose frequency makes so many turns in the original context. */
    private double turningDimension(double turns, int original) {
        return width * Math.log(original / (turns * 2 * Math.PI)) / (2 * Math.log(base));
    }
}
