package dev.plumb.reward;

import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * Takes the solution with the highest score; of equal ones the shortest, and of equally long ones the first. One without a score
 * is never taken.
 */
public final class BestOfN implements Selection {
    @Override
    public OptionalInt pick(List<Candidate> candidates) {
        return ranked(candidates).limit(1).findFirst();
    }

    /**
     * Solutions in their order.
     *
     * @param candidates solutions
     * @return indices from the best to the worst, without those whose score is no number
     */
    public static IntStream ranked(List<Candidate> candidates) {
        Comparator<Integer> best =
                Comparator.comparingDouble(i -> -candidates.get(i).score());
        return IntStream.range(0, candidates.size())
                .filter(i -> !Double.isNaN(candidates.get(i).score()))
                .boxed()
                .sorted(best.thenComparingInt(i -> candidates.get(i).length()))
                .mapToInt(i -> i);
    }

    /**
     * What the best of k of n solutions is worth in the mean over all choices of k: Σ_i C(n − i, k − 1) / C(n, k) v_i over the
     * solutions from the best, i = 1, to the worst. It has no bias; where v is 1 for right solutions and 0 for wrong ones, and
     * scores are the same, it is pass@k = 1 − C(n − c, k) / C(n, k) with c right ones (arXiv 2107.03374, section 2.1).
     *
     * @param values v, in the order of {@link #ranked}; scores themselves, or another measure of what scores pick
     * @param k from 1 to n
     * @return the mean
     */
    public static double expected(double[] values, int k) {
        int n = values.length;
        if (k < 1 || k > n) {
            throw new IllegalArgumentException("the best of " + k + " of " + n + " solutions is none");
        }
        double share = k / (double) n;
        double sum = 0;
        for (int i = 1; i <= n - k + 1; i++) {
            sum += share * values[i - 1];
            share *= (n - i - k + 1) / (double) (n - i);
        }
        return sum;
    }

    /**
     * A bound on how far taking the best of n moves from the model that made them: KL ≤ ln n − (n − 1)/n (arXiv 2401.01879,
     * where it is shown to be a bound and not the value).
     *
     * @param n how many solutions, at least 1
     * @return nats
     */
    public static double klBound(int n) {
        if (n < 1) {
            throw new IllegalArgumentException("the best of " + n + " solutions is none");
        }
        return Math.log(n) - (n - 1.0) / n;
    }
}
