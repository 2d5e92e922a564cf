package dev.plumb.evaluate;

/** Wilson's 95 % interval of a share (Wilson 1927): its centre and half its width. */
final class Wilson {
    private static final double Z = 1.959963984540054;

    private Wilson() {}

    static double centre(double share, double of) {
        return (share + Z * Z / (2 * of)) / (1 + Z * Z / of);
    }

    static double half(double share, double of) {
        return Z * Math.sqrt(share * (1 - share) / of + Z * Z / (4 * of * of)) / (1 + Z * Z / of);
    }
}
