package dev.plumb.cli;

import dev.plumb.config.Setting;
import dev.plumb.hub.GenerationDefaults;
import dev.plumb.model.Sampling;
import dev.plumb.text.Tokenizer;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * How a command draws tokens.
 *
 * @param maxNewTokens tokens of a completion at most
 * @param temperature of the softmax
 * @param topK how many tokens to draw from
 * @param topP mass of the tokens to draw from
 * @param minP share of the most probable token's probability that others need
 * @param repetitionPenalty on tokens that are there already
 * @param stopStrings texts that end a completion
 * @param stopTokenIds tokens that end a completion
 * @param seed of the draws
 */
record Drawing(
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
                doc =
                        "Draw only from tokens that are at least this share as probable as the most probable one. Without it,"
                                + " what generation_config.json says, else 0.",
                min = 0,
                max = 1,
                source = "arXiv 2407.01082")
        Optional<Double> minP,

        @Setting(
                doc =
                        "Tokens that prompt or completion hold become less probable: their logits are divided by it where they"
                                + " are above 0 and multiplied where below. Below 1, more probable. Without it, what"
                                + " generation_config.json says, else 1.",
                min = 0,
                aboveMin = true,
                source = "arXiv 1909.05858, section 4.1")
        Optional<Double> repetitionPenalty,

        @Setting(
                doc =
                        "A completion ends as soon as it holds one of these texts, as in stop_strings=['User:']. The text stays"
                                + " in it, with what the last token adds.",
                byDefault = "[]")
        List<String> stopStrings,

        @Setting(doc = "Tokens that end a completion, besides those that the model itself names.", byDefault = "[]")
        List<Integer> stopTokenIds,

        @Setting(
                doc =
                        "Seed of the draws. A completion has its own stream, which follows from the seed, the prompt's place in"
                                + " the file and the completion's number: it does not depend on what else is generated beside it.",
                byDefault = "42")
        long seed) {
    /** Checks texts. */
    Drawing {
        stopStrings = List.copyOf(stopStrings);
        stopTokenIds = List.copyOf(stopTokenIds);
        if (stopStrings.contains("")) {
            throw new IllegalArgumentException(
                    "stop_strings holds an empty text, with which every completion would end");
        }
    }

    /** What is set here, else what the model's own settings say. */
    Sampling sampling(GenerationDefaults defaults, Tokenizer tokenizer) {
        Set<Integer> stops = new HashSet<>(defaults.endIds());
        tokenizer.eos().ifPresent(stops::add);
        stops.addAll(stopTokenIds);
        double usual = defaults.sample() ? defaults.temperature().orElse(1) : 0;
        return new Sampling(
                maxNewTokens,
                temperature.orElse(usual),
                topK.orElse(defaults.topK().orElse(0)),
                topP.orElse(defaults.topP().orElse(1)),
                minP.orElse(defaults.minP().orElse(0)),
                repetitionPenalty.orElse(defaults.repetitionPenalty().orElse(1)),
                stops,
                seed);
    }
}
