package dev.plumb.hub;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.PlumbException;
import dev.plumb.model.Decoder;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Tensor;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Writes a model as a Hugging Face checkpoint folder, or, of a model with an adapter, the adapter alone. The config and all
 * files of the tokenizer come from a source folder, byte for byte, save what the config says of the weights' type, of the head
 * and of padding.
 *
 * @param source folder with config.json and, usually, a tokenizer
 * @param dtype type of the weights in the files
 * @param largestShard bytes of weights above which they are split into several files
 * @param padId the token for padding; empty to leave what the config says
 */
public record CheckpointWriter(Path source, DType dtype, long largestShard, OptionalInt padId) {
    /** What other tools split at. */
    public static final long DEFAULT_SHARD = 5_000_000_000L;

    /** What belongs to a checkpoint besides its config and weights. */
    static final String COMPANIONS = "{generation_config.json,tokenizer*,special_tokens_map.json,added_tokens.json,"
            + "vocab.*,encoder.json,merges.txt,*.model,*.tiktoken,chat_template*,step_format.json,LICENSE*,NOTICE*}";

    /** Checks the type. */
    public CheckpointWriter {
        if (!dtype.isFloat() || largestShard < 1) {
            throw new IllegalArgumentException("weights need a float type and shards a positive size");
        }
    }

    /**
     * A writer that leaves padding as it is.
     *
     * @param source folder with config.json and, usually, a tokenizer
     * @param dtype type of the weights in the files
     * @param largestShard bytes of weights above which they are split into several files
     */
    public CheckpointWriter(Path source, DType dtype, long largestShard) {
        this(source, dtype, largestShard, OptionalInt.empty());
    }

    /**
     * Writes a folder that is there whole or not at all.
     *
     * @param decoder the model
     * @param target the folder; it must not exist, or be empty
     * @throws PlumbException if it cannot be written; then nothing is left behind
     */
    public void write(Decoder decoder, Path target) {
        Path whole = target.toAbsolutePath().normalize();
        Path part = whole.resolveSibling(whole.getFileName() + ".part");
        checkFree(target);
        try {
            deleteTree(part); // of a run that was killed
            Files.createDirectories(part);
            try {
                writeInto(decoder, part);
                Files.move(part, whole, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                deleteTree(part);
            }
        } catch (IOException e) {
            throw new PlumbException(
                    target + ": the checkpoint cannot be written: " + IoFault.reason(e) + "; nothing was left behind.",
                    e);
        }
    }

    private static void checkFree(Path target) {
        if (!Files.exists(target)) {
            return;
        }
        try (Stream<Path> inside = Files.isDirectory(target) ? Files.list(target) : Stream.of(target)) {
            if (inside.findAny().isPresent()) {
                throw new PlumbException(
                        target + ": exists already; remove it or name another folder for the checkpoint.");
            }
        } catch (IOException e) {
            throw new PlumbException(target + ": cannot be read: " + IoFault.reason(e) + ".", e);
        }
    }

    /**
     * Writes a model's files into a folder whose caller sees to it that it is there whole or not at all.
     *
     * @param decoder the model
     * @param part an empty folder
     * @throws IOException if they cannot be written
     */
    public void writeInto(Decoder decoder, Path part) throws IOException {
        copyAll(source, COMPANIONS, part);
        Path templates = source.resolve("additional_chat_templates");
        if (Files.isDirectory(templates)) {
            Files.createDirectory(part.resolve(templates.getFileName()));
            copyAll(templates, "*", part.resolve(templates.getFileName()));
        }
        if (decoder.adapter().isPresent()) {
            AdapterFolder.write(decoder.adapter().get(), decoder.architecture(), source.toString(), part);
            return;
        }
        writeConfig(decoder, part.resolve("config.json"));
        writeWeights(decoder.weights().all(), part);
    }

    private static void copyAll(Path source, String pattern, Path target) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(source, pattern)) {
            for (Path file : files) {
                if (Files.isRegularFile(file)) {
                    AtomicFiles.write(target.resolve(file.getFileName()), out -> Files.copy(file, out));
                }
            }
        }
    }

    private void writeConfig(Decoder decoder, Path target) throws IOException {
        Path file = source.resolve("config.json");
        ConfigFile config = ConfigFile.read(file);
        String text = Files.readString(file);
        String type = dtype.name().toLowerCase(Locale.ROOT);
        for (String key : List.of("dtype", "torch_dtype")) {
            if (config.has(key) && !config.text(key, "").equals(type)) {
                text = ConfigText.set(text, key, '"' + type + '"');
            }
        }
        if (!config.has("dtype") && !config.has("torch_dtype") && dtype != DType.FLOAT32) {
            text = ConfigText.set(text, "torch_dtype", '"' + type + '"');
        }
        boolean classifying = decoder.architecture().isClassifying();
        if (decoder.architecture().isScoring() && !HfConfig.isScoring(config) && !HfConfig.isClassifying(config)) {
            String head = classifying ? HfConfig.classifyingClass(config) : HfConfig.scoringClass(config);
            text = scoring(text, head, decoder.architecture().outputs());
        }
        if (padId.isPresent()) {
            text = ConfigText.set(text, "pad_token_id", Integer.toString(padId.getAsInt()));
        }
        AtomicFiles.writeString(target, text);
    }

    /** Turns a language model's config into that of the reward model made from it. */
    private static String scoring(String text, String type, int outputs) {
        ObjectNode labels = JsonNodeFactory.instance.objectNode();
        ObjectNode numbers = JsonNodeFactory.instance.objectNode();
        for (int i = 0; i < outputs; i++) {
            labels.put(Integer.toString(i), "LABEL_" + i);
            numbers.put("LABEL_" + i, i);
        }
        String out = ConfigText.set(text, "architectures", "[\"" + type + "\"]");
        out = ConfigText.set(out, "id2label", labels.toString());
        return ConfigText.set(out, "label2id", numbers.toString());
    }

    private void writeWeights(Map<String, Tensor> weights, Path folder) throws IOException {
        List<Map<String, Tensor>> shards = shards(weights);
        if (shards.size() == 1) {
            Safetensors.writeTo(folder.resolve(StoredTensors.SINGLE), weights, Optional.of(dtype));
            return;
        }
        Map<String, String> fileOf = new TreeMap<>();
        for (int i = 0; i < shards.size(); i++) {
            String name = String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, shards.size());
            Safetensors.writeTo(folder.resolve(name), shards.get(i), Optional.of(dtype));
            shards.get(i).keySet().forEach(tensor -> fileOf.put(tensor, name));
        }
        ObjectNode index = JsonNodeFactory.instance.objectNode();
        long count = weights.values().stream().mapToLong(Tensor::numel).sum();
        index.putObject("metadata").put("total_parameters", count).put("total_size", count * dtype.bytes());
        ObjectNode map = index.putObject("weight_map");
        fileOf.forEach(map::put);
        AtomicFiles.writeString(folder.resolve(StoredTensors.INDEX), index.toPrettyString() + "\n");
    }

    private List<Map<String, Tensor>> shards(Map<String, Tensor> weights) {
        List<Map<String, Tensor>> shards = new ArrayList<>();
        long size = 0;
        for (Map.Entry<String, Tensor> each : weights.entrySet()) {
            long bytes = each.getValue().numel() * dtype.bytes();
            if (shards.isEmpty() || size + bytes > largestShard) {
                shards.add(new LinkedHashMap<>());
                size = 0;
            }
            shards.get(shards.size() - 1).put(each.getKey(), each.getValue());
            size += bytes;
        }
        return shards;
    }

    private static void deleteTree(Path root) throws IOException {
        if (!Files.exists(root)) {
            return;
        }
        try (Stream<Path> all = Files.walk(root)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
