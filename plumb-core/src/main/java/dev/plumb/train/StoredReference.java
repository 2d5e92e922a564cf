package dev.plumb.train;

import dev.plumb.config.PlumbException;
import dev.plumb.data.TokenStore;
import dev.plumb.hub.Sha256;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;

/**
 * Log-probabilities of the reference computed once, so that no second model is held while training. A file is named by the
 * hash of what it depends on, the weights and the tokens, so that a changed model, template or row cannot meet old numbers.
 */
final class StoredReference implements Reference, AutoCloseable {
    private final List<Held> held = new ArrayList<>();
    private final Device device;

    /** One store's numbers: those of row i begin at float number starts[i]. */
    private record Held(TokenStore store, FileChannel file, long[] starts) {}

    StoredReference(Device device) {
        this.device = device;
    }

    /**
     * Computes what is not yet there.
     *
     * @param store the rows
     * @param parts how they go through the model
     * @param model the reference
     * @param identity what stands for its weights and number format
     * @param folder where files are kept
     */
    void add(TokenStore store, Iterable<? extends Part<?>> parts, Policy model, String identity, Path folder) {
        long[] starts = new long[Math.toIntExact(store.size()) + 1];
        Path file = folder.resolve(name(store, identity, starts) + ".f32");
        try {
            Files.createDirectories(folder);
            if (!Files.exists(file) || Files.size(file) != 4 * starts[starts.length - 1]) {
                compute(parts, model, file, starts);
            }
            held.add(new Held(store, FileChannel.open(file, StandardOpenOption.READ), starts));
        } catch (IOException e) {
            throw new PlumbException(
                    "The log-probabilities of the reference cannot be kept in " + folder + " (" + e.getMessage()
                            + "): free some space there, or set precompute_ref_log_probs: false.",
                    e);
        }
    }

    private static String name(TokenStore store, String identity, long[] starts) {
        MessageDigest digest = Sha256.digest();
        digest.update(identity.getBytes(StandardCharsets.UTF_8));
        for (int row = 0; row + 1 < starts.length; row++) {
            digest.update(store.content(row));
            starts[row + 1] = starts[row] + store.get(row).trainedTokens();
        }
        return Sha256.hex(digest);
    }

    private static void compute(Iterable<? extends Part<?>> parts, Policy model, Path file, long[] starts)
            throws IOException {
        // A name of its own: another run may compute the same at the same time.
        Path part = Files.createTempFile(file.getParent(), "reference", ".part");
        try {
            try (FileChannel out = FileChannel.open(part, StandardOpenOption.WRITE)) {
                for (Part<?> one : parts) {
                    float[] logps;
                    try (Scope scope = Scope.open()) {
                        logps = model.score(one.packing()).logps().toFloats();
                    }
                    write(out, one, logps, starts);
                }
                out.force(true);
            }
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    /** A part's numbers come sequence by sequence, a file's row by row. */
    private static void write(FileChannel out, Part<?> part, float[] logps, long[] starts) throws IOException {
        List<FloatBuffer> rows = new ArrayList<>();
        List<ByteBuffer> bytes = new ArrayList<>();
        for (int i = 0; i < part.size(); i++) {
            bytes.add(ByteBuffer.allocate(4 * part.examples().get(i).trainedTokens())
                    .order(ByteOrder.LITTLE_ENDIAN));
            rows.add(bytes.get(i).asFloatBuffer());
        }
        int start = 0;
        int[] lengths = part.packing().lengths();
        for (int s = 0; s < lengths.length; s++) {
            rows.get(s % part.size()).put(logps, start, lengths[s]);
            start += lengths[s];
        }
        for (int i = 0; i < part.size(); i++) {
            long at = 4 * starts[Math.toIntExact(part.rows().get(i))];
            while (bytes.get(i).hasRemaining()) {
                at += out.write(bytes.get(i), at);
            }
        }
    }

    @Override
    public Tensor logps(Part<?> part) {
        Held from = held.stream()
                .filter(one -> one.store() == part.store())
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("these rows were not scored beforehand"));
        List<FloatBuffer> rows =
                part.rows().stream().map(row -> read(from, row).asFloatBuffer()).toList();
        float[] all = new float[part.packing().trained()];
        int start = 0;
        int[] lengths = part.packing().lengths();
        for (int s = 0; s < lengths.length; s++) {
            rows.get(s % part.size()).get(all, start, lengths[s]);
            start += lengths[s];
        }
        return Tensor.of(all, device);
    }

    private static ByteBuffer read(Held from, long row) {
        long start = from.starts()[Math.toIntExact(row)];
        long end = from.starts()[Math.toIntExact(row) + 1];
        ByteBuffer bytes =
                ByteBuffer.allocate(Math.toIntExact(4 * (end - start))).order(ByteOrder.LITTLE_ENDIAN);
        try {
            while (bytes.hasRemaining()) {
                if (from.file().read(bytes, 4 * start + bytes.position()) < 0) {
                    throw new EOFException("their file was cut short");
                }
            }
        } catch (IOException e) {
            throw new PlumbException(
                    "The stored log-probabilities of the reference cannot be read (" + e.getMessage()
                            + "): go on with `--resume`, which computes them again.",
                    e);
        }
        return bytes.flip();
    }

    @Override
    public void close() {
        for (Held one : held) {
            try {
                one.file().close();
            } catch (IOException e) {
                throw new PlumbException(
                        "A file of reference log-probabilities cannot be closed: " + e.getMessage(), e);
            }
        }
    }
}
