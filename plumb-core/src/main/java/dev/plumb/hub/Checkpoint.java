package dev.plumb.hub;

import dev.plumb.config.PlumbException;
import dev.plumb.model.Architecture;
import dev.plumb.model.Decoder;
import dev.plumb.model.Weights;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** A model read from a Hugging Face checkpoint folder. Its weights live outside all scopes, until {@link #close}. */
public final class Checkpoint implements AutoCloseable {
    private final Path folder;
    private final Decoder decoder;
    private final GenerationDefaults generation;

    private Checkpoint(Path folder, Decoder decoder, GenerationDefaults generation) {
        this.folder = folder;
        this.decoder = decoder;
        this.generation = generation;
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
        Weights weights = WeightsReader.read(folder, shape, dtype, device);
        return new Checkpoint(folder, new Decoder(shape, weights), generation);
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
                        ? folder + ": holds an adapter, not a model; name its base model's folder here."
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

    /** Frees the weights. */
    @Override
    public void close() {
        decoder.weights().close();
    }
}
