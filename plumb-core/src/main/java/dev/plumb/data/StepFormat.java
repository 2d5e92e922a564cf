package dev.plumb.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.plumb.config.PlumbException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * How a solution that is one text falls into steps. A process reward model keeps in its folder what it was taught by, since it
 * must be asked in the same way.
 *
 * @param stepSeparator what ends a step
 * @param maxSolutionSteps the most steps
 */
public record StepFormat(String stepSeparator, int maxSolutionSteps) {
    /** Where a model's folder keeps it. */
    public static final String FILE = "step_format.json";

    /** What is taken where nothing says otherwise; the separator is TRL's. */
    private static final StepFormat DEFAULT = new StepFormat("\n", 64);

    /** Checks that there is something to cut at. */
    public StepFormat {
        if (stepSeparator.isEmpty()) {
            throw new IllegalArgumentException("step_separator: steps must be separated by something");
        }
        if (maxSolutionSteps < 1) {
            throw new IllegalArgumentException("max_solution_steps: there must be room for a step");
        }
    }

    /**
     * How the solutions for a process reward model are cut: as it was taught, which settings may complete.
     *
     * @param model folder of the model
     * @param stepSeparator what ends a step, if that is given
     * @param maxSolutionSteps the most steps, if that is given
     * @return what was given, else what the folder says, else a line a step and 64 steps
     * @throws PlumbException if the model was taught with another separator, or its file cannot be read
     */
    public static StepFormat of(Path model, Optional<String> stepSeparator, Optional<Integer> maxSolutionSteps) {
        Optional<StepFormat> taught = read(model.resolve(FILE));
        taught.map(StepFormat::stepSeparator)
                .filter(known ->
                        stepSeparator.filter(given -> !given.equals(known)).isPresent())
                .ifPresent(known -> {
                    throw new PlumbException("step_separator: " + quoted(stepSeparator.orElseThrow()) + ", but " + model
                            + " was taught with " + quoted(known) + " and reads nothing else: leave it out.");
                });
        StepFormat otherwise = taught.orElse(DEFAULT);
        return new StepFormat(
                stepSeparator.orElse(otherwise.stepSeparator), maxSolutionSteps.orElse(otherwise.maxSolutionSteps));
    }

    private static Optional<StepFormat> read(Path file) {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            if (JsonText.parse(Files.readString(file)) instanceof Map<?, ?> json
                    && json.get("step_separator") instanceof String separator
                    && json.get("max_solution_steps") instanceof Integer most) {
                return Optional.of(new StepFormat(separator, most));
            }
        } catch (JsonProcessingException | IllegalArgumentException e) {
            throw new PlumbException(unreadable(file, String.valueOf(e.getMessage())), e);
        } catch (IOException e) {
            throw new PlumbException(file + " cannot be read (" + e.getMessage() + ").", e);
        }
        throw new PlumbException(unreadable(file, "step_separator and max_solution_steps are due"));
    }

    private static String unreadable(Path file, String why) {
        return file + " does not say how steps end (" + why + "): remove it and give step_separator as it was in the"
                + " model's training.";
    }

    /**
     * Keeps it in a model's folder.
     *
     * @param folder of the model
     * @throws PlumbException if it cannot be written
     */
    public void writeTo(Path folder) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("step_separator", stepSeparator);
        json.put("max_solution_steps", maxSolutionSteps);
        Path file = folder.resolve(FILE);
        try {
            Files.writeString(file, JsonText.write(json) + "\n");
        } catch (IOException e) {
            throw new PlumbException(file + " cannot be written (" + e.getMessage() + ").", e);
        }
    }

    /**
     * What it says, for the user.
     *
     * @return words that end a sentence
     */
    public String words() {
        return "steps end with " + quoted(stepSeparator) + ", and there are at most " + maxSolutionSteps;
    }

    private static String quoted(String separator) {
        return '"'
                + separator
                        .replace("\\", "\\\\")
                        .replace("\n", "\\n")
                        .replace("\r", "\\r")
                        .replace("\t", "\\t")
                + '"';
    }
}
