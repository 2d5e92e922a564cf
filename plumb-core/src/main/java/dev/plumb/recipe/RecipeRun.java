package dev.plumb.recipe;

import dev.plumb.config.PlumbException;
import dev.plumb.hub.AtomicFiles;
import dev.plumb.train.RunLayout;
import dev.plumb.train.StagesPage;
import dev.plumb.train.Training;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Runs the stages of a recipe one after another. Called again, it passes over those that are finished and goes on with the one
 * that was not, to the same weights as without the break.
 */
public final class RecipeRun {
    private final Recipe recipe;
    private final List<String> command;

    /**
     * A recipe that has not started, or is to go on.
     *
     * @param recipe its stages
     * @param command the command line, for the record
     */
    public RecipeRun(Recipe recipe, List<String> command) {
        this.recipe = recipe;
        this.command = List.copyOf(command);
    }

    /**
     * How a recipe ended.
     *
     * @param page the page of all stages
     * @param last what the last stage made; empty if it was interrupted
     */
    public record Outcome(Path page, Optional<Path> last) {}

    /**
     * Does all that {@link #run} does before the first stage that is not finished, and writes nothing but to the standard output.
     *
     * @throws PlumbException if {@code run} would refuse
     */
    public void check() {
        check(recipe.stages().subList(finished(), recipe.stages().size()));
    }

    /**
     * Runs until the end, or until Ctrl-C.
     *
     * @return how it ended
     * @throws PlumbException for every fault that a user can mend
     */
    public Outcome run() {
        List<Stage> stages = recipe.stages();
        int finished = finished();
        for (Stage stage : stages.subList(0, finished)) {
            System.out.println("stage " + stage.folder().getFileName() + " is finished");
        }
        check(stages.subList(Math.min(finished + 1, stages.size()), stages.size())); // the next checks itself
        note();
        Path page = page();
        for (int i = finished; i < stages.size(); i++) {
            Stage stage = stages.get(i);
            System.out.println("\n== stage " + (i + 1) + " of " + stages.size() + ": " + stage.name() + " ==\n");
            boolean done = run(stage);
            page = page();
            if (!done) {
                return new Outcome(page, Optional.empty());
            }
        }
        return new Outcome(page, Optional.of(stages.get(stages.size() - 1).product()));
    }

    /** Whether it came to its end. */
    private boolean run(Stage stage) {
        if (stage instanceof Stage.Sampling sampling) {
            new Rejection(sampling.settings()).run(command);
            return true;
        }
        Stage.Run training = (Stage.Run) stage;
        boolean started = new RunLayout(stage.folder()).holdsRun();
        return new Training(training.job(), started, command).run().model().isPresent();
    }

    /** How many stages are finished, which are the first ones. */
    private int finished() {
        List<Stage> stages = recipe.stages();
        int finished = 0;
        while (finished < stages.size() && isFinished(stages.get(finished))) {
            finished++;
        }
        for (Stage later : stages.subList(Math.min(finished + 1, stages.size()), stages.size())) {
            if (Files.exists(later.product()) || new RunLayout(later.folder()).holdsRun()) {
                throw new PlumbException(later.folder() + " holds a stage that was begun, but "
                        + stages.get(finished).folder() + " before it is not finished: remove "
                        + later.folder() + ", or choose another `output`.");
            }
        }
        return finished;
    }

    private static boolean isFinished(Stage stage) {
        return stage instanceof Stage.Run run
                ? new Training(run.job(), true, List.of()).isFinished()
                : new Rejection(((Stage.Sampling) stage).settings()).isFinished();
    }

    /** Checks stages with the models that the recipe begins with in place of those that are still to be made. */
    private void check(List<Stage> stages) {
        Set<Path> toCome = recipe.stages().stream()
                .map(Stage::product)
                .filter(product -> !Files.exists(product))
                .collect(Collectors.toSet());
        for (Stage stage : stages) {
            System.out.println("\n== checking " + stage.folder().getFileName() + " ==\n");
            if (stage instanceof Stage.Sampling sampling) {
                new Rejection(sampling.rehearsal()).check(toCome);
            } else if (((Stage.Run) stage).rehearsal().isPresent()) {
                boolean started = new RunLayout(stage.folder()).holdsRun();
                new Training(((Stage.Run) stage).rehearsal().get(), started, List.of()).check(toCome);
            } else {
                System.out.println(
                        "Its settings are sound; its rows are written by an earlier stage and checked then.");
            }
        }
    }

    /** Keeps the file and the command with what they made. */
    private void note() {
        Path file = recipe.output().resolve("recipe.yaml");
        String head = command.stream().map(RecipeRun::word).collect(Collectors.joining(" "));
        try {
            Files.createDirectories(recipe.output());
            AtomicFiles.writeString(file, "# " + head.replace("\n", " ") + "\n" + recipe.text());
        } catch (IOException e) {
            throw new PlumbException(file + " cannot be written (" + e.getMessage() + ").", e);
        }
    }

    private static String word(String word) {
        return word.matches("[A-Za-z0-9_./=:@%+-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
    }

    private Path page() {
        List<Path> folders = new ArrayList<>();
        recipe.stages().forEach(stage -> folders.add(stage.folder()));
        return StagesPage.write(recipe.output(), folders);
    }
}
