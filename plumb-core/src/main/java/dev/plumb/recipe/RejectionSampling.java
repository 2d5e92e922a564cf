package dev.plumb.recipe;

import dev.plumb.config.Inline;
import dev.plumb.config.Setting;
import dev.plumb.data.DataConfig;
import dev.plumb.train.Precision;
import dev.plumb.train.Rewards;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Settings of a stage that lets a model answer prompts and keeps the answers that earn enough: rows for supervised fine-tuning
 * (arXiv 2501.12948, section 2.3.3; 2307.09288, section 3.2.3).
 *
 * @param model who answers
 * @param data the prompts
 * @param output the stage's folder
 * @param seed of the draws
 * @param device where to compute
 * @param dtype number format of the weights
 * @param threads processor threads
 * @param numGenerations answers to each prompt
 * @param temperature of the draws
 * @param topP of the draws
 * @param maxCompletionLength tokens of an answer at most
 * @param minReward what an answer must earn
 * @param keepPerPrompt answers kept of each prompt at most
 * @param keepCut whether answers that the limit cut off may be kept
 * @param rewards what answers earn
 */
public record RejectionSampling(
        @Setting(doc = "The model that answers; ${NAME} is an earlier stage's.")
        Path model,

        @Setting(
                doc =
                        "The prompts. All of files are answered, the share that eval_share would hold out too: it goes by the"
                                + " prompt, so that a later stage with the same share holds out the same prompts again.")
        DataConfig data,

        @Setting(doc = "The stage's folder, which the recipe gives.")
        Path output,

        @Setting(doc = "Seed of the draws.", byDefault = "42")
        long seed,

        @Setting(doc = "Where to compute: auto (a GPU if there is one), cpu or cuda.", byDefault = "auto")
        String device,

        @Setting(doc = "Number format of the weights: float32, bfloat16 or auto.", byDefault = "auto")
        Precision dtype,

        @Setting(doc = "Processor threads; all cores if not given.", min = 1)
        Optional<Integer> threads,

        @Setting(
                doc = "Answers drawn to each prompt.",
                byDefault = "16",
                min = 1,
                source = "Llama 3, arXiv 2407.21783, section 4.2.2: 10 to 30")
        int numGenerations,

        @Setting(doc = "Temperature of the draws.", byDefault = "1.0", min = 0, aboveMin = true)
        double temperature,

        @Setting(
                doc = "Draw only from the most probable tokens that together reach this mass.",
                byDefault = "1.0",
                min = 0,
                aboveMin = true,
                max = 1)
        double topP,

        @Setting(doc = "Tokens of an answer at most.", byDefault = "256", min = 1)
        int maxCompletionLength,

        @Setting(
                doc =
                        "What an answer must earn to be kept: at least this weighted sum of rewards. With [accuracy, format] an"
                                + " answer that is right and in form earns 2.")
        double minReward,

        @Setting(
                doc =
                        "Answers kept of each prompt at most, those that earn most first, then those drawn first; of equal"
                                + " texts one.",
                byDefault = "4",
                min = 1)
        int keepPerPrompt,

        @Setting(
                doc = "Whether an answer may be kept that max_completion_length cut off, which teaches not to end.",
                byDefault = "false")
        boolean keepCut,

        @Inline Rewards rewards) {
    /** The name in {@code method: …}. */
    public static final String METHOD = "rejection_sampling";

    /** Checks that something rewards. */
    public RejectionSampling {
        rewards.requireAny();
    }

    /**
     * What the stage writes: JSON lines with prompt, completion, reward, and the file and line of the prompt.
     *
     * @return {@code accepted.jsonl} in its folder
     */
    public Path rows() {
        return output.resolve("accepted.jsonl");
    }
}
