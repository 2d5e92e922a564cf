package dev.plumb.cli;

import dev.plumb.config.Inline;
import dev.plumb.config.Setting;
import dev.plumb.data.DataConfig;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Settings of {@code eval}.
 *
 * @param model checkpoint folder
 * @param reference the model it is measured against
 * @param data the rows
 * @param rows which of them
 * @param beta factor of implicit rewards
 * @param output file of the results
 * @param members further models
 * @param computing where and how the model runs
 */
record EvalSettings(
        @Setting(doc = "The model: a Hugging Face checkpoint folder, also of a reward model.")
        Path model,

        @Setting(
                doc = "The model that it started from. With it, pairs are judged by the implicit reward beta · (log p −"
                        + " log p_ref), without it by log p alone, which says little of what was learnt.")
        Optional<Path> reference,

        @Setting(doc = "The rows: pairs as for dpo, rankings as for reward, or demonstrations as for sft.")
        DataConfig data,

        @Setting(
                doc = "Which rows are measured: all, or held_out: only those that training with the same data settings"
                        + " holds out.",
                byDefault = "all")
        Which rows,

        @Setting(
                doc =
                        "Factor of the implicit reward; give what the model was trained with. It changes margins, never the"
                                + " accuracy.",
                byDefault = "0.1",
                min = 0,
                aboveMin = true,
                source = "arXiv 2305.18290")
        double beta,

        @Setting(doc = "Write the results as JSON to this file too, which must not exist yet.")
        Optional<Path> output,

        @Inline Members members,
        @Inline Computing computing) {

    /** Rows to measure on. */
    enum Which {
        /** All of them. */
        ALL,
        /** Those that training does not see. */
        HELD_OUT
    }
}
