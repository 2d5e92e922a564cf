package dev.plumb.objective;

import java.util.ArrayList;
import java.util.List;

/** How far a model's beliefs are from those of people, and whom its answers serve. Natural logarithms throughout. */
final class BeliefMeasures {
    private BeliefMeasures() {}

    /** ½ KL(u ‖ m) + ½ KL(v ‖ m) with m = (u + v) / 2, from 0 to ln 2. */
    static double jensenShannon(double[] u, double[] v) {
        double[] m = new double[u.length];
        for (int i = 0; i < m.length; i++) {
            m[i] = (u[i] + v[i]) / 2;
        }
        return Math.max(0, (kl(u, m) + kl(v, m)) / 2);
    }

    /** KL(u ‖ v), 0 ln 0 = 0. */
    static double kl(double[] u, double[] v) {
        double sum = 0;
        for (int i = 0; i < u.length; i++) {
            sum += u[i] == 0 ? 0 : u[i] * (Math.log(u[i]) - Math.log(v[i]));
        }
        return sum;
    }

    /** ½ Σ |u − v|. */
    static double totalVariation(double[] u, double[] v) {
        double sum = 0;
        for (int i = 0; i < u.length; i++) {
            sum += Math.abs(u[i] - v[i]) / 2;
        }
        return sum;
    }

    static double entropy(double[] u) {
        double sum = 0;
        for (double share : u) {
            sum -= share == 0 ? 0 : share * Math.log(share);
        }
        return sum;
    }

    /** Of q̃, the beliefs' probabilities made to add up to 1, against p*; and of the probability that they had together. */
    static List<Measure> of(BeliefBatch batch) {
        double[] logs = batch.beliefs().detach().toDoubles();
        int rows = batch.rows();
        double[] mass = new double[rows];
        double[] divergence = new double[rows];
        double[] distance = new double[rows];
        double[] kl = new double[rows];
        double[] variation = new double[rows];
        double[] entropy = new double[rows];
        double[] target = new double[rows];
        for (int row = 0; row < rows; row++) {
            double[] p = batch.targets()[row];
            double[] q = shares(logs, row * p.length, p.length);
            for (int b = 0; b < p.length; b++) {
                mass[row] += Math.exp(logs[row * p.length + b]);
                // From logarithms: a share may be too small for a number of its own.
                kl[row] += p[b] == 0 ? 0 : p[b] * (Math.log(p[b]) - logShare(logs, row * p.length, p.length, b));
            }
            divergence[row] = jensenShannon(q, p);
            distance[row] = Math.sqrt(divergence[row]);
            variation[row] = totalVariation(q, p);
            entropy[row] = entropy(q);
            target[row] = entropy(p);
        }
        return List.of(
                Measure.mean("belief/mass", mass),
                Measure.mean("belief/js_distance", distance),
                Measure.mean("belief/js_divergence", divergence),
                Measure.mean("belief/kl", kl),
                Measure.mean("belief/tv", variation),
                Measure.mean("belief/entropy", entropy),
                Measure.mean("belief/target_entropy", target));
    }

    private static double[] shares(double[] logs, int from, int count) {
        double[] shares = new double[count];
        for (int b = 0; b < count; b++) {
            shares[b] = Math.exp(logShare(logs, from, count, b));
        }
        return shares;
    }

    private static double logShare(double[] logs, int from, int count, int belief) {
        double largest = Double.NEGATIVE_INFINITY;
        for (int b = 0; b < count; b++) {
            largest = Math.max(largest, logs[from + b]);
        }
        double sum = 0;
        for (int b = 0; b < count; b++) {
            sum += Math.exp(logs[from + b] - largest);
        }
        return logs[from + belief] - largest - Math.log(sum);
    }

    /**
     * Whether answers that voice a belief are preferred, and by how much: by belief, and where most people hold the belief
     * against where most do not.
     */
    static List<Measure> margins(BeliefBatch batch, double[] rewards, BeliefObjective.Step step) {
        int rows = batch.rows();
        int beliefs = batch.targets()[0].length;
        double[] right = new double[beliefs];
        double[] count = new double[beliefs];
        double[][] sides = new double[2][3]; // of minority and majority: rows, right ones, margins
        for (int row = 0; row < rows; row++) {
            double margin = rewards[row] - rewards[rows + row];
            double hit = margin > 0 ? 1 : margin == 0 ? 0.5 : 0;
            right[batch.held()[row]] += hit;
            count[batch.held()[row]]++;
            double[] side = sides[batch.isMajority(row) ? 1 : 0];
            side[0]++;
            side[1] += hit;
            side[2] += margin;
        }
        List<Measure> out = new ArrayList<>();
        for (int b = 0; b < beliefs; b++) {
            out.add(new Measure("rewards/accuracies_belief_" + b, right[b], count[b]));
        }
        for (int i = 1; i >= 0; i--) {
            String name = i == 1 ? "majority" : "minority";
            out.add(new Measure("rewards/accuracies_" + name, sides[i][1], sides[i][0]));
            out.add(new Measure("rewards/margins_" + name, sides[i][2], sides[i][0]));
        }
        if (step.majority() > 0 && step.rows() > step.majority()) { // a difference of two means; shares of it add up
            double gap = sides[1][2] / step.majority() - sides[0][2] / (step.rows() - step.majority());
            out.add(new Measure("rewards/margin_gap", gap * step.rows(), rows));
        }
        return out;
    }
}
