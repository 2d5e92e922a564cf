package dev.plumb.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.PlumbException;
import dev.plumb.model.Adapter;
import dev.plumb.model.Decoder;
import dev.plumb.model.Layout;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Adapters on every family: fresh they change nothing, merged they compute the same, written they are read again. */
class AdapterFolderTest {
    private static final Path GOLDENS = Path.of("src/test/resources/goldens");
    private static final Path MODEL = GOLDENS.resolve("models/llama_untied_gqa");
    private static final JsonMapper JSON = new JsonMapper();
    private static final Layout LAYOUT = Layout.of(List.of(new int[] {3, 4, 5, 6, 7, 8, 9}, new int[] {9, 4, 8}));

    @TempDir
    private Path temp;

    private static Adapter.Settings settings(boolean rslora, boolean dora) {
        return new Adapter.Settings(3, 5, List.of(Adapter.ALL_LINEAR), rslora, dora);
    }

    private static Checkpoint load(Path model) {
        return Checkpoint.load(model, Optional.of(DType.FLOAT32), Device.CPU);
    }

    private static List<Path> models() {
        try (Stream<Path> models = Files.list(GOLDENS.resolve("models"))) {
            return models.sorted().toList();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** Gives an adapter something to say. */
    private static void shake(Adapter adapter) {
        try (NoGrad guard = NoGrad.open();
                Scope scope = Scope.open()) {
            for (Tensor parameter : adapter.parameters().values()) {
                parameter.addInPlace(
                        Tensor.zeros(DType.FLOAT32, Device.CPU, parameter.shape())
                                .normalInPlace(0, 0.1),
                        1);
            }
        }
    }

    private static double apart(Tensor got, Tensor want) {
        return Math.sqrt(got.sub(want).squaredNorm() / want.squaredNorm());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aFreshAdapterChangesNotABit(boolean dora) {
        for (Path model : models()) {
            try (Checkpoint base = load(model);
                    Adapter fresh = Adapter.fresh(settings(false, dora), base.decoder(), 1);
                    Scope scope = Scope.open()) {
                assertThat(fresh.layers())
                        .hasSameSizeAs(
                                base.decoder().architecture().linearLayers().keySet());
                Decoder adapted = base.decoder().with(fresh);
                assertThat(adapted.hidden(LAYOUT).toFloats())
                        .as(model.toString())
                        .containsExactly(base.decoder().hidden(LAYOUT).toFloats());
                shake(fresh);
                assertThat(apart(adapted.hidden(LAYOUT), base.decoder().hidden(LAYOUT)))
                        .isGreaterThan(1e-3);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"false,false", "true,false", "false,true", "true,true"})
    void mergedWeightsComputeWhatTheAdapterDid(boolean rslora, boolean dora) {
        for (Path model : models()) {
            try (Checkpoint base = load(model);
                    Adapter adapter = Adapter.fresh(settings(rslora, dora), base.decoder(), 1);
                    Scope scope = Scope.open()) {
                shake(adapter);
                Decoder adapted = base.decoder().with(adapter);
                Tensor unmerged = adapted.hidden(LAYOUT);
                Tensor plain = base.decoder().hidden(LAYOUT);
                Tensor merged = adapted.merge().hidden(LAYOUT);
                assertThat(apart(merged, unmerged)).as(model.toString()).isLessThan(1e-5);
                assertThat(apart(merged, plain)).isGreaterThan(1e-3);
            }
        }
    }

    @Test
    void theDrawOfAIsUniformAndTheSeedsOwn() {
        try (Checkpoint base = load(MODEL);
                Adapter one = Adapter.fresh(settings(false, false), base.decoder(), 1);
                Adapter again = Adapter.fresh(settings(false, false), base.decoder(), 1);
                Adapter other = Adapter.fresh(settings(false, false), base.decoder(), 2)) {
            String name = "base_model.model.model.layers.1.mlp.down_proj.lora_A.weight"; // of 80 inputs
            float[] drawn = one.parameters().get(name).toFloats();
            assertThat(again.parameters().get(name).toFloats()).containsExactly(drawn);
            assertThat(other.parameters().get(name).toFloats()).isNotEqualTo(drawn);
            double bound = 1 / Math.sqrt(80);
            double squares = 0;
            for (float a : drawn) {
                assertThat(Math.abs(a)).isLessThanOrEqualTo((float) bound);
                squares += a * a;
            }
            assertThat(squares / drawn.length).isBetween(bound * bound / 3 * 0.8, bound * bound / 3 * 1.2);
            assertThat(one.parameters().get(name.replace("_A", "_B")).toFloats())
                    .containsOnly(0);
        }
    }

    @Test
    void everyFamilysAdapterIsWrittenAndReadAgain() throws IOException {
        for (Path model : models()) {
            Path saved = temp.resolve(model.getFileName());
            Path again = temp.resolve(model.getFileName() + "-again");
            try (Checkpoint base = load(model);
                    Scope scope = Scope.open()) {
                Adapter made = Adapter.fresh(settings(true, true), base.decoder(), 1);
                shake(made);
                try (made) {
                    base.with(made).save(saved, DType.FLOAT32);
                    try (Adapter read = AdapterFolder.read(saved, base.decoder())) {
                        assertThat(base.decoder().with(read).hidden(LAYOUT).toFloats())
                                .containsExactly(
                                        base.decoder().with(made).hidden(LAYOUT).toFloats());
                        base.with(read).save(again, DType.FLOAT32);
                    }
                }
            }
            assertThat(again.resolve("adapter_model.safetensors"))
                    .hasSameBinaryContentAs(saved.resolve("adapter_model.safetensors"));
            assertThat(again.resolve("adapter_config.json"))
                    .hasSameTextualContentAs(saved.resolve("adapter_config.json"));
            assertThat(saved.resolve("model.safetensors")).doesNotExist();
            assertThat(AdapterFolder.isAdapter(saved)).isTrue();
            assertThat(AdapterFolder.base(saved)).isEqualTo(model);
        }
    }

    @Test
    void aFileOfPeftIsWrittenAsItWasRead() throws IOException {
        for (String name : List.of("lora_qv", "rslora_all_linear", "dora_mlp")) {
            Path folder = GOLDENS.resolve("adapters").resolve(name);
            Path saved = temp.resolve(name);
            try (Checkpoint base = load(MODEL);
                    Adapter read = AdapterFolder.read(folder, base.decoder())) {
                base.with(read).save(saved, DType.FLOAT32);
            }
            assertThat(tensors(saved)).isEqualTo(tensors(folder));
            JsonNode want = JSON.readTree(folder.resolve("adapter_config.json").toFile());
            JsonNode got = JSON.readTree(saved.resolve("adapter_config.json").toFile());
            for (String key :
                    List.of("peft_type", "task_type", "r", "target_modules", "bias", "use_rslora", "use_dora")) {
                assertThat(got.get(key)).as(key).isEqualTo(want.get(key));
            }
            assertThat(got.get("lora_alpha").asText())
                    .isEqualTo(want.get("lora_alpha").asText());
        }
    }

    private static Map<String, List<Float>> tensors(Path folder) {
        Map<String, List<Float>> all = new LinkedHashMap<>();
        try (Safetensors file = Safetensors.open(folder.resolve("adapter_model.safetensors"));
                Scope scope = Scope.open()) {
            for (String name : file.names()) {
                List<Float> values = new java.util.ArrayList<>();
                for (float value : file.read(name).toFloats()) {
                    values.add(value);
                }
                all.put(name, values);
            }
        }
        return all;
    }

    @Test
    void aPatternOfTargetsLeavesTheChoiceToTheFile() throws IOException {
        Path folder = changed(config -> config.put("target_modules", ".*\\.(q|v)_proj"));
        try (Checkpoint base = load(MODEL);
                Adapter read = AdapterFolder.read(folder, base.decoder())) {
            assertThat(Adapter.Settings.lastParts(read.layers())).containsExactly("q_proj", "v_proj");
        }
    }

    /** The golden adapter on queries and values with another config. */
    private Path changed(Consumer<ObjectNode> change) throws IOException {
        Path from = GOLDENS.resolve("adapters/lora_qv");
        Path folder = Files.createTempDirectory(temp, "adapter");
        ObjectNode config =
                (ObjectNode) JSON.readTree(from.resolve("adapter_config.json").toFile());
        change.accept(config);
        Files.writeString(folder.resolve("adapter_config.json"), config.toString());
        Files.copy(from.resolve("adapter_model.safetensors"), folder.resolve("adapter_model.safetensors"));
        return folder;
    }

    private void refuses(Consumer<ObjectNode> change, String... words) throws IOException {
        Path folder = changed(change);
        try (Checkpoint base = load(MODEL)) {
            assertThatThrownBy(() -> AdapterFolder.read(folder, base.decoder()))
                    .isInstanceOf(PlumbException.class)
                    .hasMessageStartingWith(folder.toString())
                    .hasMessageContainingAll(words);
        }
    }

    @Test
    void whatCannotBeReadIsRefusedInASentence() throws IOException {
        refuses(config -> config.put("peft_type", "LOHA"), "peft_type is 'LOHA'", "LORA");
        refuses(config -> config.put("bias", "all"), "bias is 'all'", "only none");
        refuses(config -> config.putArray("modules_to_save").add("lm_head"), "modules_to_save names layers");
        refuses(config -> config.putObject("rank_pattern").put("q_proj", 8), "rank_pattern is set");
        refuses(config -> config.putObject("alpha_pattern").put("q_proj", 8), "alpha_pattern is set");
        refuses(config -> config.put("lora_bias", true), "lora_bias is true");
        refuses(config -> config.remove("r"), "r is missing");
        refuses(config -> config.putArray("target_modules"), "target_modules names no layer");
        refuses(
                config -> config.putArray("target_modules").add("q_porj"),
                "target_modules: No linear layer of this llama model is called 'q_porj', did you mean 'q_proj'?",
                "q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj, or all-linear");
        refuses(config -> config.putArray("target_modules").add("lm_head"), "is called 'lm_head'");
    }

    @Test
    void tensorsThatDoNotFitAreNamed() throws IOException {
        refuses(config -> config.put("r", 8), "q_proj.lora_A.weight has the shape [4, 64]", "ask for [8, 64]");
        refuses(
                config -> config.putArray("target_modules").add("k_proj").add("q_proj"),
                "k_proj.lora_A.weight [4, 64] is missing",
                "v_proj.lora_A.weight belongs to no layer that the adapter may change");
        refuses(config -> config.put("use_dora", true), "q_proj.lora_magnitude_vector [64] is missing");
        Path adapter = GOLDENS.resolve("adapters/lora_qv");
        try (Checkpoint other = load(GOLDENS.resolve("models/qwen2_window"))) {
            assertThatThrownBy(() -> AdapterFolder.read(adapter, other.decoder()))
                    .isInstanceOf(PlumbException.class)
                    .hasMessageContaining("this qwen2 model and the adapter's r ask for");
        }
    }

    @Test
    void foldersThatHoldNoAdapterAreNamed() throws IOException {
        Path adapter = changed(config -> {});
        Files.delete(adapter.resolve("adapter_model.safetensors"));
        try (Checkpoint base = load(MODEL)) {
            assertThatThrownBy(() -> AdapterFolder.read(adapter, base.decoder()))
                    .hasMessageContaining("holds no adapter_model.safetensors");
            Files.createFile(adapter.resolve("adapter_model.bin"));
            assertThatThrownBy(() -> AdapterFolder.read(adapter, base.decoder()))
                    .hasMessageContaining("only as adapter_model.bin");
            assertThatThrownBy(() -> AdapterFolder.read(MODEL, base.decoder()))
                    .hasMessageContaining("holds no adapter_config.json");
            assertThatThrownBy(() -> AdapterFolder.read(temp.resolve("none"), base.decoder()))
                    .hasMessageContaining("there is no such folder");
        }
        assertThatThrownBy(() -> AdapterFolder.base(adapter))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("the model 'llama_untied_gqa', which is no folder here")
                .hasMessageContaining("model=…");
    }
}
