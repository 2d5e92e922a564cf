package dev.plumb.data;

/**
 * A reordering of {@code 0..size-1} that follows from a seed alone and can be asked at any position without being
 * written out: a Feistel network over the next power of four, walked until it lands inside the range (Black and Rogaway
 * 2002, "Ciphers with Arbitrary Finite Domains"). All arithmetic is here, so the order is the same on every JDK.
 */
final class Permutation {
    private static final int ROUNDS = 6;
    private static final int LEAST_HALF_BITS = 4; // of tiny ranges a narrower network reaches too few orders

    private final long size;
    private final int halfBits;
    private final long[] keys = new long[ROUNDS];

    /**
     * A reordering.
     *
     * @param size how many positions, at least 1
     * @param seed picks the order
     */
    Permutation(long size, long seed) {
        if (size < 1) {
            throw new IllegalArgumentException("nothing to reorder: size " + size);
        }
        this.size = size;
        int bits = 64 - Long.numberOfLeadingZeros(size - 1);
        this.halfBits = Math.max(LEAST_HALF_BITS, (bits + 1) / 2);
        long state = seed;
        for (int round = 0; round < ROUNDS; round++) {
            state += 0x9e3779b97f4a7c15L;
            keys[round] = mix(state);
        }
    }

    /**
     * What stands at a position.
     *
     * @param position from 0, below size
     * @return the element, from 0, below size
     */
    long at(long position) {
        if (position < 0 || position >= size) {
            throw new IndexOutOfBoundsException("position " + position + " of " + size);
        }
        long value = position;
        do {
            value = network(value);
        } while (value >= size);
        return value;
    }

    private long network(long value) {
        long mask = (1L << halfBits) - 1;
        long left = value >>> halfBits;
        long right = value & mask;
        for (long key : keys) {
            long next = left ^ (mix(right + key) & mask);
            left = right;
            right = next;
        }
        return left << halfBits | right;
    }

    /**
     * Scatters the bits of a number (the finaliser of SplitMix64, Steele, Lea and Flood 2014).
     *
     * @param value any number
     * @return a number that looks unrelated; different for different values
     */
    static long mix(long value) {
        long z = value;
        z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }
}
