package dev.plumb.train;

import dev.plumb.config.PlumbException;
import dev.plumb.data.ChatRenderer;
import dev.plumb.data.DataConfig;
import dev.plumb.data.Dataset;
import dev.plumb.data.Encoder;
import dev.plumb.data.RowKind;
import dev.plumb.data.StepConfig;
import dev.plumb.hub.Checkpoint;
import dev.plumb.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The rows of some files as tokens, in a temporary folder that goes with them.
 *
 * @param encoder made them
 * @param dataset the rows
 * @param scratch where they lie
 */
record EncodedRows(Encoder encoder, Dataset dataset, Path scratch) implements AutoCloseable {
    /**
     * Reads every row once.
     *
     * @param data which rows
     * @param kind what they are to be
     * @param checkpoint the model that is to read them
     * @param tokenizer its tokenizer, which stays the caller's
     * @param steps how solutions fall into steps, where rows are such
     */
    static EncodedRows of(
            DataConfig data, RowKind kind, Checkpoint checkpoint, Tokenizer tokenizer, Optional<StepConfig> steps) {
        Optional<ChatRenderer> renderer = ChatRenderer.of(data, checkpoint.folder(), tokenizer);
        int context = checkpoint.decoder().architecture().contextLength();
        Encoder encoder = new Encoder(tokenizer, renderer, data, context, steps);
        Path scratch = temporary();
        try {
            return new EncodedRows(encoder, Dataset.prepare(kind, encoder, scratch), scratch);
        } catch (RuntimeException e) {
            delete(scratch);
            throw e;
        }
    }

    /** The rows of {@code ptx_data}; what is to be said of them names that key. */
    static EncodedRows ptx(DataConfig data, Checkpoint checkpoint, Tokenizer tokenizer) {
        try {
            EncodedRows rows = of(data, RowKind.DEMONSTRATION, checkpoint, tokenizer, Optional.empty());
            return new EncodedRows(rows.encoder, rows.dataset.under(PtxSettings.DATA), rows.scratch);
        } catch (PlumbException e) {
            throw new PlumbException(DataConfig.under(PtxSettings.DATA, e.getMessage()), e);
        }
    }

    private static Path temporary() {
        try {
            return Files.createTempDirectory("plumb-rows");
        } catch (IOException e) {
            throw new PlumbException(
                    "No temporary folder can be made for the encoded rows (" + e.getMessage()
                            + "): free some space, or set -Djava.io.tmpdir in PLUMB_JAVA_OPTS.",
                    e);
        }
    }

    @Override
    public void close() {
        dataset.close();
        delete(scratch);
    }

    private static void delete(Path folder) {
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
