package dev.plumb.cli;

import dev.plumb.config.Setting;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Settings of {@code merge}.
 *
 * @param adapter folder of the adapter
 * @param model folder of its base model
 * @param output folder of the merged model
 */
record MergeSettings(
        @Setting(doc = "The adapter: a PEFT folder, such as the final folder of a run with use_peft.")
        Path adapter,

        @Setting(
                doc = "The model that the adapter was trained on: a Hugging Face checkpoint folder. Without it, the one"
                        + " that the adapter names.")
        Optional<Path> model,

        @Setting(
                doc =
                        "The folder of the merged model, in the number format of the base model's files. It must not exist"
                                + " yet, or be empty.")
        Path output) {}
