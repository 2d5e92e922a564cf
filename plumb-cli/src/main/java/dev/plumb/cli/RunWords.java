package dev.plumb.cli;

import dev.plumb.config.PlumbException;
import dev.plumb.config.YamlSource;
import dev.plumb.recipe.Recipe;
import dev.plumb.train.Job;
import dev.plumb.train.Methods;
import dev.plumb.train.RunLayout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The words after {@code train} and {@code check}: a file, a method or a run's folder, then settings. */
final class RunWords {
    private RunWords() {}

    /** The recipe that the words name, if the first one is a YAML file of stages. */
    static Optional<Recipe> recipe(List<String> words) {
        if (words.isEmpty() || words.get(0).contains("=")) {
            return Optional.empty();
        }
        Path file = Path.of(words.get(0));
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        YamlSource source = YamlSource.file(file);
        return Recipe.isRecipe(source)
                ? Optional.of(Recipe.read(source.with(words.subList(1, words.size()))))
                : Optional.empty();
    }

    /** The settings that the words give. */
    static Job job(List<String> words, boolean resume) {
        if (words.isEmpty() || words.get(0).contains("=")) {
            return Methods.job(YamlSource.commandLine().with(words));
        }
        String first = words.get(0);
        List<String> settings = words.subList(1, words.size());
        if (Methods.find(first).isPresent()) {
            return Methods.find(first).get().bind(YamlSource.commandLine().with(settings));
        }
        Path path = Path.of(first);
        if (Files.isDirectory(path)) {
            return runIn(path, settings, resume);
        }
        if (!Files.exists(path)) {
            boolean looksLikeFile = first.matches(".*(/|\\\\|\\.ya?ml$).*");
            throw new PlumbException(
                    looksLikeFile
                            ? first + ": there is no such file."
                            : "'" + first + "' is neither a YAML file nor a method; the methods are " + Methods.names()
                                    + ".");
        }
        return Methods.job(YamlSource.file(path).with(settings));
    }

    private static Job runIn(Path folder, List<String> settings, boolean resume) {
        Path config = new RunLayout(folder).config();
        Path recipe = folder.resolve("recipe.yaml");
        if (!Files.exists(config) && Files.exists(recipe)) {
            throw new PlumbException(
                    folder + " is the folder of a recipe: to go on with it, call the command again that"
                            + " stands at the head of " + recipe + ".");
        }
        if (!Files.exists(config)) {
            throw new PlumbException(folder + " is a folder, but not that of a run: it has no config.yaml.");
        }
        if (!resume) {
            throw new PlumbException(folder + " is the folder of a run: add `--resume` to go on with it, or name a YAML"
                    + " file or a method to start another.");
        }
        Job job = Methods.job(YamlSource.file(config).with(settings));
        Path own = job.run().folder();
        try {
            if (Files.isSameFile(own, folder)) {
                return job;
            }
        } catch (IOException e) {
            // Then it is not there, and the sentence below says so.
        }
        throw new PlumbException(config + " is of a run in " + own
                + ", seen from the folder that it was started in: resume it from there.");
    }
}
