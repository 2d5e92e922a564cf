package dev.plumb.data;

import dev.plumb.config.PlumbException;
import dev.plumb.config.Setting;
import dev.plumb.config.SettingInfo;
import dev.plumb.config.Settings;
import dev.plumb.config.Shorthand;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The settings under {@code data}: which rows are learnt, and how they become tokens.
 *
 * @param files what is learnt
 * @param evalFiles what is only measured
 * @param evalShare the share of prompts held out of {@code files}
 * @param onBadRow what becomes of rows that cannot be learnt from
 * @param maxLength the limit of a row, in tokens
 * @param truncation what becomes of rows above the limit
 * @param maxCutShare how many rows may lose a part of their answer
 * @param maxUnstoppedShare how many conversational rows may end in no stop token
 * @param trainOn which tokens of a demonstration are targets
 * @param chatTemplate the template in place of the model's own
 * @param templateKwargs further variables for the template
 * @param allowSpecialTokens whether text may spell special tokens
 * @param addEos whether plain answers get the end token
 * @param shuffle whether an epoch mixes the rows
 */
@Shorthand("files")
public record DataConfig(
        @Setting(doc = "The files to learn from. Each may have a format, column names and a weight.")
        List<DataFile> files,

        @Setting(doc = "Files to measure on. Rows of the training files with the same prompt are left out of training.")
        List<DataFile> evalFiles,

        @Setting(
                doc =
                        "The share of prompts held out of the training files for evaluation, chosen by a hash of the prompt: rows"
                                + " with one prompt stay together, and rows added later move none. 0 holds out nothing. Not used where"
                                + " there are eval_files.",
                byDefault = "0.05",
                min = 0,
                max = 1,
                belowMax = true)
        double evalShare,

        @Setting(
                doc =
                        "What to do with rows that cannot be learnt from: error lists them all by reason and does not train; drop"
                                + " leaves them out and counts them.",
                byDefault = "error")
        BadRows onBadRow,

        @Setting(
                doc =
                        "The longest row in tokens, prompt and answer together. Without it, the model's context length. The"
                                + " preflight report gives the length that 99.5 % of the rows keep within.",
                min = 8)
        Optional<Integer> maxLength,

        @Setting(
                doc =
                        "What to do with a longer row: error, keep_start (the end of the answer is lost), keep_end (the start of the"
                                + " prompt is lost) or drop.",
                byDefault = "error",
                source = "verl: data.truncation")
        Truncation truncation,

        @Setting(
                doc = "The share of rows that may lose a part of their answer to truncation before the run is refused.",
                byDefault = "0.05",
                min = 0,
                max = 1)
        double maxCutShare,

        @Setting(
                doc =
                        "The share of conversational rows whose last trained token may be no special token before the run is"
                                + " refused: a model that never learns to stop does not stop.",
                byDefault = "0.05",
                min = 0,
                max = 1)
        double maxUnstoppedShare,

        @Setting(
                doc =
                        "Which tokens of a demonstration are learnt: completion, assistant (every turn of the assistant), all, or"
                                + " auto: the completion where there is a prompt, the assistant's turns of a conversation, all of a plain"
                                + " text.",
                byDefault = "auto")
        TrainOn trainOn,

        @Setting(
                doc =
                        "The chat template in place of the model's own: chatml, plain (User: and Assistant: before each turn), or"
                                + " the path of a Jinja file.")
        Optional<String> chatTemplate,

        @Setting(doc = "Further variables for the chat template, such as {enable_thinking: false}.")
        Map<String, Object> templateKwargs,

        @Setting(
                doc =
                        "Whether text may spell special tokens such as <|im_end|>, which then count as those tokens. True for rows"
                                + " that were rendered with a chat template beforehand.",
                byDefault = "false")
        boolean allowSpecialTokens,

        @Setting(
                doc =
                        "Whether a plain answer or text gets the tokenizer's end token unless it ends in it. What ends a turn of a"
                                + " conversation is up to the chat template.",
                byDefault = "true")
        boolean addEos,

        @Setting(
                doc =
                        "Whether an epoch visits the rows in an order that follows from the run's seed, else as they stand in the"
                                + " files.",
                byDefault = "true")
        boolean shuffle) {

    /** Checks what no single setting shows. */
    public DataConfig {
        files = List.copyOf(files);
        evalFiles = List.copyOf(evalFiles);
        templateKwargs = Collections.unmodifiableMap(new LinkedHashMap<>(templateKwargs));
        if (files.isEmpty()) {
            throw new PlumbException("data.files names no file. Give at least one, as in data=rows.jsonl.");
        }
    }

    /**
     * The same settings for other files.
     *
     * @param learnt what is learnt
     * @param measured what is only measured
     * @return the settings
     */
    public DataConfig withFiles(List<DataFile> learnt, List<DataFile> measured) {
        return new DataConfig(
                learnt,
                measured,
                evalShare,
                onBadRow,
                maxLength,
                truncation,
                maxCutShare,
                maxUnstoppedShare,
                trainOn,
                chatTemplate,
                templateKwargs,
                allowSpecialTokens,
                addEos,
                shuffle);
    }

    /**
     * What was said of settings under {@code data}, for settings of the same kind that stand under another key.
     *
     * @param key the other key
     * @param text what was said
     * @return the same, naming the other key
     */
    public static String under(String key, String text) {
        String keys = Settings.of(DataConfig.class).stream()
                .map(SettingInfo::key)
                .filter(name -> name.matches("\\w+"))
                .collect(Collectors.joining("|"));
        return text.replaceAll("\\bdata\\.(?=(" + keys + ")\\b)", key + ".");
    }

    /**
     * Files with every other setting at its default.
     *
     * @param files what to learn from
     * @return the settings
     */
    public static DataConfig of(DataFile... files) {
        return new DataConfig(
                List.of(files),
                List.of(),
                0.05,
                BadRows.ERROR,
                Optional.empty(),
                Truncation.ERROR,
                0.05,
                0.05,
                TrainOn.AUTO,
                Optional.empty(),
                Map.of(),
                false,
                true,
                true);
    }
}
