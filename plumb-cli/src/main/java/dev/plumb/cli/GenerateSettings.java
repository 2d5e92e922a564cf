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
 * @param numGenerations completions of each prompt
 * @param picking what they are rewarded for, and which is written
 * @param drawing how tokens are drawn
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
                                + " a list of messages), or messages, or prompt_ids; rewards read the other columns. Give this or prompt.")
        Optional<Path> prompts,

        @Setting(
                doc =
                        "Write JSON lines to this file, which must not exist yet: for each completion prompt, sample (its number"
                                + " among those of the prompt, from 0), completion, ids, logps, sampling_logps and stopped; with rewards reward, their sum, and"
                                + " rewards, each by name; with votes answer, what it voted for."
                                + " Without it they go to the standard output.")
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
                doc = "Completions of each prompt, which is computed once for all of them. More than 1 needs a"
                        + " temperature above 0.",
                byDefault = "1",
                min = 1)
        int numGenerations,

        @Inline Picking picking,
        @Inline Drawing drawing,

        @Setting(doc = "How many completions are made at a time.", byDefault = "16", min = 1)
        int batchSize,

        @Inline Computing computing) {
    /** Checks what single ranges cannot. */
    GenerateSettings {
        if (prompt.isPresent() == prompts.isPresent()) {
            throw new IllegalArgumentException("give either prompt='…' or prompts=FILE.jsonl");
        }
        picking.requireUse(numGenerations);
    }
}
