package dev.plumb.reward;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/**
 * What several rewards said of the completions of one step.
 *
 * @param names one for each reward
 * @param weights theirs
 * @param values [reward, completion], clipped and normalised, not weighted; NaN where there is none
 * @param raw [reward, completion], as each reward gave it; NaN where there is none
 * @param steps [completion], what the reward that judges steps, of which there may be one, gave to each
 * @param spreads [completion], how far the members of an ensemble, of which there may be one, disagree; NaN where there is none
 * @param totals [completion], the weighted sum of those that there are; NaN for a completion that must not be learnt from
 * @param counts by metric name: {@code reward/NAME/errors}, {@code /timeouts}, {@code /refused}, {@code /not_applicable},
 *     {@code /calls}, and {@code /notes/NOTE} for what the reward itself counts
 * @param faults what went wrong, a line for each kind, with an example; empty if all went well
 */
public record RewardScores(
        List<String> names,
        double[] weights,
        double[][] values,
        double[][] raw,
        List<StepScores> steps,
        double[] spreads,
        double[] totals,
        SortedMap<String, Long> counts,
        List<String> faults) {
    /** Copies the collections; arrays are the caller's. */
    public RewardScores {
        names = List.copyOf(names);
        steps = List.copyOf(steps);
        counts = Collections.unmodifiableSortedMap(new TreeMap<>(counts));
        faults = List.copyOf(faults);
    }

    /**
     * Whether a completion has a reward.
     *
     * @param completion its index
     * @return whether it may be learnt from
     */
    public boolean isScorable(int completion) {
        return !Double.isNaN(totals[completion]);
    }

    /**
     * Whether there is a sum to speak of: where every reward is only measured, as where steps alone are paid for, totals are 0 and
     * say nothing.
     *
     * @return whether some reward has a weight
     */
    public boolean weighs() {
        return Arrays.stream(weights).anyMatch(weight -> weight != 0);
    }

    /**
     * A count by its name.
     *
     * @param name such as {@code reward/accuracy/errors}
     * @return the count, 0 if nothing was counted
     */
    public long count(String name) {
        return counts.getOrDefault(name, 0L);
    }

    /**
     * The sum and number of what each reward gave, before clipping, so that shares of a step add up to its mean.
     *
     * @return by reward: {sum, number}
     */
    public Map<String, double[]> sums() {
        Map<String, double[]> sums = new TreeMap<>();
        for (int i = 0; i < names.size(); i++) {
            double[] sum = new double[2];
            for (double value : raw[i]) {
                if (!Double.isNaN(value)) {
                    sum[0] += value;
                    sum[1]++;
                }
            }
            sums.put(names.get(i), sum);
        }
        return sums;
    }

    /**
     * The scores of some completions; counts and faults stay those of all.
     *
     * @param completions their indices
     * @return theirs, in that order
     */
    public RewardScores of(int... completions) {
        return new RewardScores(
                names,
                weights,
                Arrays.stream(values).map(row -> picked(row, completions)).toArray(double[][]::new),
                Arrays.stream(raw).map(row -> picked(row, completions)).toArray(double[][]::new),
                Arrays.stream(completions).mapToObj(steps::get).toList(),
                picked(spreads, completions),
                picked(totals, completions),
                counts,
                faults);
    }

    private static double[] picked(double[] all, int... completions) {
        return Arrays.stream(completions).mapToDouble(j -> all[j]).toArray();
    }

    /**
     * The same where a judge alone says what may be learnt from completions, and rewards are only measured.
     *
     * @param name what the judge's scores are called
     * @param scores the judge's, [completion]; NaN where there is none
     * @return all, with the judge's as the sums
     */
    public RewardScores judged(String name, double[] scores) {
        return new RewardScores(
                Stream.concat(names.stream(), Stream.of(name)).toList(),
                DoubleStream.concat(Arrays.stream(weights), DoubleStream.of(1)).toArray(),
                Stream.concat(Arrays.stream(values), Stream.of(scores)).toArray(double[][]::new),
                Stream.concat(Arrays.stream(raw), Stream.of(scores)).toArray(double[][]::new),
                steps,
                spreads,
                scores,
                counts,
                faults);
    }

    /**
     * These scores and then those of further completions by the same rewards.
     *
     * @param others theirs
     * @return all, with counts added up
     */
    public RewardScores and(RewardScores others) {
        SortedMap<String, Long> sums = new TreeMap<>(counts);
        others.counts.forEach((name, count) -> sums.merge(name, count, Long::sum));
        return new RewardScores(
                names,
                weights,
                joined(values, others.values),
                joined(raw, others.raw),
                Stream.concat(steps.stream(), others.steps.stream()).toList(),
                joined(spreads, others.spreads),
                joined(totals, others.totals),
                sums,
                Stream.concat(faults.stream(), others.faults.stream())
                        .distinct()
                        .toList());
    }

    private static double[][] joined(double[][] a, double[][] b) {
        double[][] out = new double[a.length][];
        for (int i = 0; i < a.length; i++) {
            out[i] = joined(a[i], b[i]);
        }
        return out;
    }

    private static double[] joined(double[] a, double[] b) {
        return DoubleStream.concat(Arrays.stream(a), Arrays.stream(b)).toArray();
    }
}
