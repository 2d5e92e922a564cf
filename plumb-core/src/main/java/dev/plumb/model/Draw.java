package dev.plumb.model;

import dev.plumb.config.PlumbException;
import java.util.Arrays;

/**
 * Draws one token a time for one sequence, by a race: what has the probability p_i arrives at the time E_i / p_i, where the
 * E_i are exponential random numbers that follow from sequence, step and i alone; the first to arrive is drawn, which is i
 * with probability p_i. This is the maximum of logits with Gumbel noise (arXiv 1611.01144, equation 1), without a logarithm for
 * each. First blocks of tokens that follow each other race by their sums, then the tokens of the block that won, so that few
 * need random numbers, or need to be looked at. Where two computations of the same logits differ in the last bits, another
 * token is drawn only if two arrive at very nearly the same time; a draw from cumulated probabilities, whose borders all move,
 * differs far more often.
 */
final class Draw {
    private static final long STRIDE = 0x9E3779B97F4A7C15L;

    /** Tokens of a block. */
    static final int BLOCK = 64;

    private static final int COARSE_BITS = 23; // as many as a float holds
    private static final float COARSE = 0x1p-23f;

    private final Sampling sampling;
    private final long key;
    private long drawn;
    private long step; // of the block that was drawn last

    /**
     * A stream that follows from the seed, the prompt and the sample, and from nothing else.
     *
     * @param sampling how to draw
     * @param prompt the prompt's number
     * @param sample which completion of the prompt
     */
    Draw(Sampling sampling, long prompt, int sample) {
        this.sampling = sampling;
        this.key = mixed(mixed(mixed(sampling.seed()) + prompt) + sample);
    }

    /** Spreads a number over all 64 bits (the finaliser of SplitMix64, variant 13 of Stafford). */
    private static long mixed(long x) {
        long z = x + STRIDE;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
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
        float floor = sampling.isTruncated() ? floor(p, start, n) : 0;
        float[] sums = new float[blocks(n)];
        double kept = 0;
        double all = 0;
        for (int block = 0; block < sums.length; block++) {
            double sum = 0;
            for (int i = start + block * BLOCK; i < start + Math.min(n, (block + 1) * BLOCK); i++) {
                all += p[i];
                sum += p[i] >= floor ? p[i] : 0;
            }
            kept += sum;
            sums[block] = (float) sum;
        }
        int from = block(sums, 0, sums.length) * BLOCK;
        int chosen = from + race(p, start + from, Math.min(BLOCK, n - from), floor, mixed(step));
        return new Token(chosen, sampling.isTruncated() ? kept / all : 1);
    }

    /** How many blocks so many tokens are, the last of which may be short. */
    static int blocks(int tokens) {
        return (tokens + BLOCK - 1) / BLOCK;
    }

    /**
     * Draws the block that the next token is of; after it the token is drawn by {@link #within}.
     *
     * @param sums of the probabilities of each block's tokens, of all rows
     * @param start where this row's begin
     * @param n how many there are
     */
    int block(float[] sums, int start, int n) {
        step = mixed(key + drawn++);
        return race(sums, start, n, 0, step);
    }

    /**
     * Draws a token of the block that was drawn.
     *
     * @param p probabilities of some blocks' tokens
     * @param start where this block's begin
     * @return its place in the block
     */
    int within(float[] p, int start) {
        return race(p, start, BLOCK, 0, mixed(step));
    }

    /**
     * What arrives first among what is not less probable than the floor. With u uniform below 1, E = −log(1 −
     * u) ≥ u: so where u alone would come too late no logarithm is needed, and for that the first bits of u do.
     */
    private static int race(float[] p, int start, int n, float floor, long step) {
        double first = Double.POSITIVE_INFINITY;
        float latest = Float.POSITIVE_INFINITY; // a bit later than the first
        int chosen = -1;
        for (int i = 0; i < n; i += 2) { // one random number does for two
            long bits = mixed(step + i * STRIDE);
            for (int j = i; j < Math.min(i + 2, n); j++) {
                int coarse =
                        (int) (bits >>> (j == i ? 64 - COARSE_BITS : 64 - 2 * COARSE_BITS)) & ((1 << COARSE_BITS) - 1);
                float mass = p[start + j];
                if (coarse * COARSE <= latest * mass && mass >= floor) {
                    double time = -Math.log1p(-uniform(coarse, step, j)) / mass;
                    if (time < first) {
                        first = time;
                        latest = (float) (time * 1.000001);
                        chosen = j;
                    }
                }
            }
        }
        requireMass(chosen < 0 ? 0 : 1);
        return chosen;
    }

    /** A number above 0 and below 1 whose first bits are given. */
    private static double uniform(int coarse, long step, int token) {
        double fine = ((mixed(~step + token * STRIDE) >>> 12) + 0.5) * 0x1p-52;
        return (coarse + fine) * COARSE;
    }

    /** The smallest probability that truncation keeps. */
    private float floor(float[] p, int start, int n) {
        float top = p[start + largest(p, start, n)];
        requireMass(top);
        float floor = Float.MIN_VALUE;
        if (sampling.topK() > 0 && sampling.topK() < n) {
            floor = Math.max(floor, kthLargest(p, start, n, sampling.topK()));
        }
        if (sampling.topP() < 1) {
            floor = Math.max(floor, nucleus(p, start, n, floor));
        }
        return Math.max(floor, (float) (sampling.minP() * top));
    }

    private static void requireMass(double mass) {
        if (!(mass > 0 && mass < Double.POSITIVE_INFINITY)) {
            throw new PlumbException(
                    "The model's logits are not finite: its weights are broken, or its number format is"
                            + " too narrow for them; nothing can be drawn.");
        }
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
