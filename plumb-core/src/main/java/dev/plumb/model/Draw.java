package dev.plumb.model;

import dev.plumb.config.PlumbException;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Draws one token a time for one sequence, from its own stream of random numbers. */
final class Draw {
    private static final int BLOCK = 512;

    private final Sampling sampling;
    private final SplittableRandom random;

    /**
     * A stream that follows from the seed, the prompt and the sample, and from nothing else.
     *
     * @param sampling how to draw
     * @param prompt the prompt's number
     * @param sample which completion of the prompt
     */
    Draw(Sampling sampling, long prompt, int sample) {
        this.sampling = sampling;
        this.random = new SplittableRandom(mixed(mixed(mixed(sampling.seed()) + prompt) + sample));
    }

    /**
     * Spreads a number over all 64 bits (the finaliser of MurmurHash3). SplittableRandom walks from seed to seed by a fixed
     * stride, so that streams whose seeds differ by multiples of it would be one stream shifted.
     */
    private static long mixed(long x) {
        long z = x + 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 33)) * 0xFF51AFD7ED558CCDL;
        z = (z ^ (z >>> 33)) * 0xC4CEB9FE1A85EC53L;
        return z ^ (z >>> 33);
    }

    /**
     * A drawn token.
     *
     * @param id which
     * @param kept the probability of all tokens that it was drawn from; 1 if none was left out
     */
    record Token(int id, double kept) {}

    /**
     * The largest of some numbers, the first of several.
     *
     * @param numbers of all rows
     * @param start where this row's begin
     * @param n how many there are
     */
    private static int largest(float[] numbers, int start, int n) {
        int best = 0;
        float top = numbers[start];
        for (int i = 1; i < n; i++) {
            if (numbers[start + i] > top) {
                top = numbers[start + i];
                best = i;
            }
        }
        return best;
    }

    /** The most probable token: that with the largest logit, the first of several. */
    static int greedy(float[] logits, int start, int n) {
        int best = largest(logits, start, n);
        requireMass(Float.isFinite(logits[start + best]) ? 1 : 0);
        return best;
    }

    /**
     * Draws.
     *
     * @param p probabilities of all rows, at the temperature
     * @param start where this row's begin
     * @param n how many there are
     */
    Token next(float[] p, int start, int n) {
        return sampling.isTruncated() ? kept(p, start, n) : any(p, start, n);
    }

    /** From all tokens: first the block of tokens, by its sum, then the token. */
    private Token any(float[] p, int start, int n) {
        double[] sums = new double[(n + BLOCK - 1) / BLOCK];
        double total = 0;
        for (int b = 0; b < sums.length; b++) {
            sums[b] = sum(p, start + b * BLOCK, start + Math.min(n, (b + 1) * BLOCK));
            total += sums[b];
        }
        requireMass(total);
        double left = random.nextDouble() * total;
        int block = 0;
        while (block < sums.length - 1 && left >= sums[block]) {
            left -= sums[block++];
        }
        int chosen = -1;
        for (int i = block * BLOCK; i < n && left >= 0; i++) {
            if (p[start + i] > 0) {
                left -= p[start + i];
                chosen = i;
            }
        }
        // Rounding may lead behind the last token that can be drawn.
        return new Token(chosen < 0 ? largest(p, start, n) : chosen, 1);
    }

    private static void requireMass(double total) {
        if (!(total > 0 && total < Double.POSITIVE_INFINITY)) {
            throw new PlumbException(
                    "The model's logits are not finite: its weights are broken, or its number format is"
                            + " too narrow for them; nothing can be drawn.");
        }
    }

    /** Four sums at a time: one alone would wait for each addition. */
    private static double sum(float[] p, int from, int to) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int i = from;
        for (; i + 3 < to; i += 4) {
            a += p[i];
            b += p[i + 1];
            c += p[i + 2];
            d += p[i + 3];
        }
        for (; i < to; i++) {
            a += p[i];
        }
        return a + b + (c + d);
    }

    private Token kept(float[] p, int start, int n) {
        float top = p[start + largest(p, start, n)];
        requireMass(top);
        float floor = Float.MIN_VALUE; // less probable tokens are not drawn
        if (sampling.topK() > 0 && sampling.topK() < n) {
            floor = Math.max(floor, kthLargest(p, start, n, sampling.topK()));
        }
        if (sampling.topP() < 1) {
            floor = Math.max(floor, nucleus(p, start, n, floor));
        }
        floor = Math.max(floor, (float) (sampling.minP() * top));
        double total = 0;
        double all = 0;
        for (int i = start; i < start + n; i++) {
            all += p[i];
            total += p[i] >= floor ? p[i] : 0;
        }
        double left = random.nextDouble() * total;
        int chosen = -1;
        for (int i = 0; i < n && left >= 0; i++) {
            if (p[start + i] >= floor) {
                left -= p[start + i];
                chosen = i;
            }
        }
        return new Token(chosen, total / all);
    }

    /** The k-th largest number: the smallest of a heap of the k largest. */
    private static float kthLargest(float[] p, int start, int n, int k) {
        float[] heap = Arrays.copyOfRange(p, start, start + k);
        Arrays.sort(heap); // in order is a heap
        for (int i = start + k; i < start + n; i++) {
            if (p[i] > heap[0]) {
                sink(heap, p[i]);
            }
        }
        return heap[0];
    }

    /** Puts a number in the place of the smallest. */
    private static void sink(float[] heap, float number) {
        int at = 0;
        for (int child = 1; child < heap.length; child = 2 * at + 1) {
            if (child + 1 < heap.length && heap[child + 1] < heap[child]) {
                child++;
            }
            if (heap[child] >= number) {
                break;
            }
            heap[at] = heap[child];
            at = child;
        }
        heap[at] = number;
    }

    /** The smallest probability of the most probable tokens that reach the wanted share of those above the floor. */
    private float nucleus(float[] p, int start, int n, float floor) {
        float[] above = new float[n];
        int count = 0;
        double total = 0;
        for (int i = start; i < start + n; i++) {
            if (p[i] >= floor) {
                above[count++] = p[i];
                total += p[i];
            }
        }
        double wanted = sampling.topP() * total;
        // As quickselect does, but by mass: the part that holds the border is parted again.
        int from = 0;
        double before = 0; // mass of those more probable than that part
        while (count - from > 32) {
            float pivot = middle(above[from], above[(from + count) >>> 1], above[count - 1]);
            int larger = from;
            double mass = 0;
            int same = from;
            for (int i = from; i < count; i++) { // larger ones first, then those equal to the pivot
                float each = above[i];
                if (each > pivot) {
                    mass += each;
                    above[i] = above[same];
                    above[same++] = above[larger];
                    above[larger++] = each;
                } else if (each == pivot) {
                    above[i] = above[same];
                    above[same++] = each;
                }
            }
            if (before + mass >= wanted) {
                count = larger;
            } else if (before + mass + (same - larger) * (double) pivot >= wanted) {
                return pivot;
            } else {
                before += mass + (same - larger) * (double) pivot;
                from = same;
            }
        }
        Arrays.sort(above, from, count);
        for (int i = count - 1; i >= from; i--) {
            before += above[i];
            if (before >= wanted) {
                return above[i];
            }
        }
        return count > from ? above[from] : floor;
    }

    private static float middle(float a, float b, float c) {
        return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
    }
}
