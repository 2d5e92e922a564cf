package dev.plumb.train;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Answers sampled during a run, {@code samples.jsonl}: one object for each answer, with {@code step}, {@code prompt},
 * {@code completion} and, if it was judged, {@code scores} by name. The same prompts at several steps make the table of
 * answers before and after in {@link Report}.
 */
public final class SampleLog implements AutoCloseable {
    private final StepLines lines;

    private SampleLog(StepLines lines) {
        this.lines = lines;
    }

    /**
     * Opens the log.
     *
     * @param file the file, created if it is not there
     * @param resumedStep the step of the checkpoint that the run goes on from: later lines are dropped. Empty for a new
     *     run: all lines are dropped
     * @return the log
     * @throws dev.plumb.config.PlumbException if it cannot be written, or a line other than the last is no JSON object
     */
    public static SampleLog open(Path file, OptionalLong resumedStep) {
        return new SampleLog(StepLines.open(file, resumedStep.orElse(Long.MIN_VALUE), kept -> {}));
    }

    /**
     * Appends an answer.
     *
     * @param step the number of optimiser steps done when it was sampled, 0 for the model as it came
     * @param prompt the prompt as text
     * @param completion the answer as text
     * @param scores what judged it, by name; empty if nothing did
     * @throws dev.plumb.config.PlumbException if it cannot be written
     */
    public void write(long step, String prompt, String completion, Map<String, Double> scores) {
        ObjectNode object = StepLines.JSON.createObjectNode();
        object.put("step", step).put("prompt", prompt).put("completion", completion);
        if (!scores.isEmpty()) {
            ObjectNode judged = object.putObject("scores");
            scores.forEach((name, score) -> MetricsLog.put(judged, name, score));
        }
        lines.append(object);
    }

    @Override
    public void close() {
        lines.close();
    }
}
