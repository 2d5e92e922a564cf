package dev.plumb.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.PlumbException;
import dev.plumb.model.Architecture;
import dev.plumb.model.Architecture.Activation;
import dev.plumb.model.Architecture.Positions;
import dev.plumb.model.Rope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HfConfigTest {
    private static final String SIZES = "{\"vocab_size\": 32, \"hidden_size\": 16, \"intermediate_size\": 24, "
            + "\"num_hidden_layers\": 3, \"num_attention_heads\": 4, \"max_position_embeddings\": 64}";

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;

    private Path file(String type, String changes) throws IOException {
        ObjectNode root = (ObjectNode) JSON.readTree(SIZES);
        root.put("model_type", type);
        root.setAll((ObjectNode) JSON.readTree("{" + changes + "}"));
        return Files.writeString(folder.resolve("config.json"), root.toString());
    }

    private Architecture read(String type, String changes) throws IOException {
        return HfConfig.architecture(file(type, changes));
    }

    private static Rope rope(Architecture shape) {
        return ((Positions.Rotary) shape.positions()).full();
    }

    @Test
    void absentKeysMeanWhatTheyMeanToTransformers() throws IOException {
        Architecture llama = read("llama", "");
        assertThat(llama.tied()).isFalse();
        assertThat(llama.attention().keyValueHeads()).isEqualTo(4);
        assertThat(llama.attention().headWidth()).isEqualTo(4);
        assertThat(llama.feedForward().activation()).isEqualTo(Activation.SILU);
        assertThat(llama.norm().eps()).isEqualTo(1e-6);
        assertThat(rope(llama)).isEqualTo(new Rope(10_000, 4, new Rope.Scaling.None()));
        assertThat(read("llama", "\"head_dim\": null").attention().headWidth()).isEqualTo(4);
        assertThat(read("mistral", "").attention().windows()).containsExactly(4096, 4096, 4096);
        assertThat(read("mistral", "\"sliding_window\": null").attention().windows())
                .containsExactly(0, 0, 0);
        assertThat(read("qwen2", "").attention().inputBias()).isTrue();
        assertThat(read("qwen2", "").attention().outputBias()).isFalse();
        assertThat(read("qwen2", "\"sliding_window\": 8").attention().windows()).containsExactly(0, 0, 0);
        assertThat(read("qwen3", "").attention().headWidth()).isEqualTo(128);
        assertThat(read("phi3", "\"sliding_window\": 7").attention().windows()).containsExactly(7, 7, 7);
        Architecture gemma2 = read("gemma2", "");
        assertThat(gemma2.tied()).isTrue();
        assertThat(gemma2.attention().windows()).containsExactly(4096, 0, 4096);
        assertThat(gemma2.attention().softcap()).isEqualTo(50);
        assertThat(gemma2.logitSoftcap()).isEqualTo(30);
        assertThat(gemma2.attention().scale()).isEqualTo(1 / 16.0);
        assertThat(gemma2.feedForward().activation()).isEqualTo(Activation.GELU_TANH);
        assertThat(read("gemma2", "\"final_logit_softcapping\": null").logitSoftcap())
                .isZero();
        Architecture gemma3 = read("gemma3_text", "\"sliding_window_pattern\": 2");
        assertThat(gemma3.attention().windows()).containsExactly(4096, 0, 4096);
        assertThat(gemma3.attention().softcap()).isZero();
        assertThat(rope(gemma3).base()).isEqualTo(1_000_000);
        assertThat(((Positions.Rotary) gemma3.positions()).local().base()).isEqualTo(10_000);
        Architecture neox = read("gpt_neox", "\"hidden_size\": 32");
        assertThat(neox.tied()).isFalse();
        assertThat(neox.feedForward().parallel()).isTrue();
        assertThat(neox.feedForward().activation()).isEqualTo(Activation.GELU);
        assertThat(neox.attention().inputBias()).isTrue();
        assertThat(rope(neox)).isEqualTo(new Rope(10_000, 2, new Rope.Scaling.None()));
        Architecture falcon = read("falcon", "\"max_position_embeddings\": null");
        assertThat(falcon.tied()).isTrue();
        assertThat(falcon.contextLength()).isEqualTo(2048);
        assertThat(falcon.attention().keyValueHeads()).isEqualTo(1);
        assertThat(falcon.feedForward().width()).isEqualTo(64);
        assertThat(read("olmo2", "").norm().eps()).isEqualTo(1e-5);
        assertThat(read("gpt2", "\"n_embd\": 16, \"n_head\": 2, \"n_layer\": 1").contextLength())
                .isEqualTo(1024);
    }

    /** The sizes of its config; only Phi-4-mini asks for more, longrope, which is refused. */
    @Test
    void phi4IsAPhi3() throws IOException {
        Architecture phi = read(
                "phi3",
                "\"architectures\": [\"Phi3ForCausalLM\"], \"attention_bias\": false, \"hidden_size\": 5120,"
                        + " \"intermediate_size\": 17920, \"max_position_embeddings\": 16384, \"num_attention_heads\": 40,"
                        + " \"num_key_value_heads\": 10, \"original_max_position_embeddings\": 16384,"
                        + " \"rope_scaling\": null, \"rope_theta\": 250000, \"sliding_window\": null");
        assertThat(rope(phi)).isEqualTo(new Rope(250_000, 128, new Rope.Scaling.None()));
        assertThat(phi.parameters().get("model.layers.0.self_attn.qkv_proj.weight"))
                .containsExactly(7680, 5120);
        assertThat(phi.attention().windows()).containsExactly(0, 0, 0);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"type\": \"linear\", \"factor\": 2",
                "\"rope_type\": \"linear\", \"factor\": 2.0",
            })
    void ropeIsReadInItsOlderAndItsNewerForm(String scaling) throws IOException {
        Rope expected = new Rope(500, 4, new Rope.Scaling.Linear(2));
        assertThat(rope(read("llama", "\"rope_theta\": 500, \"rope_scaling\": {" + scaling + "}")))
                .isEqualTo(expected);
        assertThat(rope(read("llama", "\"rope_parameters\": {\"rope_theta\": 500, " + scaling + "}")))
                .isEqualTo(expected);
    }

    @Test
    void yarnsDefaultsAreThoseOfItsPaper() throws IOException {
        Rope.Scaling scaling = rope(read("llama", "\"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 4}"))
                .scaling();
        assertThat(scaling).isInstanceOfSatisfying(Rope.Scaling.Yarn.class, yarn -> {
            assertThat(yarn.originalLength()).isEqualTo(64);
            assertThat(yarn.betaFast()).isEqualTo(32);
            assertThat(yarn.betaSlow()).isEqualTo(1);
            assertThat(yarn.attentionFactor()).isCloseTo(1.1386294361119891, within(1e-12));
            assertThat(yarn.truncate()).isTrue();
        });
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "mixtral | | model_type is 'mixtral'; supported are llama, mistral,",
                "gemma3 | | model_type is 'gemma3'; supported are",
                "llama | \"hidden_size\": null | hidden_size is missing; a positive whole number is needed.",
                "llama | \"hidden_size\": \"16\" | hidden_size is \"16\"; a positive whole number is needed.",
                "llama | \"num_hidden_layers\": 0 | num_hidden_layers is 0; a positive whole number is needed.",
                "llama | \"num_key_value_heads\": 3 | its sizes do not go together: 4 attention heads cannot be shared by 3",
                "llama | \"hidden_act\": \"mish\" | hidden_act is 'mish'; supported are silu,",
                "llama | \"attention_bias\": 1 | attention_bias is 1; true or false is needed.",
                "llama | \"rope_theta\": \"x\" | rope_theta is \"x\", not a number.",
                "llama | \"rope_scaling\": {\"type\": \"longrope\", \"long_factor\": [1]} | rope_scaling.type is 'longrope'; supported are default,",
                "llama | \"rope_scaling\": {\"rope_type\": \"linear\"} | rope_scaling.factor is missing; a number is needed.",
                "llama | \"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 2, \"twist\": 1} | rope_scaling.twist is a setting",
                "llama | \"rope_scaling\": {\"type\": \"dynamic\", \"factor\": 2, \"original_max_position_embeddings\": 32} | differs from max_position_embeddings (64)",
                "llama | \"rope_scaling\": [1] | rope_scaling is [1]; an object in braces is needed.",
                "llama | \"partial_rotary_factor\": 0.5 | partial_rotary_factor is 0.5; for this model_type only 1 is supported.",
                "phi3 | \"partial_rotary_factor\": 0.3 | partial_rotary_factor would turn 1 of 4 elements",
                "llama | \"quantization_config\": {\"bits\": 4} | quantization_config stands for quantised weights",
                "llama | \"alibi\": true | alibi asks for ALiBi positions",
                "gemma3_text | \"use_bidirectional_attention\": true | use_bidirectional_attention asks for attention to later tokens",
                "qwen2 | \"layer_types\": [\"full_attention\"] | layer_types has 1 entries for 3 layers.",
                "qwen2 | \"layer_types\": [\"full_attention\", \"full_attention\", \"linear_attention\"] | layer_types holds 'linear_attention'",
                "olmo2 | \"partial_rotary_factor\": 0.5 | partial_rotary_factor is 0.5; for this model_type only 1 is supported.",
                "olmo2 | \"num_key_value_heads\": 3 | its sizes do not go together: 4 attention heads cannot be shared by 3",
                "phi3 | \"partial_rotary_factor\": 0.5, \"rope_scaling\": {\"type\": \"longrope\", \"short_factor\": [1], \"long_factor\": [1]} | rope_scaling.type is 'longrope'; supported are default,",
                "gpt_neox | \"rotary_pct\": 0.3 | partial_rotary_factor would turn 1 of 4 elements",
                "gpt_neox | \"rotary_pct\": 0.5, \"partial_rotary_factor\": 1 | rotary_pct is 0.5, but partial_rotary_factor, which means the same, is 1.0; make them equal.",
                "gpt_neox | \"rotary_emb_base\": 10000, \"rope_theta\": 5000 | rotary_emb_base is 10000.0, but rope_theta",
                "gpt_neox | \"hidden_size\": 18 | hidden_size is 18, which 4 heads do not divide.",
                "gpt_neox | \"rotary_pct\": 0.5, \"hidden_act\": \"relu2\" | hidden_act is 'relu2'; supported are silu,",
                "gpt_neox | \"rotary_pct\": 0.5, \"rope_scaling\": {\"type\": \"longrope\"} | rope_scaling.type is 'longrope'",
                "falcon | \"alibi\": true | alibi asks for ALiBi positions",
                "falcon | \"new_decoder_architecture\": true, \"parallel_attn\": false | parallel_attn is false; with new_decoder_architecture only true",
                "falcon | \"num_ln_in_parallel_attn\": 2 | num_ln_in_parallel_attn is 2; supported are 1, and 2 with new_decoder_architecture.",
                "falcon | \"multi_query\": false, \"num_kv_heads\": 2 | num_kv_heads is 2 for 4 heads; groups are supported with",
                "falcon | \"partial_rotary_factor\": 0.5 | partial_rotary_factor is 0.5; for this model_type only 1",
                "gpt2 | \"scale_attn_by_inverse_layer_idx\": true | scale_attn_by_inverse_layer_idx is true; only false is supported.",
                "gpt2 | \"n_embd\": 16, \"n_layer\": 1, \"n_head\": 3 | n_embd is 16, which 3 heads do not divide.",
                "opt | \"ffn_dim\": 8, \"do_layer_norm_before\": false | do_layer_norm_before is false; only true is supported.",
                "opt | \"ffn_dim\": 8, \"word_embed_proj_dim\": 8 | word_embed_proj_dim differs from hidden_size (16)",
            })
    void whatIsNotSupportedIsSaidWithFileKeyAndRemedy(String type, String changes, String message) throws IOException {
        Path file = file(type, changes == null ? "" : changes);
        assertThatThrownBy(() -> HfConfig.architecture(file))
                .isInstanceOf(PlumbException.class)
                .hasMessageStartingWith(file + ": ")
                .hasMessageContaining(message);
    }

    @Test
    void aRewardModelHasAsManyScoresAsLabels() throws IOException {
        String type = "\"architectures\": [\"Gemma2ForSequenceClassification\"]";
        Architecture one = read("gemma2", type + ", \"id2label\": {\"0\": \"LABEL_0\"}");
        assertThat(one.outputs()).isEqualTo(1);
        assertThat(one.tied()).isFalse();
        assertThat(one.logitSoftcap()).isZero();
        assertThat(one.parameters().get("score.weight")).containsExactly(1, 16);
        assertThat(read("gemma2", type).outputs()).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"a\":1, \"b\" : [1,{\"dtype\":2}] ,\"dtype\":\"x\" } | {\"a\":1, \"b\" : [1,{\"dtype\":2}] ,\"dtype\":9 }",
                "{\"dtype\": null, \"é\": 1} | {\"dtype\": 9, \"é\": 1}",
                "{\"dtype\": {\"é\": [2]}} | {\"dtype\": 9}",
                "{\"dtype\": 12345} | {\"dtype\": 9}",
            })
    void aValueIsChangedAndNothingElse(String before, String after) {
        assertThat(ConfigText.set(before, "dtype", "9")).isEqualTo(after);
    }

    @Test
    void aNewKeyIsPutInFront() {
        assertThat(ConfigText.set("{\n  \"a\": 1\n}", "b", "2")).isEqualTo("{\n  \"b\": 2,\n  \"a\": 1\n}");
        assertThat(ConfigText.set(" {}", "b", "2")).isEqualTo(" {\n  \"b\": 2\n}");
    }
}
