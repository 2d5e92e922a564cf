package dev.plumb.model;

import java.util.Arrays;
import java.util.SplittableRandom;

/** Draws one token a time for one sequence, from its own stream of random numbers. */
final class Draw {
    private final Sampling sampling;
    private final SplittableRandom random;

    Draw(Sampling sampling, long sequence) {
        this.sampling = sampling;
        this.random = new SplittableRandom(sampling.seed() * 0x9E3779B97F4A7C15L + sequence);
    }

    /**
     * A token and the log-probability it was drawn with, renormalised over the tokens that could be drawn.
     */
    record Token(int id, double logp) {}

    /**
     * Draws.
     *
     * @param logits of all sequences
     * @param start where this sequence's begin
     * @param vocabulary how many there are
     */
    Token next(float[] logits, int start, int vocabulary) {
        if (sampling.temperature() == 0) {
            int best = best(logits, start, vocabulary);
            return new Token(best, -Math.log(mass(logits, start, vocabulary, logits[start + best], 1)));
        }
        double temperature = sampling.temperature();
        float[] sorted = null;
        double floor = Double.NEGATIVE_INFINITY; // logits below are not drawn
        float largest = logits[start + best(logits, start, vocabulary)];
        if (sampling.topK() > 0 && sampling.topK() < vocabulary) {
            sorted = sorted(logits, start, vocabulary);
            floor = sorted[vocabulary - sampling.topK()];
        }
        if (sampling.topP() < 1) {
            sorted = sorted == null ? sorted(logits, start, vocabulary) : sorted;
            floor = Math.max(floor, nucleus(sorted, floor, largest, temperature));
        }
        double total = 0;
        for (int i = 0; i < vocabulary; i++) {
            float logit = logits[start + i];
            total += logit >= floor ? Math.exp((logit - largest) / temperature) : 0;
        }
        double left = random.nextDouble() * total;
        int chosen = -1;
        for (int i = 0; i < vocabulary && left >= 0; i++) {
            float logit = logits[start + i];
            if (logit >= floor) {
                left -= Math.exp((logit - largest) / temperature);
                chosen = i;
            }
        }
        return new Token(chosen, (logits[start + chosen] - largest) / temperature - Math.log(total));
    }

    /** The smallest logit of the most probable tokens that reach the wanted mass. */
    private double nucleus(float[] sorted, double floor, float largest, double temperature) {
        double total = 0;
        for (float logit : sorted) {
            total += logit >= floor ? Math.exp((logit - largest) / temperature) : 0;
        }
        double reached = 0;
        for (int i = sorted.length - 1; i >= 0; i--) {
            reached += Math.exp((sorted[i] - largest) / temperature);
            if (reached >= sampling.topP() * total) {
                return sorted[i];
            }
        }
        return sorted[0];
    }

    private static int best(float[] logits, int start, int vocabulary) {
        int best = 0;
        for (int i = 1; i < vocabulary; i++) {
            best = logits[start + i] > logits[start + best] ? i : best;
        }
        return best;
    }

    private static double mass(float[] logits, int start, int vocabulary, float largest, double temperature) {
        double total = 0;
        for (int i = 0; i < vocabulary; i++) {
            total += Math.exp((logits[start + i] - largest) / temperature);
        }
        return total;
    }

    private static float[] sorted(float[] logits, int start, int vocabulary) {
        float[] copy = Arrays.copyOfRange(logits, start, start + vocabulary);
        Arrays.sort(copy);
        return copy;
    }
}
