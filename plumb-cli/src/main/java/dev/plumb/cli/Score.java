package dev.plumb.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.Binder;
import dev.plumb.config.PlumbException;
import dev.plumb.config.YamlSource;
import dev.plumb.hub.Checkpoint;
import dev.plumb.model.Architecture;
import dev.plumb.reward.Aggregate;
import dev.plumb.reward.BestOfN;
import dev.plumb.reward.Candidate;
import dev.plumb.train.Scorer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.BiFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Scores given texts. */
@Command(
        name = "score",
        description = {
            "Tells how probable a model finds given texts, token by token; a reward model, how good; a process reward model,"
                    + " how good each step of a solution is.",
            "",
            "Each line has the row's place, its token ids, logps (the natural log-probability of the token at that place"
                    + " given all before it, null where none is asked for), their sum, mean and number; or the reward; or"
                    + " the scores of its steps and the solution's score, made of them (aggregate).",
            "",
            "Of several answers to one prompt, a last line for each prompt names the row that has the highest score."
        },
        footer = {
            "",
            "Examples:",
            "  plumb score model=runs/dpo/final data=answers.jsonl",
            "  plumb score model=runs/prm/final data=solutions.jsonl aggregate=min",
            "  plumb score model=my-model data=rows.csv data.columns='{text: story}'",
            "  plumb score model=my-model data=ids.jsonl output=scores.jsonl"
        })
final class Score implements Callable<Integer> {
    /** Rows go through the model together up to so many tokens. */
    private static final int TOKENS = 4096;

    @Spec
    private CommandSpec spec;

    @Mixin
    private HelpOption help;

    @Parameters(paramLabel = "KEY=VALUE", arity = "0..*", description = "Settings; `plumb explain score` lists them.")
    private List<String> words = new ArrayList<>();

    private Score() {}

    @Override
    public Integer call() {
        if (words.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(), "Name a model and a file, as in `plumb score model=… data=rows.jsonl`.");
        }
        ScoreSettings settings =
                Binder.bind(ScoreSettings.class, YamlSource.commandLine().with(words));
        try (Checkpoint checkpoint = Models.open(settings.model(), settings.computing());
                JsonOutput out = JsonOutput.open(settings.output())) {
            Architecture shape = checkpoint.decoder().architecture();
            if (shape.isClassifying() && shape.outputs() != 2) {
                throw new PlumbException(settings.model() + " gives " + shape.outputs()
                        + " classes for a token; a process" + " reward model gives two, bad and good.");
            }
            Scorer scorer = new Scorer(checkpoint.decoder());
            Batch batch = new Batch(scorer, shape, settings.aggregate(), out);
            new ScoreRows(settings, checkpoint, scorer.maxLength()).forEach(batch::add);
            batch.write();
            batch.writePicks();
        }
        return Exit.DONE;
    }

    /** Rows that go through the model together. */
    private static final class Batch {
        private final Scorer scorer;
        private final Architecture shape;
        private final Aggregate aggregate;
        private final JsonOutput out;
        private final Map<Object, Best> best = new LinkedHashMap<>();
        private final List<ScoreRow> rows = new ArrayList<>();
        private int tokens;

        /** The best answer to a prompt so far. */
        private record Best(int answers, String place, Candidate candidate) {}

        Batch(Scorer scorer, Architecture shape, Aggregate aggregate, JsonOutput out) {
            this.scorer = scorer;
            this.shape = shape;
            this.aggregate = aggregate;
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

        void write() {
            if (rows.isEmpty()) {
                return;
            }
            if (shape.isClassifying()) {
                List<double[]> steps = scorer.steps(
                        rows.stream().map(ScoreRow::text).toList(),
                        rows.stream().map(ScoreRow::steps).toList());
                each(steps, this::steps);
            } else if (shape.isScoring()) {
                each(scorer.rewards(rows.stream().map(ScoreRow::text).toList()), this::reward);
            } else {
                each(scorer.logProbs(rows.stream().map(ScoreRow::sequence).toList()), Batch::logProbs);
            }
            rows.clear();
            tokens = 0;
        }

        private void each(List<double[]> scores, BiFunction<ScoreRow, double[], ObjectNode> json) {
            for (int i = 0; i < rows.size(); i++) {
                out.write(json.apply(rows.get(i), scores.get(i)));
            }
        }

        /** A line for each prompt that has several answers. */
        void writePicks() {
            best.forEach((prompt, pick) -> {
                if (pick.answers() > 1) {
                    out.write(Json.object()
                            .put("best", pick.place())
                            .put("answers", pick.answers())
                            .put("score", pick.candidate().score()));
                }
            });
        }

        private void compare(ScoreRow row, double score) {
            row.problem().ifPresent(problem -> {
                Candidate candidate = new Candidate(Optional.empty(), score, row.end() - row.start());
                best.merge(problem, new Best(1, row.place(), candidate), (old, fresh) -> {
                    int picked = new BestOfN()
                            .pick(List.of(old.candidate(), fresh.candidate()))
                            .orElseThrow();
                    Best better = picked == 0 ? old : fresh;
                    return new Best(old.answers() + 1, better.place(), better.candidate());
                });
            });
        }

        private ObjectNode steps(ScoreRow row, double[] steps) {
            double score = aggregate.of(steps);
            compare(row, score);
            ObjectNode json = Json.object().put("row", row.place());
            json.set("steps", Json.array(steps));
            return json.put("score", score);
        }

        private ObjectNode reward(ScoreRow row, double[] rewards) {
            ObjectNode json = Json.object().put("row", row.place());
            if (rewards.length == 1) {
                compare(row, rewards[0]);
                return json.put("reward", rewards[0]);
            }
            json.set("rewards", Json.array(rewards));
            return json;
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
}
