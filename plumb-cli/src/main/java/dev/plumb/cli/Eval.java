package dev.plumb.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.Binder;
import dev.plumb.config.PlumbException;
import dev.plumb.config.YamlSource;
import dev.plumb.data.ChatRenderer;
import dev.plumb.data.Dataset;
import dev.plumb.data.Encoder;
import dev.plumb.data.RowKind;
import dev.plumb.data.Rows;
import dev.plumb.data.TokenStore;
import dev.plumb.evaluate.Estimate;
import dev.plumb.evaluate.PairScores;
import dev.plumb.hub.Checkpoint;
import dev.plumb.model.Decoder;
import dev.plumb.reward.Ensemble;
import dev.plumb.text.Tokenizer;
import dev.plumb.train.Evaluation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Measures a model on rows. */
@Command(
        name = "eval",
        description = {
            "Measures a model on rows: perplexity of demonstrations, preference accuracy and margins of pairs, the report of"
                    + " a reward model.",
            "",
            "Each number has its 95 % interval, drawn over prompts, and stands once for all rows and once for each slice."
        },
        footer = {
            "",
            "Examples:",
            "  plumb eval model=runs/dpo/final reference=my-model data=held-out.jsonl",
            "  plumb eval model=runs/sft/final data=chats.jsonl rows=held_out",
            "  plumb eval model=my-reward-model data=pairs.jsonl output=report.json"
        })
final class Eval implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private HelpOption help;

    @Parameters(paramLabel = "KEY=VALUE", arity = "0..*", description = "Settings; `plumb explain eval` lists them.")
    private List<String> words = new ArrayList<>();

    private Eval() {}

    @Override
    public Integer call() throws IOException {
        if (words.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(), "Name a model and a file, as in `plumb eval model=… data=rows.jsonl`.");
        }
        EvalSettings settings =
                Binder.bind(EvalSettings.class, YamlSource.commandLine().with(words));
        Path scratch = Files.createTempDirectory("plumb-eval");
        try (JsonOutput out = settings.output().isPresent() ? JsonOutput.open(settings.output()) : null;
                Checkpoint model = Models.open(settings.model(), settings.computing());
                Tokenizer tokenizer = Tokenizer.load(model.folder())) {
            if (model.decoder().architecture().isClassifying()) {
                throw new PlumbException(
                        settings.model() + " is a process reward model, which is measured on held-out rows"
                                + " while it is trained. `plumb score` gives the scores of steps.");
            }
            boolean scoring = model.decoder().architecture().isScoring();
            RowKind kind = kind(settings, scoring ? RowKind.COMPARISON : RowKind.PREFERENCE);
            if (scoring && kind == RowKind.DEMONSTRATION) {
                throw new PlumbException(
                        settings.model() + " is a reward model, which is measured on pairs or rankings; these rows"
                                + " are none. `plumb score` gives the reward of each.");
            }
            Encoder encoder = new Encoder(
                    tokenizer,
                    ChatRenderer.of(settings.data(), model.folder(), tokenizer),
                    settings.data(),
                    model.decoder().architecture().contextLength());
            try (Dataset dataset = Dataset.prepare(kind, encoder, scratch)) {
                dataset.preflight().requireSound();
                List<TokenStore> stores = settings.rows() == EvalSettings.Which.HELD_OUT
                        ? List.of(dataset.eval())
                        : List.of(dataset.train(), dataset.eval());
                if (stores.stream().mapToLong(TokenStore::size).sum() == 0) {
                    throw new PlumbException("There is no row to measure on: with rows=held_out, data.eval_share or"
                            + " data.eval_files must hold some.");
                }
                Evaluation evaluation = new Evaluation(stores);
                ObjectNode json = kind != RowKind.DEMONSTRATION
                        ? pairs(settings, evaluation, model, scoring)
                        : sequences(evaluation, model);
                if (out != null) {
                    out.write(json);
                }
            }
        } finally {
            Files.deleteIfExists(scratch);
        }
        return Exit.DONE;
    }

    /** Compared answers if the file can be read as such. */
    private static RowKind kind(EvalSettings settings, RowKind compared) {
        try {
            Rows.open(settings.data().files(), compared).close();
            return compared;
        } catch (PlumbException e) { // what is wrong with it is said when it is read as demonstrations
            return RowKind.DEMONSTRATION;
        }
    }

    private static ObjectNode sequences(Evaluation evaluation, Checkpoint model) {
        Evaluation.Rows rows = evaluation.rows();
        Evaluation.Fit fit = evaluation.fit(model.decoder());
        double[] tokens = Arrays.stream(rows.tokens()).asDoubleStream().toArray();
        EvalTable table = new EvalTable();
        EvalSlices.of(rows).forEach((name, kept) -> {
            EvalSlices.Subset subset = new EvalSlices.Subset(rows.prompt(), kept);
            Estimate loss = subset.ratio(fit.nll(), tokens);
            table.add(name, "loss", loss);
            table.add(name, "perplexity", loss.on(Math::exp));
            table.add(name, "mean_token_accuracy", subset.ratio(fit.hits(), tokens));
        });
        System.out.print(table.text());
        return table.json();
    }

    private static ObjectNode pairs(EvalSettings settings, Evaluation evaluation, Checkpoint model, boolean scoring) {
        Evaluation.Rows rows = evaluation.rows();
        Optional<Evaluation.Rewards> given =
                scoring ? Optional.of(rewards(settings, evaluation, model)) : Optional.empty();
        Ensemble ensemble = settings.members().ensemble();
        Optional<double[]> one = given.map(all ->
                Arrays.stream(all.members()).mapToDouble(ensemble::reward).toArray());
        PairScores logps = given.map(all -> all.pairs(one.get())).orElseGet(() -> evaluation.logps(model.decoder()));
        if (logps.chosen().length == 0) {
            throw new PlumbException("There is no pair to measure on: no ranking tells its answers apart.");
        }
        Optional<PairScores> reference = scoring
                ? Optional.empty()
                : settings.reference().map(folder -> {
                    try (Checkpoint start = Models.open(folder, settings.computing())) {
                        return evaluation.logps(start.decoder());
                    }
                });
        PairScores rewards = reference
                .map(start -> new PairScores(
                        implicit(settings.beta(), logps.chosen(), start.chosen()),
                        implicit(settings.beta(), logps.rejected(), start.rejected())))
                .orElse(logps);
        EvalTable table = new EvalTable();
        EvalSlices.of(rows).forEach((name, kept) -> {
            EvalSlices.Subset subset = new EvalSlices.Subset(rows.prompt(), kept);
            boolean rewarded = scoring || reference.isPresent();
            table.add(name, rewarded ? "rewards/accuracies" : "logps/accuracies", subset.share(rewards.right()));
            table.add(name, rewarded ? "rewards/margins" : "logps/margins", subset.mean(rewards.margins()));
            if (rewarded) {
                table.add(name, "nll", subset.mean(rewards.nll()));
                table.add(name, "brier", subset.mean(rewards.brier()));
            }
            reference.ifPresent(start -> {
                table.add(name, "logps/accuracies", subset.share(logps.right()));
                table.add(name, "displaced_chosen", subset.share(less(logps.chosen(), start.chosen())));
            });
            table.add(name, "longer_is_chosen", subset.share(RewardReport.longerChosen(rows)));
        });
        System.out.print(table.text());
        ObjectNode json = table.json();
        RewardReport report = new RewardReport(json);
        if (scoring || reference.isPresent()) {
            report.reliability(rewards);
        }
        given.ifPresent(all -> report.spread(all).length(rows, all, one.get()));
        System.out.print(report.text());
        return json;
    }

    private static Evaluation.Rewards rewards(EvalSettings settings, Evaluation evaluation, Checkpoint model) {
        List<Checkpoint> others = settings.members().open(model, settings.computing());
        try {
            List<Decoder> all = new ArrayList<>(List.of(model.decoder()));
            others.forEach(other -> all.add(other.decoder()));
            Evaluation.Rewards given = evaluation.rewards(all);
            // Of one reward the scale is no matter here but for its confidence, which is that of the model as trained.
            return given.members()[0].length == 1
                    ? given
                    : given.on(settings.members().scales(model, others)::of);
        } finally {
            others.forEach(Checkpoint::close);
        }
    }

    private static double[] implicit(double beta, double[] policy, double[] reference) {
        double[] rewards = new double[policy.length];
        Arrays.setAll(rewards, i -> beta * (policy[i] - reference[i]));
        return rewards;
    }

    private static double[] less(double[] one, double[] other) {
        double[] less = new double[one.length];
        Arrays.setAll(less, i -> one[i] < other[i] ? 1 : 0);
        return less;
    }
}
