package dev.plumb.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.evaluate.Correlation;
import dev.plumb.evaluate.Estimate;
import dev.plumb.evaluate.PairScores;
import dev.plumb.reward.Ensemble;
import dev.plumb.train.Evaluation;
import java.util.Arrays;
import java.util.Locale;
import java.util.OptionalDouble;

/** What is said of rewards beyond their accuracy: whether their differences are to be believed, and what they owe to length. */
final class RewardReport {
    private static final int BINS = 10;
    /** Fewer pairs than this say little of a temperature, or of tenths of them. */
    private static final int ENOUGH = 500;

    private final StringBuilder text = new StringBuilder();
    private final ObjectNode json;

    /**
     * A report.
     *
     * @param json what it adds to
     */
    RewardReport(ObjectNode json) {
        this.json = json;
    }

    String text() {
        return text.toString();
    }

    /** Confidence against accuracy. */
    RewardReport reliability(PairScores rewards) {
        double error = rewards.calibrationError(BINS);
        line("%nreliability (expected calibration error %.4f)", error);
        json.put("ece", error);
        ArrayNode bins = json.putArray("reliability");
        PairScores.Bin[] table = rewards.reliability(BINS);
        for (int i = 0; i < table.length; i++) {
            if (table[i].pairs() > 0) {
                line(
                        "  sure %.2f to %.2f: %5d pairs, confidence %.3f, accuracy %.3f",
                        0.5 + 0.5 * i / BINS,
                        0.5 + 0.5 * (i + 1) / BINS,
                        table[i].pairs(),
                        table[i].confidence(),
                        table[i].accuracy());
                bins.addObject()
                        .put("pairs", table[i].pairs())
                        .put("confidence", table[i].confidence())
                        .put("accuracy", table[i].accuracy());
            }
        }
        int pairs = rewards.chosen().length;
        if (pairs < ENOUGH) {
            line("  no temperature and no tenths from %d pairs: that takes %d", pairs, ENOUGH);
            return this;
        }
        OptionalDouble temperature = rewards.temperature();
        temperature.ifPresent(value -> json.put("temperature", value));
        line(
                temperature.isPresent()
                        ? "  divided by the temperature %.4g, rewards would be as sure as they are right"
                        : "  no temperature would make rewards as sure as they are right",
                temperature.orElse(0));
        ArrayNode tenths = json.putArray("by_distance");
        for (PairScores.Bin tenth : rewards.byDistance(BINS)) {
            line("  apart by %8.4g: %5d pairs, accuracy %.3f", tenth.confidence(), tenth.pairs(), tenth.accuracy());
            tenths.addObject()
                    .put("pairs", tenth.pairs())
                    .put("distance", tenth.confidence())
                    .put("accuracy", tenth.accuracy());
        }
        return this;
    }

    /** How far the members of an ensemble disagree. */
    RewardReport spread(Evaluation.Rewards answers) {
        if (answers.members()[0].length > 1) {
            line("%n%d members", answers.members()[0].length);
            double[] spread = Arrays.stream(answers.members())
                    .mapToDouble(Ensemble::spread)
                    .toArray();
            estimate("ensemble_std", Estimate.mean(spread, answers.prompt()));
        }
        return this;
    }

    /** What rewards owe to the length of an answer. */
    RewardReport length(Evaluation.Rows rows, Evaluation.Rewards answers, double[] rewards) {
        line("%nlength of the answer in tokens (%d answers)", rewards.length);
        double[] tokens = Arrays.stream(answers.tokens()).asDoubleStream().toArray();
        int[] prompt = answers.prompt();
        estimate("length_pearson", Correlation.pearson(rewards, tokens, prompt));
        estimate("length_spearman", Correlation.spearman(rewards, tokens, prompt));
        double[] reward = Correlation.withinPrompt(rewards, prompt);
        double[] length = Correlation.withinPrompt(tokens, prompt);
        estimate("length_pearson_in_prompt", Correlation.pearson(reward, length, prompt));
        estimate("length_spearman_in_prompt", Correlation.spearman(reward, length, prompt));

        EvalSlices.Subset unequal =
                new EvalSlices.Subset(rows.prompt(), row -> rows.tokens()[row] != rows.rejectedTokens()[row]);
        if (unequal.isEmpty()) {
            return this;
        }
        double[] labels = longerChosen(rows);
        double[] right = answers.pairs(rewards).right();
        double[] model = new double[right.length];
        Arrays.setAll(model, i -> labels[i] == 1 ? right[i] : 1 - right[i]);
        double[] gap = new double[right.length];
        Arrays.setAll(gap, i -> model[i] - labels[i]);
        estimate("longer_preferred", unequal.share(model));
        estimate("longer_preferred_labels", unequal.share(labels));
        estimate("longer_preferred_gap", unequal.mean(gap));
        return this;
    }

    /** How a rule would do that prefers the longer answer: what a length-biased model is to be held against. */
    static double[] longerChosen(Evaluation.Rows rows) {
        double[] longer = new double[rows.tokens().length];
        Arrays.setAll(longer, i -> 0.5 + 0.5 * Integer.signum(rows.tokens()[i] - rows.rejectedTokens()[i]));
        return longer;
    }

    private void estimate(String name, Estimate estimate) {
        text.append(EvalTable.line(name, estimate));
        EvalTable.put(json.putObject(name), estimate);
    }

    private void line(String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values)).append(String.format("%n"));
    }
}
