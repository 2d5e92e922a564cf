package dev.plumb.cli;

import dev.plumb.config.Binder;
import dev.plumb.config.PlumbException;
import dev.plumb.config.YamlSource;
import dev.plumb.hub.Checkpoint;
import dev.plumb.model.Architecture;
import dev.plumb.train.RewardScales;
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
            "Tells how probable a model finds given texts, token by token; a reward model, how good; a process reward model,"
                    + " how good each step of a solution is.",
            "",
            "Each line has the row's place, its token ids, logps (the natural log-probability of the token at that place"
                    + " given all before it, null where none is asked for), their sum, mean and number; or the reward, and of an"
                    + " ensemble the rewards of all members and their standard deviation (std); or the scores of its steps and"
                    + " the solution's score, made of them (aggregate).",
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
                score(settings, checkpoint, others, out);
            } finally {
                others.forEach(Checkpoint::close);
            }
        }
        return Exit.DONE;
    }

    private static void score(ScoreSettings settings, Checkpoint checkpoint, List<Checkpoint> others, JsonOutput out) {
        Architecture shape = checkpoint.decoder().architecture();
        if (shape.isClassifying() && shape.outputs() != 2) {
            throw new PlumbException(settings.model() + " gives " + shape.outputs()
                    + " classes for a token; a process reward model gives two, bad and good.");
        }
        boolean fit = settings.normalisation() == ScoreSettings.Scale.FIT;
        if (fit) {
            requireFitting(checkpoint, others);
        }
        List<Scorer> scorers = new ArrayList<>(List.of(new Scorer(checkpoint.decoder())));
        others.forEach(other -> scorers.add(new Scorer(other.decoder())));
        RewardScales scales = Members.isReward(checkpoint) && settings.normalisation() == ScoreSettings.Scale.AUTO
                ? settings.members().scales(checkpoint, others)
                : RewardScales.NONE;
        ScoreBatch batch = new ScoreBatch(
                scorers, shape, settings.aggregate(), settings.members().ensemble(), scales, fit, out);
        int maxLength = scorers.stream().mapToInt(Scorer::maxLength).min().orElseThrow();
        new ScoreRows(settings, checkpoint, maxLength).forEach(batch::add);
        batch.finish();
        batch.spread().ifPresent(System.err::println);
        if (fit) {
            System.err.println("The scale of " + batch.kept().size() + " answers is kept in "
                    + RewardScales.freeze(checkpoint.folder(), batch.kept()) + ".");
        }
    }

    private static void requireFitting(Checkpoint checkpoint, List<Checkpoint> others) {
        if (!Members.isReward(checkpoint) || !others.isEmpty()) {
            throw new PlumbException(
                    "normalisation=fit keeps the scale of one reward model; name it as model, and no members.");
        }
        RewardScales.requireNone(checkpoint.folder());
    }
}
