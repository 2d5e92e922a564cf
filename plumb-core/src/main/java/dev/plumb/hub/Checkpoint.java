package dev.plumb.hub;

import dev.plumb.config.PlumbException;
import dev.plumb.model.Adapter;
import dev.plumb.model.Architecture;
import dev.plumb.model.Decoder;
import dev.plumb.model.Weights;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/** A model read from a Hugging Face checkpoint folder. Its weights live outside all scopes, until {@link #close}. */
public final class Checkpoint implements AutoCloseable {
    private final Path folder;
    private final Decoder decoder;
    private final GenerationDefaults generation;
    private final DType storedType;
    private final OptionalInt padId;

    private Checkpoint(
            Path folder, Decoder decoder, GenerationDefaults generation, DType storedType, OptionalInt padId) {
        this.folder = folder;
        this.decoder = decoder;
        this.generation = generation;
        this.storedType = storedType;
        this.padId = padId;
    }

    /**
     * Reads a model.
     *
     * @param folder with config.json and model.safetensors, whole or in shards
     * @param dtype element type of the weights in memory; empty for the file's, which is that of the embedding
     * @param device where the weights shall live
     * @return the model
     * @throws PlumbException if the folder is no checkpoint of a supported model, naming all tensors that do not fit
     */
    public static Checkpoint load(Path folder, Optional<DType> dtype, Device device) {
        ConfigFile config = config(folder);
        Architecture shape = HfConfig.architecture(config);
        GenerationDefaults generation = GenerationDefaults.read(folder, config);
        try (WeightsReader reader = WeightsReader.open(folder, shape)) {
            Weights weights = reader.load(dtype.orElse(reader.storedType()), device);
            return new Checkpoint(
                    folder, new Decoder(shape, weights), generation, reader.storedType(), OptionalInt.empty());
        }
    }

    /**
     * Reads a reward model, or makes one of a language model: its decoder with a fresh projection to scores.
     *
     * @param folder as for {@link #load}
     * @param dtype as for it
     * @param device as for it
     * @param seed of a fresh projection
     * @param scores how many scores it is to give, 1 for a reward, more for an ensemble of heads
     * @return the reward model
     * @throws PlumbException as {@code load} does, and if a reward model gives another number of scores
     */
    public static Checkpoint loadForScoring(Path folder, Optional<DType> dtype, Device device, long seed, int scores) {
        Checkpoint read = load(folder, dtype, device);
        Architecture stored = read.decoder.architecture();
        if (stored.isClassifying()) {
            read.close();
            throw new PlumbException(folder + ": is a process reward model, which judges steps and has no score of an"
                    + " answer. Name the language model that it was made from.");
        }
        if (stored.isScoring() && stored.outputs() != scores) {
            read.close();
            throw new PlumbException(folder + ": gives " + stored.outputs()
                    + " scores for a text, where this run wants " + scores + ". Method reward with num_heads="
                    + stored.outputs() + " goes on with it; or name the language model that it was made from.");
        }
        if (stored.isScoring()) {
            return read;
        }
        return read.headed(stored.scoring(scores), seed);
    }

    /**
     * Reads a process reward model, or makes one of a language model: its decoder with a fresh projection to two classes at
     * every token, bad and good, which transformers loads as {@code …ForTokenClassification}.
     *
     * @param folder as for {@link #load}
     * @param dtype as for it
     * @param device as for it
     * @param seed of a fresh projection
     * @return the process reward model
     * @throws PlumbException as {@code load} does, and if the model scores whole answers, or has other classes
     */
    public static Checkpoint loadForClassifying(Path folder, Optional<DType> dtype, Device device, long seed) {
        ConfigFile config = config(folder);
        String head = HfConfig.classifyingHead(config);
        Checkpoint read = load(folder, dtype, device);
        Architecture stored = read.decoder.architecture();
        if (stored.isScoring() && !(stored.isClassifying() && stored.outputs() == 2)) {
            read.close();
            throw new PlumbException(folder + ": gives "
                    + (stored.isClassifying() ? stored.outputs() + " classes for a token" : "scores of whole answers")
                    + "; a process reward model gives two classes, bad and good. Name the language model that it was"
                    + " made from.");
        }
        return stored.isScoring() ? read : read.headed(stored.classifying(2, head), seed);
    }

    /** The same decoder with a fresh head. */
    private Checkpoint headed(Architecture shape, long seed) {
        Weights weights = Weights.scoring(decoder.weights(), decoder.architecture(), shape, seed);
        return new Checkpoint(folder, new Decoder(shape, weights), generation, storedType, OptionalInt.empty());
    }

    /**
     * The same model, in whose config another token is for padding when it is written.
     *
     * @param id a token that no text ends in: other tools find the last token of a padded text by what is not padding
     * @return the same decoder under another config
     */
    public Checkpoint paddedWith(int id) {
        return new Checkpoint(folder, decoder, generation, storedType, OptionalInt.of(id));
    }

    /**
     * A new model that has learnt nothing, for a folder that has a config.json and no weights.
     *
     * @param folder with config.json and, usually, a tokenizer
     * @param seed of the weights, whose standard deviation is the config's {@code initializer_range}
     * @param device where the weights shall live
     * @return the model, in 32-bit weights
     * @throws PlumbException if the config is not that of a supported model
     */
    public static Checkpoint fresh(Path folder, long seed, Device device) {
        ConfigFile config = config(folder);
        Architecture shape = HfConfig.architecture(config);
        double std = config.number("initializer_range", 0.02);
        return new Checkpoint(
                folder,
                new Decoder(shape, Weights.random(shape, std, seed, device)),
                GenerationDefaults.read(folder, config),
                DType.FLOAT32,
                OptionalInt.empty());
    }

    private static ConfigFile config(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new PlumbException(folder + ": there is no such folder; a Hugging Face checkpoint folder is needed.");
        }
        Path file = folder.resolve("config.json");
        if (Files.exists(file)) {
            return ConfigFile.read(file);
        }
        throw new PlumbException(
                Files.exists(folder.resolve("adapter_config.json"))
                        ? folder + ": holds an adapter, not a model; name its base model's folder here, or make one"
                                + " model of both with `plumb merge`."
                        : folder + ": holds no config.json; a Hugging Face checkpoint folder is needed.");
    }

    /**
     * Where the model was read from.
     *
     * @return the folder
     */
    public Path folder() {
        return folder;
    }

    /**
     * The model.
     *
     * @return the decoder with its weights
     */
    public Decoder decoder() {
        return decoder;
    }

    /**
     * How the checkpoint wants to be sampled from.
     *
     * @return its generation settings
     */
    public GenerationDefaults generation() {
        return generation;
    }

    /**
     * The element type of the weights in the files.
     *
     * @return the type of the embedding there
     */
    public DType storedType() {
        return storedType;
    }

    /**
     * The same model with an adapter. The two share their weights, so only the new one is to be closed.
     *
     * @param adapter made for this model; it is closed together with the weights
     * @return the adapted model, which is written as an adapter alone
     */
    public Checkpoint with(Adapter adapter) {
        return new Checkpoint(folder, decoder.with(adapter), generation, storedType, padId);
    }

    /**
     * The model with its adapter folded into the weights, in place. Only the new one is to be closed.
     *
     * @return the model without an adapter
     */
    public Checkpoint merged() {
        Decoder merged = decoder.merge();
        decoder.adapter().ifPresent(Adapter::close);
        return new Checkpoint(folder, merged, generation, storedType, padId);
    }

    /**
     * Writes the model as it is now, with the config and the tokenizer of its folder.
     *
     * @param target the new folder, there whole or not at all
     * @param dtype type of the weights in the files
     * @throws PlumbException if it exists or cannot be written
     */
    public void save(Path target, DType dtype) {
        new CheckpointWriter(folder, dtype, CheckpointWriter.DEFAULT_SHARD, padId).write(decoder, target);
    }

    /**
     * Writes the model's files, in the type that the weights have in memory, into a folder whose caller sees to it that it is
     * there whole or not at all.
     *
     * @param part an empty folder
     * @throws IOException if they cannot be written
     */
    public void writeTo(Path part) throws IOException {
        new CheckpointWriter(folder, decoder.weights().dtype(), CheckpointWriter.DEFAULT_SHARD, padId)
                .writeInto(decoder, part);
    }

    /** Frees the weights, and the adapter if there is one. */
    @Override
    public void close() {
        decoder.adapter().ifPresent(Adapter::close);
        decoder.weights().close();
    }
}
