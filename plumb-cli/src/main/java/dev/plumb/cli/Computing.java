package dev.plumb.cli;

import dev.plumb.config.Setting;
import dev.plumb.train.Precision;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where and how a command runs a model.
 *
 * @param adapter folder of an adapter
 * @param device where to compute
 * @param dtype number format of the weights
 * @param threads processor threads
 */
record Computing(
        @Setting(
                doc =
                        "An adapter to compute with: a PEFT folder, such as the final folder of a run with use_peft. Without it,"
                                + " none; a model that is itself such a folder is computed with the base model it names.")
        Optional<Path> adapter,

        @Setting(doc = "Where to compute: auto (a GPU if there is one), cpu or cuda.", byDefault = "auto")
        String device,

        @Setting(
                doc = "Number format of the weights: float32, bfloat16, or auto: float32 on a CPU, bfloat16 on a GPU.",
                byDefault = "auto")
        Precision dtype,

        @Setting(doc = "Processor threads; all cores if not given.", min = 1)
        Optional<Integer> threads) {}
