package dev.plumb.train;

import dev.plumb.config.Inline;
import dev.plumb.config.Setting;
import dev.plumb.data.DataConfig;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What every run has: a model, data, a folder, and when to look, measure and save.
 *
 * @param method the way of learning
 * @param model checkpoint folder, or an id on a hub
 * @param data files and what to do with their rows
 * @param output run folder
 * @param seed of everything random
 * @param device where to compute
 * @param dtype number format of the weights
 * @param threads processor threads
 * @param loggingSteps steps between lines of progress in a pipe
 * @param evalSteps steps between evaluations
 * @param saveSteps steps between checkpoints
 * @param saveTotalLimit checkpoints kept
 * @param metricForBestModel what the best checkpoint is best at
 * @param loadBestModelAtEnd whether the final model is the best one
 * @param earlyStoppingPatience evaluations without improvement before the run ends
 * @param samplePrompts prompts that are answered before, during and after
 * @param maxCompletionLength tokens of such an answer
 * @param adapter whether an adapter is trained instead of the weights
 */
public record RunSettings(
        @Setting(doc = "The way of learning, such as sft or dpo.")
        String method,

        @Setting(
                doc =
                        "The model to start from: a Hugging Face checkpoint folder with config.json, safetensors and a tokenizer;"
                                + " or org/name or org/name@revision, which is fetched from the hub that HF_ENDPOINT names,"
                                + " once, into the cache that other tools share.")
        Path model,

        @Setting(doc = "The files to learn from, and what to do with their rows.")
        DataConfig data,

        @Setting(doc = "The run's folder; runs/METHOD if not given. It must not hold a run already.")
        Optional<Path> output,

        @Setting(doc = "Seed of the order of rows, the weights of new heads and the samples.", byDefault = "42")
        long seed,

        @Setting(doc = "Where to compute: auto (a GPU if there is one), cpu or cuda.", byDefault = "auto")
        String device,

        @Setting(
                doc = "Number format of the weights: float32, bfloat16 (with float32 master copies), or auto: float32"
                        + " on a CPU, bfloat16 on a GPU.",
                byDefault = "auto")
        Precision dtype,

        @Setting(
                doc = "Processor threads; all cores if not given. Bit-for-bit repeatable only for one and the same"
                        + " number.",
                min = 1)
        Optional<Integer> threads,

        @Setting(
                doc = "Steps between two lines of progress where the output is a pipe or a file; a terminal has a live"
                        + " line, and metrics.jsonl has every step.",
                byDefault = "10",
                min = 1,
                source = "TRL")
        int loggingSteps,

        @Setting(
                doc = "Steps between evaluations on the held-out rows; there is always one before the first step and"
                        + " one after the last. 0: only those two.",
                byDefault = "0",
                min = 0)
        int evalSteps,

        @Setting(
                doc = "Steps between checkpoints that a run can go on from; 0: only when the run is interrupted.",
                byDefault = "500",
                min = 0,
                source = "transformers")
        int saveSteps,

        @Setting(
                doc = "How many of the newest checkpoints are kept; the best one is kept besides.",
                byDefault = "2",
                min = 1)
        int saveTotalLimit,

        @Setting(
                doc = "The evaluation metric that the best checkpoint is best at. Metrics named after a loss, a"
                        + " perplexity or a distance count as better when lower. Methods that learn from their own"
                        + " answers have the reward in place of the loss, or judge/win_rate with a judge.",
                byDefault = "loss",
                source = "transformers")
        String metricForBestModel,

        @Setting(
                doc = "Whether the final model is the one with the best evaluation; needs eval_steps and save_steps to"
                        + " be equal.",
                byDefault = "false",
                source = "transformers")
        boolean loadBestModelAtEnd,

        @Setting(
                doc = "Ends the run after so many evaluations in a row without an improvement; 0: never.",
                byDefault = "0",
                min = 0)
        int earlyStoppingPatience,

        @Setting(
                doc = "How many held-out prompts are answered before the first step, at each evaluation and at the end,"
                        + " for samples.jsonl and the report. A reward model answers none.",
                byDefault = "3",
                min = 0)
        int samplePrompts,

        @Setting(
                doc = "Tokens of such an answer at most; 64 if not given. Of methods that learn from their own answers,"
                        + " tokens of those too; 256 if not given.",
                min = 1,
                source = "TRL")
        Optional<Integer> maxCompletionLength,

        @Inline AdapterSettings adapter) {
    /** Checks what single ranges cannot. */
    public RunSettings {
        if (loadBestModelAtEnd && (evalSteps == 0 || evalSteps != saveSteps)) {
            throw new IllegalArgumentException("load_best_model_at_end needs eval_steps and save_steps to be equal and"
                    + " above 0, not " + evalSteps + " and " + saveSteps);
        }
        if (earlyStoppingPatience > 0 && evalSteps == 0) {
            throw new IllegalArgumentException("early_stopping_patience needs eval_steps above 0");
        }
    }

    /**
     * Where the run writes.
     *
     * @return {@code output}, or the folder that stands in for it
     */
    public Path folder() {
        return output.orElse(Path.of("runs", method));
    }
}
