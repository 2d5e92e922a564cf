package dev.plumb.train;

import dev.plumb.config.PlumbException;
import dev.plumb.config.Setting;
import dev.plumb.hub.Checkpoint;
import dev.plumb.model.Adapter;
import dev.plumb.model.Decoder;
import java.util.List;

/**
 * Whether an adapter is trained instead of the weights, and which.
 *
 * @param usePeft whether there is one
 * @param loraR its rank
 * @param loraAlpha its strength
 * @param loraDropout always 0
 * @param loraTargetModules the layers that it changes
 * @param useRslora whether its strength is over the root of the rank
 * @param useDora whether it learns magnitudes apart from directions
 */
public record AdapterSettings(
        @Setting(
                doc =
                        "Trains a small adapter of the model and leaves its weights as they are: no gradients and moments of"
                                + " the weights, and the reference is the model with the adapter off instead of a second"
                                + " model. It wants a learning_rate about ten times that of full training. final/ is a PEFT"
                                + " folder then; `plumb merge` makes a model of it.",
                byDefault = "false",
                source = "TRL; arXiv 2106.09685")
        boolean usePeft,

        @Setting(
                doc = "Rank of the adapter: how many directions of a layer it can change.",
                byDefault = "16",
                min = 1,
                source = "TRL")
        int loraR,

        @Setting(
                doc = "Strength of the adapter: its change is multiplied by lora_alpha / lora_r.",
                byDefault = "32",
                min = 0,
                aboveMin = true,
                source = "TRL; arXiv 2106.09685 section 4.1")
        double loraAlpha,

        @Setting(
                doc = "There is no dropout here, so that results can be repeated and policy and reference agree at the"
                        + " start; only 0 is taken.",
                byDefault = "0.0",
                min = 0,
                max = 1)
        double loraDropout,

        @Setting(
                doc =
                        "The linear layers that get one, by their names in the model, such as [q_proj, v_proj]; or all-linear.",
                byDefault = "all-linear",
                source = "PEFT")
        List<String> loraTargetModules,

        @Setting(
                doc = "Multiplies the change by lora_alpha / √lora_r instead, so that a larger rank learns as fast.",
                byDefault = "false",
                source = "arXiv 2312.03732")
        boolean useRslora,

        @Setting(
                doc =
                        "Learns the length of each row of weights apart from its direction: more work for results nearer to"
                                + " full training.",
                byDefault = "false",
                source = "arXiv 2402.09353")
        boolean useDora) {
    /** Checks what single ranges cannot. */
    public AdapterSettings {
        loraTargetModules = List.copyOf(loraTargetModules);
        if (loraDropout != 0) {
            throw new IllegalArgumentException("lora_dropout: adapters have no dropout in Plumb; leave it at 0");
        }
        boolean plain = loraR == 16
                && loraAlpha == 32
                && loraTargetModules.equals(List.of(Adapter.ALL_LINEAR))
                && !useRslora
                && !useDora;
        if (!usePeft && !plain) {
            throw new IllegalArgumentException(
                    "settings of an adapter are given, but use_peft is false; add use_peft: true to train one");
        }
    }

    /** A model ready to be trained: with a fresh adapter if one is wanted, else as it is. */
    Checkpoint prepare(Checkpoint checkpoint, long seed) {
        if (!usePeft) {
            return checkpoint;
        }
        if (checkpoint.decoder().architecture().isScoring()) {
            throw new PlumbException("use_peft: an adapter cannot hold the head of a reward model; set it to false.");
        }
        return checkpoint.with(fresh(checkpoint.decoder(), seed));
    }

    /** An adapter that changes nothing yet. */
    Adapter fresh(Decoder decoder, long seed) {
        Adapter.Settings settings = new Adapter.Settings(loraR, loraAlpha, loraTargetModules, useRslora, useDora);
        try {
            return Adapter.fresh(settings, decoder, seed);
        } catch (PlumbException e) {
            throw new PlumbException("lora_target_modules: " + e.getMessage(), e);
        }
    }
}
