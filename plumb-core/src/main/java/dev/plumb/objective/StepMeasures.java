package dev.plumb.objective;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * What held-out solutions say of a process or an outcome reward model beside its accuracy. Of all solutions at once, as little
 * of it is a mean over parts.
 */
public final class StepMeasures {
    private static final int BINS = 15;
    private static final double THRESHOLD = 0.5;
    private static final List<String> THIRDS = List.of("first", "middle", "last");

    private StepMeasures() {}

    /**
     * A solution.
     *
     * @param scores c of each labelled step, from 0 to 1
     * @param labels its label, from 0 to 1; 0.5 and more count as good
     */
    public record Solution(double[] scores, double[] labels) {
        /** Checks that there is a label a score. */
        public Solution {
            if (scores.length != labels.length || scores.length == 0) {
                throw new IllegalArgumentException("a solution has a label for each of its scores, and one at least");
            }
        }
    }

    /**
     * Measures of a process reward model.
     *
     * @param solutions solutions with their labelled steps
     * @return {@code prm/step_auc}: how often a good step scores higher than a bad one, over all pairs of them; recall of
     *     either class at 0.5; {@code prm/ece}: the mean distance of label from score, over 15 equal bins of the latter;
     *     {@code prm/calibration_first}, {@code _middle} and {@code _last}: mean score less mean label in each third of the
     *     solutions, above 0 where the model trusts too much; {@code prm/first_error_accuracy}: how often the first step below
     *     0.5 is the first bad one, or neither is there; {@code prm/f1}: the harmonic mean of that share among solutions with a
     *     bad step and among those without (ProcessBench, arXiv 2412.06559, but at the fixed threshold of 0.5). What is
     *     undefined for these solutions is left out
     */
    public static Map<String, Double> ofSteps(List<Solution> solutions) {
        Map<String, Double> out = new LinkedHashMap<>();
        if (solutions.isEmpty()) {
            return out;
        }
        double[] scores = all(solutions.stream().map(Solution::scores).toList());
        double[] labels = all(solutions.stream().map(Solution::labels).toList());
        addClasses(out, "prm/step_", "prm/", scores, labels);
        for (int third = 0; third < THIRDS.size(); third++) {
            double gap = gap(solutions, third);
            if (!Double.isNaN(gap) || hasNaN(scores)) {
                out.put("prm/calibration_" + THIRDS.get(third), gap);
            }
        }
        List<Double> erroneous = new ArrayList<>();
        List<Double> correct = new ArrayList<>();
        for (Solution solution : solutions) {
            int gold = firstError(solution.labels());
            double found = firstError(solution.scores()) == gold ? 1 : 0;
            (gold < 0 ? correct : erroneous).add(found);
        }
        double all = erroneous.stream().mapToDouble(v -> v).sum()
                + correct.stream().mapToDouble(v -> v).sum();
        out.put("prm/first_error_accuracy", all / solutions.size());
        if (!erroneous.isEmpty() && !correct.isEmpty()) {
            out.put("prm/f1", f1(mean(erroneous), mean(correct)));
        }
        return out;
    }

    /**
     * Measures of an outcome reward model, of each solution's last place.
     *
     * @param solutions solutions
     * @return {@code auc}, recalls, {@code ece} as above, and {@code brier}: the mean of (c − ℓ)²
     */
    public static Map<String, Double> ofOutcomes(List<Solution> solutions) {
        Map<String, Double> out = new LinkedHashMap<>();
        if (solutions.isEmpty()) {
            return out;
        }
        double[] scores = solutions.stream()
                .mapToDouble(one -> one.scores()[one.scores().length - 1])
                .toArray();
        double[] labels = solutions.stream()
                .mapToDouble(one -> one.labels()[one.labels().length - 1])
                .toArray();
        addClasses(out, "", "", scores, labels);
        out.put(
                "brier",
                IntStream.range(0, scores.length)
                        .mapToDouble(i -> (scores[i] - labels[i]) * (scores[i] - labels[i]))
                        .average()
                        .orElseThrow());
        return out;
    }

    private static void addClasses(
            Map<String, Double> out, String auc, String prefix, double[] scores, double[] labels) {
        double area = auc(scores, labels);
        if (!Double.isNaN(area)) {
            out.put(auc + "auc", area);
        }
        for (boolean good : new boolean[] {true, false}) {
            double recall = recall(good, scores, labels);
            if (!Double.isNaN(recall)) {
                out.put(prefix + "recall/" + (good ? "good" : "bad"), recall);
            }
        }
        out.put(prefix + "ece", calibrationError(scores, labels, BINS));
    }

    /** The index of the first number below 0.5; −1 if there is none. */
    static int firstError(double[] numbers) {
        for (int i = 0; i < numbers.length; i++) {
            if (numbers[i] < THRESHOLD) {
                return i;
            }
        }
        return -1;
    }

    /** The harmonic mean; 0 where both are. */
    static double f1(double erroneous, double correct) {
        return erroneous + correct == 0 ? 0 : 2 * erroneous * correct / (erroneous + correct);
    }

    /** Mann and Whitney's: pairs in order over all pairs, ties one half; NaN where a class is missing. */
    static double auc(double[] scores, double[] labels) {
        Integer[] order = IntStream.range(0, scores.length).boxed().toArray(Integer[]::new);
        Arrays.sort(order, (a, b) -> Double.compare(scores[a], scores[b]));
        double good = 0;
        double below = 0; // bad ones with lower scores
        double won = 0;
        for (int start = 0, end; start < order.length; start = end) {
            double goodHere = 0;
            double badHere = 0;
            end = start;
            while (end < order.length && scores[order[end]] == scores[order[start]]) {
                if (labels[order[end++]] >= THRESHOLD) {
                    goodHere++;
                } else {
                    badHere++;
                }
            }
            if (end == start) {
                return Double.NaN; // a score that is no number equals nothing, not even itself
            }
            won += goodHere * (below + badHere / 2);
            good += goodHere;
            below += badHere;
        }
        return won / (good * below);
    }

    private static double recall(boolean good, double[] scores, double[] labels) {
        double all = 0;
        double found = 0;
        for (int i = 0; i < scores.length; i++) {
            if (labels[i] >= THRESHOLD == good) {
                all++;
                found += scores[i] >= THRESHOLD == good ? 1 : 0;
            }
        }
        return found / all;
    }

    /** Bins of equal width on [0, 1], of which the last is closed; empty ones count nothing. */
    static double calibrationError(double[] scores, double[] labels, int bins) {
        double[] gap = new double[bins];
        for (int i = 0; i < scores.length; i++) {
            gap[Math.min(bins - 1, (int) (scores[i] * bins))] += labels[i] - scores[i];
        }
        return Arrays.stream(gap).map(Math::abs).sum() / scores.length;
    }

    private static double gap(List<Solution> solutions, int third) {
        double gap = 0;
        double steps = 0;
        for (Solution solution : solutions) {
            int all = solution.scores().length;
            for (int i = 0; i < all; i++) {
                if (i * THIRDS.size() / all == third) {
                    gap += solution.scores()[i] - solution.labels()[i];
                    steps++;
                }
            }
        }
        return gap / steps;
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(v -> v).average().orElseThrow();
    }

    private static double[] all(List<double[]> parts) {
        return parts.stream().flatMapToDouble(Arrays::stream).toArray();
    }

    private static boolean hasNaN(double[] values) {
        return Arrays.stream(values).anyMatch(Double::isNaN);
    }
}
