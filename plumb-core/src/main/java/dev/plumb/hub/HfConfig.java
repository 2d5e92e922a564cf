package dev.plumb.hub;

import dev.plumb.config.PlumbException;
import dev.plumb.model.Architecture;
import dev.plumb.model.Architecture.Activation;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * Reads the {@code config.json} of a Hugging Face checkpoint. Absent keys mean what they mean to transformers; a setting that
 * would change the numbers and is not supported is refused. Dropout rates are not read: Plumb trains without dropout.
 */
public final class HfConfig {
    private static final String FAMILIES =
            "llama, mistral, qwen2, qwen3, phi3, gemma2, gemma3_text, olmo2, gpt_neox, falcon, gpt2" + " and opt";

    private HfConfig() {}

    /**
     * Reads what a model is like.
     *
     * @param file a {@code config.json}
     * @return the architecture that it describes
     * @throws PlumbException if the file cannot be read or asks for what is not supported
     */
    public static Architecture architecture(Path file) {
        return architecture(ConfigFile.read(file));
    }

    static Architecture architecture(ConfigFile c) {
        refuse(
                c,
                "quantization_config",
                "stands for quantised weights, which cannot be trained; use the original weights");
        refuse(c, "alibi", "asks for ALiBi positions, which are not supported");
        refuse(c, "add_cross_attention", "asks for an encoder, which is not supported");
        refuse(c, "is_encoder_decoder", "asks for an encoder, which is not supported");
        refuse(c, "use_bidirectional_attention", "asks for attention to later tokens, which is not supported");
        try {
            Architecture decoder = decoder(c);
            if (isClassifying(c)) {
                return decoder.classifying(labels(c), classifyingHead(c));
            }
            return isScoring(c) ? decoder.scoring(labels(c)) : decoder;
        } catch (IllegalArgumentException e) {
            throw new PlumbException(c.file() + ": its sizes do not go together: " + e.getMessage() + ".", e);
        }
    }

    private static Architecture decoder(ConfigFile c) {
        String type = c.text("model_type", "");
        return switch (type) {
            case "llama" -> RotaryFamilies.llama(c);
            case "mistral" -> RotaryFamilies.mistral(c);
            case "qwen2" -> RotaryFamilies.qwen2(c);
            case "qwen3" -> RotaryFamilies.qwen3(c);
            case "phi3" -> RotaryFamilies.phi3(c);
            case "gemma2" -> RotaryFamilies.gemma2(c);
            case "gemma3_text" -> RotaryFamilies.gemma3(c);
            case "olmo2" -> RotaryFamilies.olmo2(c);
            case "gpt_neox" -> ParallelFamilies.neox(c);
            case "falcon" -> ParallelFamilies.falcon(c);
            case "gpt2" -> LearnedFamilies.gpt2(c);
            case "opt" -> LearnedFamilies.opt(c);
            default ->
                throw c.fault(
                        "model_type",
                        (type.isEmpty() ? "is missing" : "is '" + type + "'") + "; supported are " + FAMILIES);
        };
    }

    /** The name that transformers has for a family's reward models. */
    static String scoringClass(ConfigFile c) {
        return family(c) + "ForSequenceClassification";
    }

    /** The name that transformers has for a family's process reward models. */
    static String classifyingClass(ConfigFile c) {
        return family(c) + "ForTokenClassification";
    }

    /** What their head is called. */
    static String classifyingHead(ConfigFile c) {
        String type = c.text("model_type", "");
        if (type.equals("opt") || type.equals("gemma3_text")) {
            throw c.fault(
                    "model_type",
                    "is '" + type + "', of which transformers has no model that classifies tokens, so nobody could load"
                            + " a process reward model made of it; take another family");
        }
        return type.equals("gpt2") ? "classifier" : "score";
    }

    private static String family(ConfigFile c) {
        return switch (c.text("model_type", "")) {
            case "llama" -> "Llama";
            case "mistral" -> "Mistral";
            case "qwen2" -> "Qwen2";
            case "qwen3" -> "Qwen3";
            case "phi3" -> "Phi3";
            case "gemma2" -> "Gemma2";
            case "gemma3_text" -> "Gemma3Text";
            case "olmo2" -> "Olmo2";
            case "gpt_neox" -> "GPTNeoX";
            case "falcon" -> "Falcon";
            case "gpt2" -> "GPT2";
            default -> "OPT";
        };
    }

    static boolean isScoring(ConfigFile c) {
        return c.texts("architectures").stream().anyMatch(name -> name.endsWith("ForSequenceClassification"));
    }

    static boolean isClassifying(ConfigFile c) {
        return c.texts("architectures").stream().anyMatch(name -> name.endsWith("ForTokenClassification"));
    }

    /** transformers stores the number of labels as the size of id2label and takes 2 where there is neither. */
    private static int labels(ConfigFile c) {
        return c.object("id2label").map(map -> map.keys().size()).orElse(c.size("num_labels", 2));
    }

    /** Faults a key that is there and neither null nor false. */
    static void refuse(ConfigFile c, String key, String why) {
        if (c.has(key) && !c.isFalse(key)) {
            throw c.fault(key, why);
        }
    }

    /** Faults a flag that differs from the only supported value. */
    static void require(ConfigFile c, String key, boolean only) {
        if (c.flag(key, only) != only) {
            throw c.fault(key, "is " + !only + "; only " + only + " is supported");
        }
    }

    static Activation activation(ConfigFile c, String key, String otherwise) {
        String name = c.text(key, otherwise);
        return switch (name) {
            case "silu", "swish" -> Activation.SILU;
            case "gelu", "gelu_python" -> Activation.GELU;
            case "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_python_tanh" -> Activation.GELU_TANH;
            case "relu" -> Activation.RELU;
            default ->
                throw c.fault(key, "is '" + name + "'; supported are silu, gelu, gelu_new, gelu_pytorch_tanh and relu");
        };
    }

    /** A width cut into heads of equal size. */
    static int divided(ConfigFile c, String key, int width, int heads) {
        if (width % heads != 0) {
            throw c.fault(key, "is " + width + ", which " + heads + " heads do not divide");
        }
        return width / heads;
    }

    /** A window a layer: all see everything. */
    static List<Integer> everywhere(int layers) {
        return Collections.nCopies(layers, 0);
    }

    /** A window a layer, from layer_types where the config has them. */
    static List<Integer> windows(ConfigFile c, int layers, int window, IntPredicate slidingByDefault) {
        List<String> types = c.texts("layer_types");
        if (types.isEmpty()) {
            return IntStream.range(0, layers)
                    .mapToObj(i -> slidingByDefault.test(i) ? window : 0)
                    .toList();
        }
        if (types.size() != layers) {
            throw c.fault("layer_types", "has " + types.size() + " entries for " + layers + " layers");
        }
        return types.stream()
                .map(type -> switch (type) {
                    case "full_attention" -> 0;
                    case "sliding_attention" -> window;
                    default ->
                        throw c.fault(
                                "layer_types",
                                "holds '" + type + "'; supported are full_attention and sliding_attention");
                })
                .toList();
    }
}
