package dev.plumb.cli;

import dev.plumb.config.Setting;
import dev.plumb.train.TrainBench;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Settings of {@code plumb bench train}.
 *
 * @param task what a step does
 * @param size size of the model
 * @param steps timed steps
 * @param microBatchTokens tokens of a forward pass
 * @param gradientCheckpointing layers computed again on the way back
 * @param device where
 * @param threads processor threads
 * @param output file for the results
 */
record BenchSettings(
        @Setting(
                doc = "What a step does: sft (8 sequences of 256 tokens), dpo (4 pairs with a frozen reference),"
                        + " dpo_pre (the reference known), dpo_lora (an adapter, the reference without it) or simpo (no"
                        + " reference).",
                byDefault = "[sft, dpo, dpo_pre, dpo_lora, simpo]")
        List<TrainBench.Task> task,

        @Setting(
                doc = "Size of the random model: small (40 million parameters) or base (110 million).",
                byDefault = "[small]")
        List<TrainBench.Size> size,

        @Setting(doc = "Timed steps, after one that is not timed.", byDefault = "3", min = 1)
        int steps,

        @Setting(doc = "Tokens of a forward pass; as in training if not given.", min = 1)
        Optional<Integer> microBatchTokens,

        @Setting(doc = "Computes layers again on the way back instead of keeping what they made.", byDefault = "false")
        boolean gradientCheckpointing,

        @Setting(doc = "Where to compute: auto, cpu or cuda.", byDefault = "auto")
        String device,

        @Setting(doc = "Processor threads; all cores if not given.", min = 1)
        Optional<Integer> threads,

        @Setting(doc = "File for the results, a JSON object a line.")
        Optional<Path> output) {}
