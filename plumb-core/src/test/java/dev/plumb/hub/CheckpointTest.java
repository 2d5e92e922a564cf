package dev.plumb.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.plumb.config.PlumbException;
import dev.plumb.model.Architecture;
import dev.plumb.model.Decoder;
import dev.plumb.model.Layout;
import dev.plumb.model.Weights;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CheckpointTest {
    private static final Path GOLDENS = Path.of("src/test/resources/goldens/models");
    private static final Path LLAMA = GOLDENS.resolve("llama_yarn_mscale");
    private static final Optional<DType> AS_STORED = Optional.empty();

    @TempDir
    private Path temp;

    @Test
    void everyFamilyIsWrittenAsItWasRead() throws IOException {
        try (Stream<Path> models = Files.list(GOLDENS)) {
            for (Path model : models.sorted().toList()) {
                Path saved = temp.resolve(model.getFileName());
                try (Checkpoint read = load(model)) {
                    read.save(saved, read.storedType());
                }
                assertThat(saved.resolve("config.json")).hasSameBinaryContentAs(model.resolve("config.json"));
                assertThat(saved.resolve("model.safetensors"))
                        .hasSameBinaryContentAs(model.resolve("model.safetensors"));
                assertThat(names(saved)).containsExactly("config.json", "model.safetensors");
            }
        }
        assertThat(names(temp)).noneMatch(name -> name.endsWith(".part"));
    }

    @ParameterizedTest
    @EnumSource(names = {"BFLOAT16", "FLOAT16", "FLOAT64"})
    void otherTypesRoundTrip(DType type) throws IOException {
        Path once = temp.resolve("once");
        Path twice = temp.resolve("twice");
        try (Checkpoint read = load(LLAMA)) {
            read.save(once, type);
        }
        try (Checkpoint read = load(once)) {
            assertThat(read.storedType()).isEqualTo(type);
            assertThat(read.decoder().weights().all().values()).allMatch(weight -> weight.dtype() == type);
            read.save(twice, type);
        }
        for (String file : List.of("config.json", "model.safetensors")) {
            assertThat(Sha256.of(twice.resolve(file))).isEqualTo(Sha256.of(once.resolve(file)));
        }
        assertThat(twice.toFile().list()).hasSize(2);
        String name = type.name().toLowerCase(java.util.Locale.ROOT);
        assertThat(Files.readString(once.resolve("config.json")))
                .isEqualTo(Files.readString(LLAMA.resolve("config.json")).replace("\"float32\"", '"' + name + '"'));
        try (Checkpoint wide = Checkpoint.load(once, Optional.of(DType.FLOAT32), Device.CPU)) {
            assertThat(wide.decoder().weights().dtype()).isEqualTo(DType.FLOAT32);
            assertThat(wide.storedType()).isEqualTo(type);
        }
    }

    @Test
    void everyFamilyRunsInSixteenBits() throws IOException {
        Layout layout = Layout.of(List.of(new int[] {3, 4, 5, 6, 7, 8, 9}));
        try (Stream<Path> models = Files.list(GOLDENS)) {
            for (Path model : models.sorted().toList()) {
                try (Checkpoint wide = load(model);
                        Checkpoint narrow = Checkpoint.load(model, Optional.of(DType.BFLOAT16), Device.CPU);
                        Scope scope = Scope.open()) {
                    Tensor exact = wide.decoder().hidden(layout);
                    Tensor rounded = narrow.decoder().hidden(layout);
                    assertThat(rounded.dtype()).isEqualTo(DType.BFLOAT16);
                    double error = rounded.to(DType.FLOAT32).sub(exact).squaredNorm() / exact.squaredNorm();
                    assertThat(Math.sqrt(error)).as(model.toString()).isBetween(1e-6, 0.1);
                }
            }
        }
    }

    @Test
    void largeModelsAreSplitIntoShardsAndReadAgain() throws IOException {
        Path saved = temp.resolve("sharded");
        try (Checkpoint read = load(LLAMA)) {
            new CheckpointWriter(LLAMA, DType.FLOAT32, 6000).write(read.decoder(), saved);
            List<String> files = names(saved);
            assertThat(files).contains("model-00001-of-00005.safetensors", "model-00005-of-00005.safetensors");
            assertThat(files).contains("model.safetensors.index.json").doesNotContain("model.safetensors");
            for (String file : files) {
                if (file.endsWith(".safetensors")) {
                    try (Safetensors shard = Safetensors.open(saved.resolve(file))) {
                        long bytes = shard.names().stream()
                                .mapToLong(name ->
                                        4 * Arrays.stream(shard.shape(name)).reduce(1, (a, b) -> a * b))
                                .sum();
                        assertThat(bytes).isBetween(1L, 6000L);
                    }
                }
            }
            try (Checkpoint again = load(saved)) {
                assertSameWeights(again, read);
            }
        }
    }

    @Test
    void tokenizerFilesAndLicenceGoAlongByteForByte() throws IOException {
        Path source = copy(LLAMA);
        List<String> companions = List.of(
                "tokenizer.json",
                "tokenizer_config.json",
                "special_tokens_map.json",
                "vocab.json",
                "merges.txt",
                "tokenizer.model",
                "added_tokens.json",
                "chat_template.jinja",
                "generation_config.json",
                "LICENSE");
        for (String name : companions) {
            Files.writeString(source.resolve(name), "{\"eos_token_id\": [2, 5]}\r\n ü ".substring(0, 24));
        }
        Files.createDirectory(source.resolve("additional_chat_templates"));
        Files.writeString(source.resolve("additional_chat_templates/rag.jinja"), "{{ messages }}");
        for (String other : List.of("README.md", "modeling.py", "pytorch_model.bin", "optimizer.safetensors")) {
            Files.writeString(source.resolve(other), "not to be carried along");
        }
        Path saved = temp.resolve("saved");
        try (Checkpoint read = load(source)) {
            assertThat(read.generation().endIds()).containsExactly(2, 5);
            read.save(saved, DType.FLOAT32);
        }
        for (String name : companions) {
            assertThat(saved.resolve(name)).hasSameBinaryContentAs(source.resolve(name));
        }
        assertThat(names(saved)).hasSize(companions.size() + 3);
        assertThat(saved.resolve("additional_chat_templates/rag.jinja")).hasContent("{{ messages }}");
    }

    @Test
    void generationDefaultsComeFromBothFiles() throws IOException {
        Path source = copy(LLAMA);
        Files.writeString(
                source.resolve("generation_config.json"),
                "{\"do_sample\": true, \"temperature\": 0.6, \"top_p\": 0.9, \"eos_token_id\": 9, \"top_k\": null}");
        try (Checkpoint read = load(source)) {
            GenerationDefaults g = read.generation();
            assertThat(g.endIds()).containsExactly(9);
            assertThat(g.startId()).hasValue(1);
            assertThat(g.padId()).hasValue(0);
            assertThat(g.sample()).isTrue();
            assertThat(g.temperature()).hasValue(0.6);
            assertThat(g.topP()).hasValue(0.9);
            assertThat(g.topK()).isEmpty();
        }
    }

    @Test
    void aTakenTargetIsLeftAlone() throws IOException {
        Path target = Files.createDirectory(temp.resolve("model"));
        Files.writeString(target.resolve("notes.txt"), "mine");
        try (Checkpoint read = load(LLAMA)) {
            assertThatThrownBy(() -> read.save(target, DType.FLOAT32))
                    .isInstanceOf(PlumbException.class)
                    .hasMessage(target + ": exists already; remove it or name another folder for the checkpoint.");
            assertThat(names(target)).containsExactly("notes.txt");
            Files.delete(target.resolve("notes.txt"));
            Files.createDirectory(temp.resolve("model.part"));
            Files.writeString(temp.resolve("model.part/left.txt"), "of a run that was killed");
            read.save(target, DType.FLOAT32);
        }
        assertThat(names(target)).containsExactly("config.json", "model.safetensors");
        assertThat(names(temp)).containsExactly("model");
    }

    @Test
    void whatCannotBeWrittenIsOneSentenceAndLeavesNothing() throws IOException {
        Path file = Files.writeString(temp.resolve("file"), "not a folder");
        try (Checkpoint read = load(LLAMA)) {
            assertThatThrownBy(() -> read.save(file.resolve("model"), DType.FLOAT32))
                    .isInstanceOf(PlumbException.class)
                    .hasMessageContaining("the checkpoint cannot be written: ")
                    .hasMessageEndingWith("; nothing was left behind.");
            Path system = Path.of("/proc/plumb-model");
            Assumptions.assumeTrue(Files.isDirectory(system.getParent()), "skipped: no /proc here");
            assertThatThrownBy(() -> read.save(system, DType.FLOAT32)).isInstanceOf(PlumbException.class);
        }
        assertThat(names(temp)).containsExactly("file");
    }

    @Test
    void aRewardModelMadeFromALanguageModelIsReadAsOne() throws IOException {
        Path saved = temp.resolve("reward");
        try (Checkpoint read = load(LLAMA);
                Scope scope = Scope.open()) {
            Architecture scoring = read.decoder().architecture().scoring(1);
            Map<String, Tensor> all =
                    new LinkedHashMap<>(read.decoder().weights().all());
            all.put("score.weight", Tensor.full(0.5, DType.FLOAT32, Device.CPU, 1, 16));
            read.save(temp.resolve("before"), DType.FLOAT32);
            new CheckpointWriter(LLAMA, DType.FLOAT32, Long.MAX_VALUE)
                    .write(new Decoder(scoring, new Weights(all)), saved);
        }
        try (Checkpoint again = load(saved)) {
            assertThat(again.decoder().architecture().isScoring()).isTrue();
            assertThat(again.decoder().head().shape()).containsExactly(1, 16);
        }
        assertThat(Files.readString(saved.resolve("config.json")))
                .contains(
                        "\"architectures\": [\"LlamaForSequenceClassification\"]", "\"id2label\": {\"0\":\"LABEL_0\"}");
    }

    @Test
    void allTensorsThatDoNotFitAreNamedAtOnce() throws IOException {
        Path broken = changed(LLAMA, tensors -> {
            tensors.remove("model.norm.weight");
            tensors.remove("model.layers.1.mlp.up_proj.weight");
            tensors.put("model.layers.0.mlp.up_proj.weight", Tensor.zeros(DType.FLOAT32, Device.CPU, 3, 4));
            tensors.put("model.layers.0.input_layernorm.weight", Tensor.zeros(DType.INT64, Device.CPU, 16));
            tensors.put("model.layers.9.surprise", Tensor.zeros(DType.FLOAT32, Device.CPU, 1));
        });
        assertThatThrownBy(() -> load(broken))
                .isInstanceOf(PlumbException.class)
                .hasMessageStartingWith(broken + ": its weights do not fit its config.json: ")
                .hasMessageContaining("model.norm.weight [16] is missing; ")
                .hasMessageContaining("model.layers.1.mlp.up_proj.weight [20, 16] is missing; ")
                .hasMessageContaining(
                        "model.layers.0.mlp.up_proj.weight has the shape [3, 4], but config.json asks for [20, 16]; ")
                .hasMessageContaining("model.layers.0.input_layernorm.weight is not stored as F64, F32, F16 or BF16; ")
                .hasMessageContaining("model.layers.9.surprise is not a parameter of a llama model");
    }

    @Test
    void knownExtrasAndBareNamesAreTolerated() throws IOException {
        Path extras = changed(LLAMA, tensors -> {
            tensors.put("model.layers.0.self_attn.rotary_emb.inv_freq", Tensor.zeros(DType.FLOAT32, Device.CPU, 4));
            tensors.put("lm_head.weight", tensors.get("model.embed_tokens.weight"));
        });
        Path bare = changed(GOLDENS.resolve("gpt2_unscaled"), tensors -> {
            for (String name : List.copyOf(tensors.keySet())) {
                tensors.put(name.replace("transformer.", ""), tensors.remove(name));
            }
            tensors.put("h.0.attn.bias", Tensor.zeros(DType.BOOL, Device.CPU, 1, 1, 16, 16));
        });
        try (Checkpoint one = load(extras);
                Checkpoint same = load(LLAMA)) {
            assertSameWeights(one, same);
        }
        try (Checkpoint one = load(bare);
                Checkpoint same = load(GOLDENS.resolve("gpt2_unscaled"))) {
            assertSameWeights(one, same);
        }
    }

    @Test
    void aTiedHeadThatDiffersIsRefused() throws IOException {
        Path broken = changed(
                LLAMA,
                tensors -> tensors.put(
                        "lm_head.weight",
                        tensors.get("model.embed_tokens.weight").mul(2)));
        assertThatThrownBy(() -> load(broken))
                .isInstanceOf(PlumbException.class)
                .hasMessageContaining("the stored lm_head.weight differs from it; set tie_word_embeddings to false");
    }

    @Test
    void foldersThatAreNoCheckpointAreRefusedInOneSentence() throws IOException {
        Path none = temp.resolve("none");
        assertThatThrownBy(() -> load(none)).hasMessageContaining("there is no such folder");
        Path empty = Files.createDirectory(temp.resolve("empty"));
        assertThatThrownBy(() -> load(empty)).hasMessageContaining("holds no config.json");
        Files.writeString(empty.resolve("adapter_config.json"), "{}");
        assertThatThrownBy(() -> load(empty)).hasMessageContaining("holds an adapter, not a model");
        Files.writeString(empty.resolve("config.json"), "{\n\"model_type\": \"llama\",\n oops}");
        assertThatThrownBy(() -> load(empty))
                .isInstanceOf(PlumbException.class)
                .hasMessageStartingWith(empty.resolve("config.json") + ":3: this is not valid JSON: ");
        Files.copy(
                LLAMA.resolve("config.json"),
                empty.resolve("config.json"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(() -> load(empty)).hasMessageContaining("so no weights");
        Files.writeString(empty.resolve("pytorch_model.bin"), "");
        assertThatThrownBy(() -> load(empty)).hasMessageContaining("convert them to model.safetensors first");
    }

    @Test
    void aFaultyIndexIsRefused() throws IOException {
        Path source = copy(LLAMA);
        Files.move(source.resolve("model.safetensors"), source.resolve("a.safetensors"));
        Path index = source.resolve("model.safetensors.index.json");
        Files.writeString(index, "{\"weight_map\": {\"model.norm.weight\": \"b.safetensors\"}}");
        assertThatThrownBy(() -> load(source))
                .isInstanceOf(PlumbException.class)
                .hasMessage(index
                        + ": weight_map.model.norm.weight is said to be in 'b.safetensors', but the folder has no such "
                        + "file; fetch it again.");
        Files.writeString(index, "{\"weight_map\": {\"model.norm\": \"a.safetensors\"}}");
        assertThatThrownBy(() -> load(source)).hasMessageContaining("but that file has no such tensor");
        Files.writeString(index, "{\"weight_map\": {\"model.norm.weight\": \"../x.safetensors\"}}");
        assertThatThrownBy(() -> load(source)).hasMessageContaining("the folder has no such file");
        Files.writeString(index, "{}");
        assertThatThrownBy(() -> load(source)).hasMessageContaining("weight_map is missing");
    }

    @Test
    void hashesAreThoseOfTheFiles() throws IOException {
        Files.writeString(temp.resolve("b.txt"), "abc");
        assertThat(Sha256.of(temp.resolve("b.txt")))
                .isEqualTo(Sha256.of("abc"))
                .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assertThat(Sha256.of("")).isEqualTo("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    private static Checkpoint load(Path folder) {
        return Checkpoint.load(folder, AS_STORED, Device.CPU);
    }

    private static void assertSameWeights(Checkpoint one, Checkpoint other) {
        Map<String, Tensor> expected = other.decoder().weights().all();
        assertThat(one.decoder().weights().all().keySet()).isEqualTo(expected.keySet());
        one.decoder()
                .weights()
                .all()
                .forEach((name, tensor) -> assertThat(tensor.toFloats())
                        .as(name)
                        .containsExactly(expected.get(name).toFloats()));
    }

    /** A copy of a checkpoint whose tensors a test has changed. */
    private Path changed(Path model, Consumer<Map<String, Tensor>> change) throws IOException {
        Path copy = copy(model);
        try (Scope scope = Scope.open();
                Safetensors read = Safetensors.open(model.resolve("model.safetensors"))) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            read.names().forEach(name -> tensors.put(name, read.read(name)));
            change.accept(tensors);
            Safetensors.write(copy.resolve("model.safetensors"), tensors, Optional.empty());
        }
        return copy;
    }

    private Path copy(Path model) throws IOException {
        Path copy = Files.createTempDirectory(temp, "copy");
        for (String name : List.of("config.json", "model.safetensors")) {
            Files.copy(model.resolve(name), copy.resolve(name));
        }
        return copy;
    }

    private static List<String> names(Path folder) throws IOException {
        List<String> names = new ArrayList<>();
        try (Stream<Path> files = Files.list(folder)) {
            files.forEach(file -> names.add(file.getFileName().toString()));
        }
        names.sort(null);
        return names;
    }
}
