package dev.plumb.reward;

import dev.plumb.config.PlumbException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeoutException;

/**
 * Several rewards at once: Σ_i w_i r_i over those that a completion has.
 *
 * <p>No reward can end the run. One that throws, runs out of memory or does not return in time has no value for that
 * completion; it is counted under its name and said in {@link RewardScores#faults()}. Such a completion is not learnt from, unless
 * the part says {@code skip}: a failure is not a bad answer. A reward that does not apply to a row adds nothing. A completion
 * without any reward is not learnt from. One reward may judge steps too; their scores come with the sums.
 *
 * <p>A {@link Rule} is called once for each completion, several at a time; another {@link Reward} once for all of them, with its
 * deadline for the whole call. Not for use by several threads.
 */
public final class RewardSet {
    private static final int MOST_STUCK = 8;
    private static final double EPSILON = 1e-4; // as in the advantages of groups

    private final List<RewardPart> parts;
    private final List<Isolation> places;

    /**
     * A set.
     *
     * @param parts the rewards, under different names; without any, completions have none
     */
    public RewardSet(List<RewardPart> parts) {
        this.parts = List.copyOf(parts);
        Set<String> names = new HashSet<>();
        for (RewardPart part : parts) {
            if (!names.add(part.name())) {
                throw new PlumbException(
                        "reward_funcs has two rewards called " + part.name() + ". Give one of them another label.");
            }
        }
        int atOnce = Math.max(1, Runtime.getRuntime().availableProcessors());
        this.places =
                parts.stream().map(part -> new Isolation(atOnce, MOST_STUCK)).toList();
    }

    /**
     * The names of the rewards.
     *
     * @return in their order
     */
    public List<String> names() {
        return parts.stream().map(RewardPart::name).toList();
    }

    /**
     * Scores all completions of a step.
     *
     * @param inputs all of them, since normalisation is over this call
     * @return what each reward said, and the sum
     * @throws PlumbException if the thread was interrupted, which stays set
     */
    public RewardScores scores(List<RewardInput> inputs) {
        Tally tally = new Tally();
        double[][] raw = new double[parts.size()][];
        double[][] values = new double[parts.size()][];
        StepScores[] steps = new StepScores[inputs.size()];
        Arrays.fill(steps, StepScores.NONE);
        double[] spreads = new double[inputs.size()];
        Arrays.fill(spreads, Double.NaN);
        boolean[] masked = new boolean[inputs.size()];
        for (int i = 0; i < parts.size(); i++) {
            RewardPart part = parts.get(i);
            List<Score> scores = call(part, places.get(i), inputs, tally);
            raw[i] = new double[inputs.size()];
            values[i] = new double[inputs.size()];
            for (int j = 0; j < raw[i].length; j++) {
                Score score = scores.get(j);
                raw[i][j] = score.value().orElse(Double.NaN);
                values[i][j] = score.value().isPresent() ? part.clip(raw[i][j]) : Double.NaN;
                masked[j] |= score.failed() && part.onFailure() == RewardPart.OnFailure.MASK;
                steps[j] = score.steps() == StepScores.NONE ? steps[j] : score.steps();
                spreads[j] = score.spread().orElse(spreads[j]);
                tally.add(part, score);
            }
            if (part.normalise() == RewardPart.Normalise.BATCH) {
                normalise(values[i]);
            }
        }
        double[] weights = parts.stream().mapToDouble(RewardPart::weight).toArray();
        for (int j = 0; j < masked.length; j++) {
            steps[j] = masked[j] ? StepScores.NONE : steps[j];
        }
        return new RewardScores(
                names(),
                weights,
                values,
                raw,
                List.of(steps),
                spreads,
                totals(values, weights, masked),
                tally.counts,
                tally.faults);
    }

    private static List<Score> call(RewardPart part, Isolation place, List<RewardInput> inputs, Tally tally) {
        List<Callable<List<Score>>> calls = new ArrayList<>();
        if (part.reward() instanceof Rule rule) {
            inputs.forEach(input -> calls.add(() -> List.of(rule.score(input))));
        } else if (!inputs.isEmpty()) {
            calls.add(() -> sized(part.reward().scores(inputs), inputs.size()));
        }
        int each = part.reward() instanceof Rule ? 1 : inputs.size();
        List<Score> scores = new ArrayList<>();
        for (Isolation.Outcome<List<Score>> outcome : run(place, calls, part)) {
            tally.count(part, "calls");
            if (outcome instanceof Isolation.Outcome.Done<List<Score>> done) {
                scores.addAll(done.value());
                continue;
            }
            tally.fault(part, outcome, place.stuck());
            for (int i = 0; i < each; i++) {
                scores.add(Score.failure());
            }
        }
        return scores;
    }

    private static List<Isolation.Outcome<List<Score>>> run(
            Isolation place, List<Callable<List<Score>>> calls, RewardPart part) {
        try {
            return place.run(calls, part.deadline());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PlumbException("interrupted while the reward " + part.name() + " was scoring", e);
        }
    }

    private static List<Score> sized(List<Score> scores, int size) {
        if (scores.size() != size) {
            throw new IllegalStateException("gave " + scores.size() + " scores for " + size + " completions");
        }
        return List.copyOf(scores);
    }

    /** (r − mean) / (std + ε) over those that there are; one alone, or all the same, become 0. */
    private static void normalise(double[] values) {
        double sum = 0;
        int count = 0;
        for (double value : values) {
            sum += Double.isNaN(value) ? 0 : value;
            count += Double.isNaN(value) ? 0 : 1;
        }
        double mean = sum / Math.max(1, count);
        double squares = 0;
        for (double value : values) {
            squares += Double.isNaN(value) ? 0 : (value - mean) * (value - mean);
        }
        double std = Math.sqrt(squares / Math.max(1, count - 1));
        for (int i = 0; i < values.length; i++) {
            values[i] = (values[i] - mean) / (std + EPSILON);
        }
    }

    private static double[] totals(double[][] values, double[] weights, boolean[] masked) {
        double[] totals = new double[masked.length];
        for (int j = 0; j < totals.length; j++) {
            double total = 0;
            boolean any = false;
            for (int i = 0; i < values.length; i++) {
                if (!Double.isNaN(values[i][j])) {
                    total += weights[i] * values[i][j];
                    any = true;
                }
            }
            totals[j] = any && !masked[j] ? total : Double.NaN;
        }
        return totals;
    }

    /** Counts, and a line for each kind of fault. */
    private static final class Tally {
        private final SortedMap<String, Long> counts = new TreeMap<>();
        private final List<String> faults = new ArrayList<>();
        private final Set<String> said = new HashSet<>();

        void count(RewardPart part, String what) {
            counts.merge("reward/" + part.name() + "/" + what, 1L, Long::sum);
        }

        void add(RewardPart part, Score score) {
            if (score.value().isEmpty()) {
                count(part, score.failed() ? "unscorable" : "not_applicable");
            }
            score.notes().forEach(note -> count(part, "notes/" + note));
        }

        void fault(RewardPart part, Isolation.Outcome<List<Score>> outcome, int stuck) {
            if (outcome instanceof Isolation.Outcome.Failed<List<Score>> failed
                    && failed.cause() instanceof TimeoutException late) { // it kept to a limit of its own
                count(part, "timeouts");
                say(part, cut(String.valueOf(late.getMessage())), "timeout");
            } else if (outcome instanceof Isolation.Outcome.Failed<List<Score>> failed) {
                count(part, "errors");
                say(
                        part,
                        "failed: " + cut(failed.cause().toString()),
                        failed.cause().getClass().getName());
            } else if (outcome instanceof Isolation.Outcome.TimedOut<List<Score>>) {
                count(part, "timeouts");
                say(part, "took longer than " + part.deadline().toMillis() / 1000.0 + " s", "timeout");
            } else {
                count(part, "refused");
                say(part, "is not called any more: " + stuck + " calls of it go on beyond their deadline", "refused");
            }
        }

        private void say(RewardPart part, String what, String kind) {
            if (said.add(part.name() + " " + kind)) {
                faults.add("reward " + part.name() + " " + what);
            }
        }

        private static String cut(String text) {
            return text.length() <= 200 ? text : text.substring(0, 200) + "…";
        }
    }
}
