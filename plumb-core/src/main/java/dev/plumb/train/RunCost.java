package dev.plumb.train;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a run took, as the files in its folder tell.
 *
 * @param time of all its processes together, from the first step's preparations to the final model; empty if one of them did
 *     not note its end
 * @param peakMb the largest resident memory of one of its processes in MiB; empty where the system did not tell
 * @param steps optimiser steps
 * @param tokens that went through the model to learn from, prompts included
 */
public record RunCost(Optional<Duration> time, OptionalLong peakMb, long steps, long tokens) {
    /**
     * Reads what a run took.
     *
     * @param layout its folder
     * @return what is on record
     */
    public static RunCost read(RunLayout layout) {
        RunRecord run = RunRecord.read(layout);
        return new RunCost(
                time(run.provenance()),
                processes(run.provenance()).stream()
                        .filter(process -> process.has("peak_rss_mb"))
                        .mapToLong(process -> process.path("peak_rss_mb").asLong())
                        .max(),
                run.entries().stream().mapToLong(MetricsLog.Entry::step).max().orElse(0),
                run.entries().stream()
                        .mapToLong(entry ->
                                entry.values().getOrDefault("num_tokens", 0.0).longValue())
                        .max()
                        .orElse(0));
    }

    /** The time that all processes of a run took together, if each of them noted its end. */
    static Optional<Duration> time(JsonNode provenance) {
        Duration all = Duration.ZERO;
        for (JsonNode process : processes(provenance)) {
            try {
                Instant started = Instant.parse(process.path("started").asText());
                all = all.plus(Duration.between(
                        started, Instant.parse(process.path("ended").asText())));
            } catch (DateTimeParseException e) {
                return Optional.empty();
            }
        }
        return Optional.of(all);
    }

    private static List<JsonNode> processes(JsonNode provenance) {
        List<JsonNode> processes = new ArrayList<>(List.of(provenance));
        provenance.path("earlier").forEach(processes::add);
        return processes;
    }
}
