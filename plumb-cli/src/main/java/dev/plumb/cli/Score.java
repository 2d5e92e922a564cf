package dev.plumb.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.Binder;
import dev.plumb.config.PlumbException;
import dev.plumb.config.YamlSource;
import dev.plumb.hub.Checkpoint;
import dev.plumb.reward.Ensemble;
import dev.plumb.train.Scorer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
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
                    + " given all before it, null where none is asked for), their sum, mean and number; or the reward, and of an"
                    + " ensemble the rewards of all members and their standard deviation (std)."
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
            List<Checkpoint> others = settings.members().open(checkpoint, settings.computing());
            try {
                List<Scorer> scorers = new ArrayList<>(List.of(new Scorer(checkpoint.decoder())));
                others.forEach(other -> scorers.add(new Scorer(other.decoder())));
                boolean rewards = checkpoint.decoder().architecture().isScoring();
                boolean fit = settings.normalisation() == ScoreSettings.Scale.FIT;
                if (fit) {
                    requireFitting(checkpoint, others);
                }
                Scales scales = rewards && settings.normalisation() == ScoreSettings.Scale.AUTO
                        ? settings.members().scales(checkpoint, others)
                        : Scales.NONE;
                Batch batch = new Batch(scorers, rewards, settings.members().ensemble(), scales, fit, out);
                int maxLength =
                        scorers.stream().mapToInt(Scorer::maxLength).min().orElseThrow();
                new ScoreRows(settings, checkpoint, maxLength).forEach(batch::add);
                batch.write();
                batch.spread().ifPresent(System.err::println);
                if (fit) {
                    System.err.println("The scale of " + batch.all.size() + " answers is kept in "
                            + Scales.freeze(checkpoint.folder(), batch.all) + ".");
                }
            } finally {
                others.forEach(Checkpoint::close);
            }
        }
        return Exit.DONE;
    }

    private static void requireFitting(Checkpoint checkpoint, List<Checkpoint> others) {
        if (!checkpoint.decoder().architecture().isScoring() || !others.isEmpty()) {
            throw new PlumbException(
                    "normalisation=fit keeps the scale of one reward model; name it as model, and no members.");
        }
        Scales.requireNone(checkpoint.folder());
    }

    /** Rows that go through the model together. */
    private static final class Batch {
        private final List<Scorer> scorers;
        private final boolean rewards;
        private final Ensemble ensemble;
        private final Scales scales;
        private final boolean keep;
        private final List<double[]> all = new ArrayList<>();
        private final JsonOutput out;
        private final List<ScoreRow> rows = new ArrayList<>();
        private int tokens;
        private int members;
        private long scored;
        private double spreads;
        private double widest;

        Batch(List<Scorer> scorers, boolean rewards, Ensemble ensemble, Scales scales, boolean keep, JsonOutput out) {
            this.scorers = scorers;
            this.rewards = rewards;
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

        void write() {
            if (rows.isEmpty()) {
                return;
            }
            List<double[]> scores = rewards
                    ? members(rows.stream().map(ScoreRow::text).toList())
                    : scorers.get(0)
                            .logProbs(rows.stream().map(ScoreRow::sequence).toList());
            for (int i = 0; i < rows.size(); i++) {
                out.write(rewards ? reward(rows.get(i), scores.get(i)) : logProbs(rows.get(i), scores.get(i)));
            }
            rows.clear();
            tokens = 0;
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

        private ObjectNode reward(ScoreRow row, double[] given) {
            if (keep) {
                all.add(given);
            }
            double[] rewards = scales.of(given);
            ObjectNode json = Json.object().put("row", row.place()).put("reward", ensemble.reward(rewards));
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
}
