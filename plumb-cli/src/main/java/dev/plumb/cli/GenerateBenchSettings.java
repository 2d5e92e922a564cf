package dev.plumb.cli;

import dev.plumb.config.Setting;
import dev.plumb.train.GenerateBench;
import dev.plumb.train.TrainBench;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Settings of {@code plumb bench generate}.
 *
 * @param size size of the model
 * @param prompts how many prompts
 * @param promptLength tokens of each
 * @param numGenerations completions of each
 * @param maxNewTokens tokens of each completion
 * @param batchSize completions at a time
 * @param steps timed rounds
 * @param device where
 * @param threads processor threads
 * @param output file for the results
 */
record GenerateBenchSettings(
        @Setting(
                doc = "Size of the random model: small (40 million parameters) or base (110 million).",
                byDefault = "small")
        TrainBench.Size size,

        @Setting(doc = "Prompts of a round.", byDefault = "16", min = 1)
        int prompts,

        @Setting(doc = "Tokens of a prompt.", byDefault = "64", min = 1, max = 512)
        int promptLength,

        @Setting(doc = "Completions of each prompt.", byDefault = "1", min = 1)
        int numGenerations,

        @Setting(doc = "Tokens of a completion.", byDefault = "64", min = 2, max = 512)
        int maxNewTokens,

        @Setting(doc = "Completions at a time.", byDefault = "16", min = 1)
        int batchSize,

        @Setting(doc = "Timed rounds, after one that is not timed.", byDefault = "5", min = 1)
        int steps,

        @Setting(doc = "Where to compute: auto, cpu or cuda.", byDefault = "auto")
        String device,

        @Setting(doc = "Processor threads; all cores if not given.", min = 1)
        Optional<Integer> threads,

        @Setting(doc = "File for the results, a JSON object a line.")
        Optional<Path> output) {

    GenerateBench.Plan plan() {
        return new GenerateBench.Plan(size, prompts, promptLength, numGenerations, maxNewTokens, batchSize);
    }
}
