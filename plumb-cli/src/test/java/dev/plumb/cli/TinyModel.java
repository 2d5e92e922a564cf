package dev.plumb.cli;

import dev.plumb.text.BytePairTrainer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.StringJoiner;

/** A random Llama of one layer with a tokenizer and a chat template, written to a folder byte by byte. */
final class TinyModel {
    private static final int VOCABULARY = 300;
    private static final int WIDTH = 16;

    private final Random random = new Random(7);
    private final StringJoiner header = new StringJoiner(",", "{", "}");
    private final ByteArrayOutputStream data = new ByteArrayOutputStream();

    private TinyModel() {}

    static Path write(Path folder) {
        try {
            Files.createDirectories(folder);
            BytePairTrainer.train(
                    List.of("the cat sat on the mat", "the dog ran to the cat"),
                    new BytePairTrainer.Plan(
                            270,
                            List.of("<|end|>"),
                            "<|end|>",
                            "<|end|>",
                            Optional.of("{% for m in messages %}{{ m.role + ': ' + m.content + '<|end|>' }}{% endfor %}"
                                    + "{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}")),
                    folder);
            Files.writeString(folder.resolve("config.json"), """
                    {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": %d, "hidden_size": %d,
                     "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1,
                     "hidden_act": "silu", "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
                     "tie_word_embeddings": true}
                    """.formatted(VOCABULARY, WIDTH));
            new TinyModel().weights(folder.resolve("model.safetensors"));
            return folder;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private void weights(Path file) throws IOException {
        matrix("model.embed_tokens.weight", VOCABULARY, WIDTH);
        matrix("model.layers.0.self_attn.q_proj.weight", WIDTH, WIDTH);
        matrix("model.layers.0.self_attn.k_proj.weight", WIDTH / 2, WIDTH);
        matrix("model.layers.0.self_attn.v_proj.weight", WIDTH / 2, WIDTH);
        matrix("model.layers.0.self_attn.o_proj.weight", WIDTH, WIDTH);
        matrix("model.layers.0.mlp.gate_proj.weight", 32, WIDTH);
        matrix("model.layers.0.mlp.up_proj.weight", 32, WIDTH);
        matrix("model.layers.0.mlp.down_proj.weight", WIDTH, 32);
        for (String norm : List.of("layers.0.input_layernorm", "layers.0.post_attention_layernorm", "norm")) {
            matrix("model." + norm + ".weight", WIDTH);
        }
        byte[] names = header.toString().getBytes(StandardCharsets.UTF_8);
        ByteBuffer length =
                ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, names.length);
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        whole.write(length.array());
        whole.write(names);
        data.writeTo(whole);
        Files.write(file, whole.toByteArray());
    }

    private void matrix(String name, int... shape) throws IOException {
        int count = 1;
        StringJoiner sizes = new StringJoiner(",");
        for (int size : shape) {
            count *= size;
            sizes.add(Integer.toString(size));
        }
        ByteBuffer bytes = ByteBuffer.allocate(4 * count).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            bytes.putFloat((float) (random.nextGaussian() * 0.3 + (shape.length == 1 ? 1 : 0)));
        }
        header.add("\"%s\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[%d,%d]}"
                .formatted(name, sizes, data.size(), data.size() + 4 * count));
        data.write(bytes.array());
    }
}
