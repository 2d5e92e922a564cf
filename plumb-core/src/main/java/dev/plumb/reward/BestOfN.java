package dev.plumb.reward;

import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/** Takes the solution with the highest score; of equal ones the shortest, and of equally long ones the first. */
public final class BestOfN implements Selection {
    @Override
    public OptionalInt pick(List<Candidate> candidates) {
        return ranked(candidates).limit(1).findFirst();
    }

    /** Indices from the best to the worst; a score that is no number is the worst. */
    static IntStream ranked(List<Candidate> candidates) {
        Comparator<Integer> best = Comparator.comparingDouble(i -> -known(candidates.get(i)));
        return IntStream.range(0, candidates.size())
                .boxed()
                .sorted(best.thenComparingInt(i -> candidates.get(i).length()))
                .mapToInt(i -> i);
    }

    private static double known(Candidate candidate) {
        return Double.isNaN(candidate.score()) ? Double.NEGATIVE_INFINITY : candidate.score();
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
