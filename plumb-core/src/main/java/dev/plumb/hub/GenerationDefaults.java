package dev.plumb.hub;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * What a checkpoint says about sampling from it, out of {@code generation_config.json} and, for token ids that it does not
 * give, {@code config.json}.
 *
 * @param endIds tokens that end a text; may be empty
 * @param startId token that begins one
 * @param padId token for padding
 * @param sample whether to sample rather than take the likeliest token
 * @param temperature softmax temperature
 * @param topP mass of the likeliest tokens to sample from
 * @param topK how many of the likeliest tokens to sample from
 * @param minP share of the likeliest token's probability that others need
 * @param repetitionPenalty by how much tokens that are there already become less likely
 */
public record GenerationDefaults(
        List<Integer> endIds,
        OptionalInt startId,
        OptionalInt padId,
        boolean sample,
        OptionalDouble temperature,
        OptionalDouble topP,
        OptionalInt topK,
        OptionalDouble minP,
        OptionalDouble repetitionPenalty) {

    /** Copies the list. */
    public GenerationDefaults {
        endIds = List.copyOf(endIds);
    }

    static GenerationDefaults read(Path folder, ConfigFile config) {
        Path file = folder.resolve("generation_config.json");
        ConfigFile own = Files.exists(file) ? ConfigFile.read(file) : config;
        return new GenerationDefaults(
                (own.has("eos_token_id") ? own : config).integers("eos_token_id"),
                id(own, config, "bos_token_id"),
                id(own, config, "pad_token_id"),
                own.flag("do_sample", false),
                number(own, "temperature"),
                number(own, "top_p"),
                own.integers("top_k").stream().mapToInt(k -> k).findFirst(),
                number(own, "min_p"),
                number(own, "repetition_penalty"));
    }

    private static OptionalInt id(ConfigFile own, ConfigFile config, String key) {
        return (own.has(key) ? own : config)
                .integers(key).stream().mapToInt(id -> id).findFirst();
    }

    private static OptionalDouble number(ConfigFile own, String key) {
        return own.has(key) ? OptionalDouble.of(own.number(key)) : OptionalDouble.empty();
    }
}
