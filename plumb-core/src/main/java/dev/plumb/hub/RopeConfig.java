package dev.plumb.hub;

import dev.plumb.model.Rope;
import dev.plumb.model.Rope.Scaling;
import java.util.Optional;
import java.util.Set;

/**
 * Rotary positions out of a config, in its older form ({@code rope_theta}, {@code rope_scaling}) or its newer one
 * ({@code rope_parameters}). The meaning of each key is that of transformers' {@code modeling_rope_utils.py}.
 */
final class RopeConfig {
    private static final Set<String> KNOWN = Set.of(
            "rope_type",
            "type",
            "rope_theta",
            "partial_rotary_factor",
            "factor",
            "original_max_position_embeddings",
            "low_freq_factor",
            "high_freq_factor",
            "beta_fast",
            "beta_slow",
            "attention_factor",
            "mscale",
            "mscale_all_dim",
            "truncate",
            "finetuned");

    private final ConfigFile config;
    private final int headWidth;
    private final boolean mayBePartial;
    private final double usualPart;

    private RopeConfig(ConfigFile config, int headWidth, boolean mayBePartial, double usualPart) {
        this.config = config;
        this.headWidth = headWidth;
        this.mayBePartial = mayBePartial;
        this.usualPart = usualPart;
    }

    /** Of a family in which whole heads turn. */
    static RopeConfig whole(ConfigFile config, int headWidth) {
        return new RopeConfig(config, headWidth, false, 1);
    }

    /** Of a family in which a part of each head may turn; how much where the config does not say it. */
    static RopeConfig partial(ConfigFile config, int headWidth, double usualPart) {
        return new RopeConfig(config, headWidth, true, usualPart);
    }

    /** Rotations of layers that see everything. */
    Rope full(double defaultBase) {
        Optional<ConfigFile> newer = parameters("full_attention");
        if (newer.isPresent()) {
            ConfigFile p = newer.get();
            return rope(p.number("rope_theta", config.number("rope_theta", defaultBase)), newer);
        }
        return rope(config.number("rope_theta", defaultBase), config.object("rope_scaling"));
    }

    /** Rotations of layers with a window, where they have their own, as in Gemma 3. */
    Rope local(double defaultBase) {
        Optional<ConfigFile> newer = parameters("sliding_attention");
        if (newer.isPresent()) {
            return rope(newer.get().number("rope_theta", defaultBase), newer);
        }
        return rope(config.number("rope_local_base_freq", defaultBase), Optional.empty());
    }

    private Optional<ConfigFile> parameters(String layerType) {
        Optional<ConfigFile> all = config.object("rope_parameters");
        boolean byType = all.isPresent() && all.get().has("full_attention");
        return byType ? all.get().object(layerType) : all;
    }

    private Rope rope(double base, Optional<ConfigFile> parameters) {
        double part = config.number("partial_rotary_factor", usualPart);
        double partial =
                parameters.map(p -> p.number("partial_rotary_factor", part)).orElse(part);
        if (partial != 1 && !mayBePartial) {
            throw config.fault("partial_rotary_factor", "is " + partial + "; for this model_type only 1 is supported");
        }
        int width = (int) (headWidth * partial);
        if (width < 2 || width > headWidth || width % 2 != 0) {
            throw config.fault(
                    "partial_rotary_factor",
                    "would turn " + width + " of " + headWidth
                            + " elements of a head; an even number above 0 is needed");
        }
        return new Rope(base, width, parameters.map(this::scaling).orElse(new Scaling.None()));
    }

    private Scaling scaling(ConfigFile p) {
        String type = p.text("rope_type", p.text("type", "default"));
        Scaling scaling = switch (type) {
            case "default" -> new Scaling.None();
            case "linear" -> new Scaling.Linear(p.number("factor"));
            case "dynamic" -> dynamic(p);
            case "yarn" -> yarn(p);
            case "llama3" ->
                new Scaling.Llama3(
                        p.number("factor"),
                        p.number("low_freq_factor"),
                        p.number("high_freq_factor"),
                        p.size("original_max_position_embeddings"));
            default ->
                throw p.fault(
                        p.has("rope_type") ? "rope_type" : "type",
                        "is '" + type + "'; supported are default, linear, dynamic, yarn and llama3");
        };
        p.allowOnly(KNOWN);
        return scaling;
    }

    private Scaling dynamic(ConfigFile p) {
        int length = config.size("max_position_embeddings");
        if (p.size("original_max_position_embeddings", length) != length) {
            throw p.fault(
                    "original_max_position_embeddings",
                    "differs from max_position_embeddings (" + length
                            + "), which versions of transformers read differently for dynamic scaling; make them equal");
        }
        return new Scaling.Dynamic(p.number("factor"), length);
    }

    private Scaling yarn(ConfigFile p) {
        double factor = p.number("factor");
        double attention = magnitude(factor, 1);
        if (p.has("attention_factor")) {
            attention = p.number("attention_factor");
        } else if (p.number("mscale", 0) != 0 && p.number("mscale_all_dim", 0) != 0) {
            attention = magnitude(factor, p.number("mscale")) / magnitude(factor, p.number("mscale_all_dim"));
        }
        return new Scaling.Yarn(
                factor,
                p.size("original_max_position_embeddings", config.size("max_position_embeddings")),
                p.number("beta_fast", 32),
                p.number("beta_slow", 1),
                attention,
                p.flag("truncate", true));
    }

    private static double magnitude(double factor, double scale) {
        return factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1;
    }
}
