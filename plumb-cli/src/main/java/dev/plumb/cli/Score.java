package dev.plumb.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.Binder;
import dev.plumb.config.YamlSource;
import dev.plumb.hub.Checkpoint;
import dev.plumb.train.Scorer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
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
            "Tells how probable a model finds given texts, token by token; a reward model, how good.",
            "",
            "Each line has the row's place, its token ids, logps (the natural log-probability of the token at that place"
                    + " given all before it, null where none is asked for), their sum, mean and number; or the reward."
        },
        footer = {
            "",
            "Examples:",
            "  plumb score model=runs/dpo/final data=answers.jsonl",
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
            Scorer scorer = new Scorer(checkpoint.decoder());
            Batch batch = new Batch(scorer, checkpoint.decoder().architecture().isScoring(), out);
            new ScoreRows(settings, checkpoint, scorer.maxLength()).forEach(batch::add);
            batch.write();
        }
        return Exit.DONE;
    }

    /** Rows that go through the model together. */
    private static final class Batch {
        private final Scorer scorer;
        private final boolean rewards;
        private final JsonOutput out;
        private final List<ScoreRow> rows = new ArrayList<>();
        private int tokens;

        Batch(Scorer scorer, boolean rewards, JsonOutput out) {
            this.scorer = scorer;
            this.rewards = rewards;
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
            List<double[]> scores = rewards
                    ? scorer.rewards(rows.stream().map(ScoreRow::text).toList())
                    : scorer.logProbs(rows.stream().map(ScoreRow::sequence).toList());
            for (int i = 0; i < rows.size(); i++) {
                out.write(rewards ? reward(rows.get(i), scores.get(i)) : logProbs(rows.get(i), scores.get(i)));
            }
            rows.clear();
            tokens = 0;
        }

        private static ObjectNode reward(ScoreRow row, double[] rewards) {
            ObjectNode json = Json.object().put("row", row.place());
            if (rewards.length == 1) {
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
