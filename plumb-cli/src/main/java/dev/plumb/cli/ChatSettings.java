package dev.plumb.cli;

import dev.plumb.config.Inline;
import dev.plumb.config.Setting;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Settings of {@code chat}.
 *
 * @param model checkpoint folder
 * @param system what the model is told before the conversation
 * @param chatTemplate the template in place of the model's own
 * @param drawing how tokens are drawn
 * @param computing where and how the model runs
 */
record ChatSettings(
        @Setting(
                doc = "The model: a Hugging Face checkpoint folder, such as the final folder of a run; or org/name or"
                        + " org/name@revision on the hub that HF_ENDPOINT names.")
        Path model,

        @Setting(doc = "What the model is told before the conversation, as the system's turn; /system changes it.")
        Optional<String> system,

        @Setting(doc = "The chat template in place of the model's own: chatml, plain, or the path of a Jinja file.")
        Optional<String> chatTemplate,

        @Inline Drawing drawing,
        @Inline Computing computing) {}
