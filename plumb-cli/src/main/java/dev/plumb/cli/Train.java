package dev.plumb.cli;

import dev.plumb.recipe.Recipe;
import dev.plumb.recipe.RecipeRun;
import dev.plumb.recipe.Stage;
import dev.plumb.train.Job;
import dev.plumb.train.RunLayout;
import dev.plumb.train.Training;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Trains a model. */
@Command(
        name = "train",
        description = {
            "Trains a model from a YAML file, or by a method with all settings on the command line.",
            "",
            "Before the first step everything is read and verified once, as by `plumb check`. The run writes one folder:"
                    + " settings, metrics, samples, checkpoints, provenance, a report and the final model. Ctrl-C"
                    + " saves and ends; --resume goes on, to the same weights as without the break.",
            "",
            "A YAML file with stages is a recipe: all stages are verified, then run one after another, each in a folder"
                    + " of its own. Called again, it passes over those that are finished and goes on with the one that"
                    + " was not. NAME.key=value is a setting of the stage NAME; key=value one of all stages that do not"
                    + " set it themselves."
        },
        footer = {
            "",
            "Examples:",
            "  plumb train dpo model=my-model data=pairs.jsonl",
            "  plumb train sft model=my-model data=chats.jsonl output=runs/first",
            "  plumb train examples/dpo.yaml beta=0.2 data.on_bad_row=drop",
            "  plumb train --resume runs/dpo",
            "  plumb train examples/instructgpt.yaml model=my-model ppo.kl_coef=0.1"
        })
final class Train implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private HelpOption help;

    @Parameters(
            paramLabel = "WORDS",
            arity = "0..*",
            description = {
                "FILE.yaml, METHOD, or the folder of a run to resume; then key=value settings, which win over the"
                        + " file. `plumb explain METHOD` lists them."
            })
    private List<String> words = new ArrayList<>();

    @Option(names = "--resume", description = "Go on with the run that the folder holds, from its newest checkpoint.")
    private boolean resume;

    private Train() {}

    @Override
    public Integer call() {
        if (words.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(), "Name a YAML file or a method, as in `plumb train dpo model=… data=…`.");
        }
        List<String> command = Stream.concat(
                        Stream.of("plumb"), spec.commandLine().getParseResult().originalArgs().stream())
                .toList();
        Optional<Recipe> recipe = RunWords.recipe(words);
        if (recipe.isPresent()) {
            return recipe(recipe.get(), command);
        }
        Job job = RunWords.job(words, resume);
        Training.Outcome outcome = new Training(job, resume, command).run();
        if (outcome.model().isEmpty()) {
            return Exit.INTERRUPTED;
        }
        Path model = outcome.model().get();
        System.out.println();
        System.out.println("model   " + model);
        System.out.println("report  " + new RunLayout(outcome.folder()).report());
        System.out.println();
        System.out.println(Advice.of(job, model));
        return Exit.DONE;
    }

    private static int recipe(Recipe recipe, List<String> command) {
        RecipeRun.Outcome outcome = new RecipeRun(recipe, command).run();
        if (outcome.last().isEmpty()) {
            return Exit.INTERRUPTED;
        }
        System.out.println();
        for (Stage stage : recipe.stages()) {
            System.out.printf("%-20s  %s%n", stage.name(), stage.product());
        }
        System.out.printf("%-20s  %s%n", "report", outcome.page());
        if (recipe.stages().get(recipe.stages().size() - 1) instanceof Stage.Run last) {
            System.out.println();
            System.out.println(Advice.of(last.job(), last.product()));
        }
        return Exit.DONE;
    }
}
