package dev.plumb.cli;

import dev.plumb.recipe.Recipe;
import dev.plumb.recipe.RecipeRun;
import dev.plumb.train.Training;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Verifies a run without training. */
@Command(
        name = "check",
        description = {
            "Verifies everything that `plumb train` verifies before its first step, and trains and writes nothing.",
            "",
            "Shows rows read, kept and dropped with reasons, lengths, what is cut, and one example with its trained"
                    + " tokens; refuses what is surely wrong."
        },
        footer = {
            "",
            "Examples:",
            "  plumb check examples/dpo.yaml",
            "  plumb check dpo model=my-model data=pairs.jsonl",
            "  plumb check examples/instructgpt.yaml model=my-model"
        })
final class Check implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private HelpOption help;

    @Parameters(paramLabel = "WORDS", arity = "0..*", description = "The same words as for `plumb train`.")
    private List<String> words = new ArrayList<>();

    private Check() {}

    @Override
    public Integer call() {
        if (words.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(), "Name a YAML file or a method, as in `plumb check dpo model=… data=…`.");
        }
        Optional<Recipe> recipe = RunWords.recipe(words);
        if (recipe.isPresent()) {
            new RecipeRun(recipe.get(), List.of()).check();
            return Exit.DONE;
        }
        new Training(RunWords.job(words, false), false, List.of()).check();
        return Exit.DONE;
    }
}
