package dev.plumb.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.plumb.config.PlumbException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The mean of all numbers seen so far, as a part of a checkpoint.
 *
 * @param mean their mean, 0 before the first
 * @param count how many
 */
record RunningMean(double mean, long count) {
    private static final String FILE = "running_mean.json";
    private static final JsonMapper JSON = new JsonMapper();

    RunningMean with(double[] more) {
        double sum = 0;
        for (double one : more) {
            sum += one;
        }
        return more.length == 0
                ? this
                : new RunningMean((mean * count + sum) / (count + more.length), count + more.length);
    }

    void save(Path folder) throws IOException {
        Files.writeString(
                folder.resolve(FILE), JSON.createObjectNode().put("mean", mean).put("count", count) + "\n");
    }

    static RunningMean load(Path folder) {
        Path file = folder.resolve(FILE);
        try {
            JsonNode node = JSON.readTree(file.toFile());
            return new RunningMean(
                    node.required("mean").asDouble(), node.required("count").asLong());
        } catch (IOException | IllegalArgumentException e) {
            throw new PlumbException(
                    file + " cannot be read (" + e.getMessage()
                            + "): delete that checkpoint folder to go on from an earlier one.",
                    e);
        }
    }
}
