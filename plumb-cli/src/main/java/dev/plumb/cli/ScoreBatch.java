package dev.plumb.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.model.Architecture;
import dev.plumb.reward.Aggregate;
import dev.plumb.reward.Ensemble;
import dev.plumb.train.RewardScales;
import dev.plumb.train.Scorer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.stream.IntStream;

/** Rows go through the models together; a line is written for each, in their order. */
final class ScoreBatch {
    /** Rows go together up to so many tokens. */
    private static final int TOKENS = 4096;

    private final List<Scorer> scorers;
    private final Architecture shape;
    private final Aggregate aggregate;
    private final Ensemble ensemble;
    private final RewardScales scales;
    private final boolean keep;
    private final JsonOutput out;
    private final BestAnswers best = new BestAnswers();
    private final List<double[]> kept = new ArrayList<>();
    private final List<ScoreRow> rows = new ArrayList<>();
    private int tokens;
    private int members;
    private long scored;
    private double spreads;
    private double widest;

    /**
     * A batch without rows.
     *
     * @param scorers one, or several of reward models
     * @param shape of the first model
     * @param aggregate from scores of steps to that of a solution
     * @param ensemble from several rewards to one
     * @param scales of the members' rewards
     * @param keep whether to remember all rewards, for {@link #kept}
     * @param out where lines go
     */
    ScoreBatch(
            List<Scorer> scorers,
            Architecture shape,
            Aggregate aggregate,
            Ensemble ensemble,
            RewardScales scales,
            boolean keep,
            JsonOutput out) {
        this.scorers = scorers;
        this.shape = shape;
        this.aggregate = aggregate;
        this.ensemble = ensemble;
        this.scales = scales;
        this.keep = keep;
        this.out = out;
    }

    void add(ScoreRow row) {
        int length = row.end() - row.start();
        if (tokens + length > TOKENS) {
            write();
        }
        rows.add(row);
        tokens += length;
    }

    /** Writes what has not been written, and the best answers. */
    void finish() {
        write();
        best.write(out);
    }

    private void write() {
        if (rows.isEmpty()) {
            return;
        }
        List<int[]> texts = rows.stream().map(ScoreRow::text).toList();
        if (shape.isClassifying()) {
            List<int[]> steps = rows.stream().map(ScoreRow::steps).toList();
            each(scorers.get(0).steps(texts, steps), this::steps);
        } else if (shape.isScoring()) {
            each(members(texts), this::reward);
        } else {
            each(scorers.get(0).logProbs(rows.stream().map(ScoreRow::sequence).toList()), ScoreBatch::logProbs);
        }
        rows.clear();
        tokens = 0;
    }

    private void each(List<double[]> scores, BiFunction<ScoreRow, double[], ObjectNode> json) {
        for (int i = 0; i < rows.size(); i++) {
            out.write(json.apply(rows.get(i), scores.get(i)));
        }
    }

    /** All rewards of all models, for each text. */
    private List<double[]> members(List<int[]> texts) {
        List<List<double[]>> given =
                scorers.stream().map(scorer -> scorer.rewards(texts)).toList();
        return IntStream.range(0, texts.size())
                .mapToObj(i -> given.stream()
                        .flatMapToDouble(one -> Arrays.stream(one.get(i)))
                        .toArray())
                .toList();
    }

    private ObjectNode steps(ScoreRow row, double[] steps) {
        double score = aggregate.of(steps);
        best.add(row, score);
        ObjectNode json = Json.object().put("row", row.place());
        json.set("steps", Json.array(steps));
        return json.put("score", score);
    }

    private ObjectNode reward(ScoreRow row, double[] given) {
        if (keep) {
            kept.add(given);
        }
        double[] rewards = scales.of(given);
        double reward = ensemble.reward(rewards);
        best.add(row, reward);
        ObjectNode json = Json.object().put("row", row.place()).put("reward", reward);
        members = rewards.length;
        if (members == 1) {
            return json;
        }
        double spread = Ensemble.spread(rewards);
        scored++;
        spreads += spread;
        widest = Math.max(widest, spread);
        json.put("std", spread).set("rewards", Json.array(rewards));
        return json;
    }

    /** The rewards of all rows as the models gave them, if they were to be kept. */
    List<double[]> kept() {
        return kept;
    }

    /** How far members disagreed, if there were several. */
    Optional<String> spread() {
        return members < 2
                ? Optional.empty()
                : Optional.of(String.format(
                        Locale.ROOT,
                        "%d members; their standard deviation is %.4g in the mean of %d rows, and %.4g at most.",
                        members,
                        spreads / scored,
                        scored,
                        widest));
    }

    private static ObjectNode logProbs(ScoreRow row, double[] logProbs) {
        ObjectNode json = Json.object().put("row", row.place());
        json.set("ids", Json.array(row.ids()));
        ArrayNode all = json.putArray("logps");
        double sum = 0;
        int scored = 0;
        for (int t = 0; t < row.ids().length; t++) {
            if (row.scored()[t]) {
                sum += logProbs[scored];
                all.add(logProbs[scored++]);
            } else {
                all.addNull();
            }
        }
        json.put("sum", sum);
        if (scored > 0) {
            json.put("mean", sum / scored);
        } else {
            json.putNull("mean");
        }
        return json.put("tokens", scored);
    }
}
