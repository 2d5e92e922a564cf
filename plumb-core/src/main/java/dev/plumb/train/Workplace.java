package dev.plumb.train;

import dev.plumb.config.PlumbException;
import dev.plumb.data.ChatRenderer;
import dev.plumb.data.DataConfig;
import dev.plumb.data.Dataset;
import dev.plumb.data.Encoder;
import dev.plumb.data.RowKind;
import dev.plumb.hub.Checkpoint;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Torch;
import dev.plumb.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** A model, its tokenizer and the rows to learn from, opened and checked: all that stands before step 0. */
public final class Workplace implements AutoCloseable {
    private final Checkpoint checkpoint;
    private final Tokenizer tokenizer;
    private final Encoder encoder;
    private final Dataset dataset;
    private final Path scratch;

    private Workplace(Checkpoint checkpoint, Tokenizer tokenizer, Encoder encoder, Dataset dataset, Path scratch) {
        this.checkpoint = checkpoint;
        this.tokenizer = tokenizer;
        this.encoder = encoder;
        this.dataset = dataset;
        this.scratch = scratch;
    }

    /**
     * Opens model and data and reads every row once.
     *
     * @param settings of the run
     * @param kind which rows its method needs
     * @return the opened workplace; its preflight may hold refusals
     * @throws PlumbException if the model or a file cannot be read
     */
    public static Workplace open(RunSettings settings, RowKind kind) {
        settings.threads().ifPresent(Torch::threads);
        Torch.seed(settings.seed());
        Device device = Device.named(settings.device());
        Checkpoint checkpoint =
                Checkpoint.load(settings.model(), Optional.of(settings.dtype().on(device)), device);
        try {
            checkpoint = settings.adapter().prepare(checkpoint, settings.seed());
            return open(checkpoint, settings.data(), kind);
        } catch (RuntimeException e) {
            checkpoint.close();
            throw e;
        }
    }

    private static Workplace open(Checkpoint checkpoint, DataConfig data, RowKind kind) {
        Tokenizer tokenizer = Tokenizer.load(checkpoint.folder());
        Path scratch = null;
        try {
            Optional<ChatRenderer> renderer = ChatRenderer.of(data, checkpoint.folder(), tokenizer);
            int context = checkpoint.decoder().architecture().contextLength();
            Encoder encoder = new Encoder(tokenizer, renderer, data, context);
            scratch = Files.createTempDirectory("plumb-rows");
            return new Workplace(checkpoint, tokenizer, encoder, Dataset.prepare(kind, encoder, scratch), scratch);
        } catch (IOException e) {
            tokenizer.close();
            throw new PlumbException(
                    "No temporary folder can be made for the encoded rows (" + e.getMessage()
                            + "): free some space, or set -Djava.io.tmpdir in PLUMB_JAVA_OPTS.",
                    e);
        } catch (RuntimeException e) {
            tokenizer.close();
            delete(scratch);
            throw e;
        }
    }

    /**
     * The model.
     *
     * @return the open checkpoint
     */
    public Checkpoint checkpoint() {
        return checkpoint;
    }

    /**
     * The rows and what was found about them.
     *
     * @return the data set
     */
    public Dataset dataset() {
        return dataset;
    }

    /**
     * Words to tokens and back.
     *
     * @return the tokenizer
     */
    public Tokenizer tokenizer() {
        return tokenizer;
    }

    Encoder encoder() {
        return encoder;
    }

    /** Tokens that end an answer: those the checkpoint names and the tokenizer's. */
    Set<Integer> stops() {
        Set<Integer> stops = new LinkedHashSet<>(checkpoint.generation().endIds());
        tokenizer.eos().ifPresent(stops::add);
        return stops;
    }

    @Override
    public void close() {
        try (checkpoint;
                tokenizer) {
            dataset.close();
        }
        delete(scratch);
    }

    private static void delete(@org.jspecify.annotations.Nullable Path folder) {
        if (folder == null) {
            return;
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            folder.toFile().deleteOnExit(); // a leftover in the temporary folder harms nobody
        }
    }
}
