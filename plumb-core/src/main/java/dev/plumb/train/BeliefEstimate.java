package dev.plumb.train;

import java.util.Arrays;

/** How the people of a group are spread over beliefs, from the votes of some of them. Votes may be fractions. */
final class BeliefEstimate {
    private BeliefEstimate() {}

    /** (n_b + α) / (N + αK): the mean of the Dirichlet distribution that the votes leave; α = 0 gives raw shares. */
    static double[] counts(double[] votes, double alpha) {
        double total = Arrays.stream(votes).sum() + alpha * votes.length;
        return Arrays.stream(votes).map(n -> (n + alpha) / total).toArray();
    }

    /** How uncertain each of {@link #counts} is: with a_b = n_b + α and A their sum, √(a_b (A − a_b) / (A² (A + 1))). */
    static double[] deviations(double[] votes, double alpha) {
        double total = Arrays.stream(votes).sum() + alpha * votes.length;
        return Arrays.stream(votes)
                .map(n -> n + alpha)
                .map(a -> Math.sqrt(a * (total - a) / (total * total * (total + 1))))
                .toArray();
    }

    /** (n_b + k g_b) / (N + k): few votes leave the group's histogram g, many override it. */
    static double[] shrunk(double[] votes, double[] group, double strength) {
        double total = Arrays.stream(votes).sum() + strength;
        double[] shares = new double[votes.length];
        for (int b = 0; b < shares.length; b++) {
            shares[b] = (votes[b] + strength * group[b]) / total;
        }
        return shares;
    }
}
