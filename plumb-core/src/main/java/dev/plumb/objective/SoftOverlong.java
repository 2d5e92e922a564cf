package dev.plumb.objective;

/** The soft penalty for long completions of DAPO (arXiv 2503.14476, equation 13), added to their reward. */
public final class SoftOverlong {
    private SoftOverlong() {}

    /**
     * 0 up to L_max − cache tokens, from there linear to −1 at L_max, and −1 beyond.
     *
     * @param length tokens of a completion
     * @param maxLength L_max
     * @param cache the width of the slope, tokens, more than 0
     * @return the penalty
     */
    public static double penalty(int length, int maxLength, int cache) {
        double over = length - (double) (maxLength - cache);
        return -Math.max(0, Math.min(1, over / cache));
    }
}
