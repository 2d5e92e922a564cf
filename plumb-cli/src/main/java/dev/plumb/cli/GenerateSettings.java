package dev.plumb.cli;

import dev.plumb.config.Inline;
import dev.plumb.config.Setting;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Settings of {@code generate}.
 *
 * @param model checkpoint folder
 * @param prompt one prompt
 * @param prompts file of prompts
 * @param output file of completions
 * @param chat whether prompts go through the chat template
 * @param chatTemplate the template in place of the model's own
 * @param allowSpecialTokens whether prompts may spell special tokens
 * @param maxNewTokens tokens of a completion at most
 * @param temperature of the softmax
 * @param topK how many tokens to draw from
 * @param topP mass of the tokens to draw from
 * @param seed of the draws
 * @param batchSize completions at a time
 * @param computing where and how the model runs
 */
record GenerateSettings(
        @Setting(
                doc = "The model: a Hugging Face checkpoint folder, such as the final folder of a run; or org/name or"
                        + " org/name@revision on the hub that HF_ENDPOINT names.")
        Path model,

        @Setting(doc = "One prompt, answered on the terminal as the tokens come.")
        Optional<String> prompt,

        @Setting(
                doc =
                        "A .jsonl file (also .gz) with a row for each prompt, or - for the standard input: prompt (a text or"
                                + " a list of messages), or messages, or prompt_ids. Give this or prompt.")
        Optional<Path> prompts,

        @Setting(
                doc =
                        "Write JSON lines with prompt, completion, ids, logps and stopped to this file, which must not exist"
                                + " yet. Without it they go to the standard output.")
        Optional<Path> output,

        @Setting(
                doc =
                        "Whether a prompt that is a text becomes the user's turn of the chat template. Without it, so it is"
                                + " if the model has a template.")
        Optional<Boolean> chat,

        @Setting(doc = "The chat template in place of the model's own: chatml, plain, or the path of a Jinja file.")
        Optional<String> chatTemplate,

        @Setting(
                doc = "Whether a prompt may spell special tokens such as <|im_end|>, which then count as those tokens.",
                byDefault = "false")
        boolean allowSpecialTokens,

        @Setting(
                doc =
                        "Tokens of a completion at most; a prompt near the end of the model's context leaves room for fewer.",
                byDefault = "256",
                min = 1)
        int maxNewTokens,

        @Setting(
                doc =
                        "Logits are divided by it: 0 takes the most probable token each time, 1 draws as the model predicts."
                                + " Without it, what the model's generation_config.json says, and 0 if it does not sample.",
                min = 0)
        Optional<Double> temperature,

        @Setting(
                doc =
                        "Draw from the k most probable tokens only; 0 from all. Without it, what generation_config.json says,"
                                + " else 0.",
                min = 0)
        Optional<Integer> topK,

        @Setting(
                doc = "Draw from the most probable tokens that together reach this mass. Without it, what"
                        + " generation_config.json says, else 1.",
                min = 0,
                aboveMin = true,
                max = 1)
        Optional<Double> topP,

        @Setting(
                doc = "Seed of the draws. A prompt has its own stream: its completion does not depend on what else is"
                        + " generated beside it.",
                byDefault = "42")
        long seed,

        @Setting(doc = "How many completions are made at a time.", byDefault = "16", min = 1)
        int batchSize,

        @Inline Computing computing) {
    /** Checks what single ranges cannot. */
    GenerateSettings {
        if (prompt.isPresent() == prompts.isPresent()) {
            throw new IllegalArgumentException("give either prompt='…' or prompts=FILE.jsonl");
        }
    }
}
