package dev.plumb.cli;

import dev.plumb.config.Inline;
import dev.plumb.config.Setting;
import dev.plumb.data.BadRows;
import dev.plumb.data.DataConfig;
import dev.plumb.data.DataFile;
import dev.plumb.data.TrainOn;
import dev.plumb.data.Truncation;
import dev.plumb.reward.Aggregate;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Settings of {@code score}.
 *
 * @param model checkpoint folder
 * @param data file of rows
 * @param output file of scores
 * @param trainOn which tokens are scored
 * @param aggregate from scores of steps to one of a solution
 * @param stepSeparator what ends a step
 * @param maxSolutionSteps the most steps of a text that is cut into steps
 * @param onBadRow what becomes of rows that cannot be scored
 * @param chatTemplate the template in place of the model's own
 * @param templateKwargs further variables for the template
 * @param allowSpecialTokens whether text may spell special tokens
 * @param addEos whether plain answers get the end token
 * @param normalisation what becomes of the scale that a reward model keeps
 * @param members further models
 * @param computing where and how the model runs
 */
record ScoreSettings(
        @Setting(
                doc = "The model: a Hugging Face checkpoint folder, or org/name or org/name@revision on the hub that"
                        + " HF_ENDPOINT names. A reward model gives a reward for each row instead, and a process reward"
                        + " model a score for each step.")
        Path model,

        @Setting(
                doc =
                        "The rows: text, prompt + completion, messages, or the other forms that sft reads; or, in a .jsonl"
                                + " file, token ids: input_ids, with labels (-100 where nothing is scored) and attention_mask if"
                                + " wanted, or prompt_ids + completion_ids. Ids need no tokenizer.")
        DataFile data,

        @Setting(
                doc =
                        "Write JSON lines to this file, which must not exist yet. Without it they go to the standard output.")
        Optional<Path> output,

        @Setting(
                doc = "Which tokens of a text are scored: completion, assistant (every turn of the assistant), all, or"
                        + " auto: the completion where there is a prompt, the assistant's turns of a conversation, all of a"
                        + " plain text.",
                byDefault = "auto")
        TrainOn trainOn,

        @Setting(
                doc = "Of a process reward model: min, prod, mean, last, geo_mean or logit_sum of the steps' scores is"
                        + " the score of a solution. min suits models taught by people, last those taught by sampled"
                        + " continuations.",
                byDefault = "min")
        Aggregate aggregate,

        @Setting(
                doc = "Of a process reward model: what follows each step. That of its training, which its folder says;"
                        + " for a model whose folder does not, \"\\n\" if not given.")
        Optional<String> stepSeparator,

        @Setting(
                doc =
                        "Of a process reward model: the most steps that a solution that is one text is cut into. As in its"
                                + " training if not given, or 64.",
                min = 1)
        Optional<Integer> maxSolutionSteps,

        @Setting(
                doc =
                        "What to do with a row that cannot be scored: error ends with its place and reason; drop leaves it"
                                + " out and says how many there were.",
                byDefault = "error")
        BadRows onBadRow,

        @Setting(doc = "The chat template in place of the model's own: chatml, plain, or the path of a Jinja file.")
        Optional<String> chatTemplate,

        @Setting(doc = "Further variables for the chat template, such as {enable_thinking: false}.")
        Map<String, Object> templateKwargs,

        @Setting(
                doc = "Whether text may spell special tokens such as <|im_end|>, which then count as those tokens.",
                byDefault = "false")
        boolean allowSpecialTokens,

        @Setting(
                doc = "Whether a plain answer or text gets the tokenizer's end token unless it ends in it.",
                byDefault = "true")
        boolean addEos,

        @Setting(
                doc =
                        "The scale of rewards. auto: (reward - mean) / standard deviation where the model's folder keeps them, each"
                                + " member on its own; off: as the model gives them; fit: take the rows for answers of the reference,"
                                + " the policy before reinforcement learning, and keep theirs in the model's folder, once and for all.",
                byDefault = "auto",
                source = "arXiv 2203.02155, 2009.01325")
        Scale normalisation,

        @Inline Members members,
        @Inline Computing computing) {

    /** The scale of rewards. */
    enum Scale {
        /** The one that is kept, if there is one. */
        AUTO,
        /** None. */
        OFF,
        /** The one that these rows give. */
        FIT
    }

    /** How rows become tokens, as in training. */
    DataConfig encoding() {
        return new DataConfig(
                List.of(data),
                List.of(),
                0,
                onBadRow,
                Optional.empty(),
                Truncation.ERROR,
                1,
                1,
                trainOn,
                chatTemplate,
                templateKwargs,
                allowSpecialTokens,
                addEos,
                false);
    }
}
