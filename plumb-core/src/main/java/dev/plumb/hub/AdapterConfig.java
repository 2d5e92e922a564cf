package dev.plumb.hub;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.PlumbException;
import dev.plumb.model.Adapter;
import dev.plumb.model.Architecture;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The adapter_config.json of PEFT. Whatever in it would change what the adapter computes, and cannot be had here, is refused.
 *
 * @param settings what the adapter is like; its targets are empty where a pattern or a further choice decides instead
 * @param base the model that it was trained on, as its folder was named then
 */
record AdapterConfig(Adapter.Settings settings, Optional<String> base) {
    static final String NAME = "adapter_config.json";

    /** Further choices among the targets: then the file of tensors says which layers there are. */
    private static final List<String> CHOICES = List.of("exclude_modules", "layers_to_transform", "layers_pattern");

    private static final List<String> UNKNOWN_HERE = List.of(
            "rank_pattern",
            "alpha_pattern",
            "layer_replication",
            "target_parameters",
            "trainable_token_indices",
            "alora_invocation_tokens",
            "arrow_config");

    static AdapterConfig read(Path folder) {
        ConfigFile config = ConfigFile.read(folder.resolve(NAME));
        if (!config.text("peft_type", "").equals("LORA")) {
            throw config.fault(
                    "peft_type",
                    "is '" + config.text("peft_type", "") + "'; only adapters of the type LORA can be read");
        }
        if (!config.text("bias", "none").equals("none")) {
            throw config.fault(
                    "bias",
                    "is '" + config.text("bias", "") + "'; biases are never trained here, so only none can be read");
        }
        if (config.isFilled("modules_to_save")) {
            throw config.fault(
                    "modules_to_save",
                    "names layers that were trained whole; an adapter of low-rank changes alone can be read");
        }
        for (String key : UNKNOWN_HERE) {
            if (config.isFilled(key)) {
                throw config.fault(
                        key,
                        "is set, which Plumb does not do; only one r and one lora_alpha for all layers can be read");
            }
        }
        for (String key : List.of("lora_bias", "use_qalora")) {
            if (config.flag(key, false)) {
                throw config.fault(key, "is true, which Plumb does not do; LoRA, rsLoRA and DoRA can be read");
            }
        }
        Adapter.Settings settings = new Adapter.Settings(
                config.size("r"),
                config.number("lora_alpha"),
                targets(config),
                config.flag("use_rslora", false),
                config.flag("use_dora", false));
        return new AdapterConfig(
                settings,
                Optional.of(config.text("base_model_name_or_path", "")).filter(base -> !base.isEmpty()));
    }

    /** Empty where the names of the tensors decide. */
    private static List<String> targets(ConfigFile config) {
        if (CHOICES.stream().anyMatch(config::isFilled)) {
            return List.of();
        }
        if (config.isText("target_modules")) {
            String only = config.text("target_modules", "");
            return only.equals(Adapter.ALL_LINEAR) ? List.of(only) : List.of(); // any other text is a pattern
        }
        List<String> targets = config.texts("target_modules");
        if (targets.isEmpty()) {
            throw config.fault("target_modules", "names no layer");
        }
        return targets;
    }

    /** The layers that the targets name; empty where the names of the tensors decide. */
    List<String> layers(Path folder, Architecture shape) {
        if (settings.targets().isEmpty()) {
            return List.of();
        }
        try {
            return settings.layers(shape);
        } catch (PlumbException e) {
            throw new PlumbException(folder.resolve(NAME) + ": target_modules: " + e.getMessage(), e);
        }
    }

    /** The file's text. */
    static String text(Adapter adapter, Architecture shape, String base) {
        Adapter.Settings settings = adapter.settings();
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("peft_type", "LORA");
        json.put("task_type", shape.isClassifying() ? "TOKEN_CLS" : shape.isScoring() ? "SEQ_CLS" : "CAUSAL_LM");
        json.put("base_model_name_or_path", base);
        json.put("r", settings.rank());
        if (settings.alpha() == Math.rint(settings.alpha())) {
            json.put("lora_alpha", (long) settings.alpha());
        } else {
            json.put("lora_alpha", settings.alpha());
        }
        json.put("lora_dropout", 0.0);
        names(settings, adapter.layers()).forEach(json.putArray("target_modules")::add);
        json.put("bias", "none");
        json.put("use_rslora", settings.rslora());
        json.put("use_dora", settings.dora());
        json.put("fan_in_fan_out", shape.names().transposed());
        json.put("init_lora_weights", true);
        json.put("inference_mode", true);
        return json.toPrettyString() + "\n";
    }

    /** Layers by their own names: those who read the file need not know what all-linear means. */
    private static List<String> names(Adapter.Settings settings, Set<String> layers) {
        if (settings.targets().isEmpty()) {
            return List.copyOf(layers);
        }
        return settings.targets().contains(Adapter.ALL_LINEAR)
                ? List.copyOf(Adapter.Settings.lastParts(layers))
                : settings.targets();
    }
}
