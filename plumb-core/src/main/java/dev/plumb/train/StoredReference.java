package dev.plumb.train;

import dev.plumb.config.PlumbException;
import dev.plumb.data.TokenPair;
import dev.plumb.data.TokenStore;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
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
     * @param model the reference
     * @param identity what stands for its weights and number format
     * @param folder where files are kept
     * @param optimisation how rows are laid out
     */
    void add(TokenStore store, Policy model, String identity, Path folder, Optimisation optimisation) {
        long[] starts = new long[Math.toIntExact(store.size()) + 1];
        Path file = folder.resolve(name(store, identity, starts) + ".f32");
        try {
            Files.createDirectories(folder);
            if (!Files.exists(file) || Files.size(file) != 4 * starts[starts.length - 1]) {
                compute(store, model, file, starts, optimisation);
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
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(identity.getBytes(java.nio.charset.StandardCharsets.UTF_8));
            for (int row = 0; row + 1 < starts.length; row++) {
                TokenPair pair = (TokenPair) store.get(row);
                for (int[] ids : List.of(pair.prompt(), pair.chosen(), pair.rejected())) {
                    ByteBuffer bytes = ByteBuffer.allocate(4 + 4 * ids.length).putInt(ids.length);
                    bytes.asIntBuffer().put(ids);
                    digest.update(bytes.array());
                }
                starts[row + 1] = starts[row] + pair.chosen().length + pair.rejected().length;
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static void compute(TokenStore store, Policy model, Path file, long[] starts, Optimisation optimisation)
            throws IOException {
        // A name of its own: another run may compute the same at the same time.
        Path part = Files.createTempFile(file.getParent(), "reference", ".part");
        try {
            try (FileChannel out = FileChannel.open(part, StandardOpenOption.WRITE)) {
                for (PairPart one : PairPart.split(
                        store,
                        Groups.all(store),
                        optimisation.tokensPerPass(model.decoder().device()),
                        optimisation.style())) {
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

    /** A part's numbers come side by side, a file's row by row. */
    private static void write(FileChannel out, PairPart part, float[] logps, long[] starts) throws IOException {
        int chosen = 0;
        int rejected = Math.toIntExact(part.chosenTokens());
        for (int i = 0; i < part.rows().size(); i++) {
            TokenPair pair = part.pairs().get(i);
            ByteBuffer bytes = ByteBuffer.allocate(4 * (pair.chosen().length + pair.rejected().length))
                    .order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(logps, chosen, pair.chosen().length).put(logps, rejected, pair.rejected().length);
            chosen += pair.chosen().length;
            rejected += pair.rejected().length;
            long at = 4 * starts[Math.toIntExact(part.rows().get(i))];
            while (bytes.hasRemaining()) {
                at += out.write(bytes, at);
            }
        }
    }

    @Override
    public Tensor logps(PairPart part) {
        Held from = held.stream()
                .filter(one -> one.store() == part.store())
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("these rows were not scored beforehand"));
        float[] all = new float[part.packing().trained()];
        int chosen = 0;
        int rejected = Math.toIntExact(part.chosenTokens());
        for (int i = 0; i < part.rows().size(); i++) {
            TokenPair pair = part.pairs().get(i);
            ByteBuffer bytes = read(from, part.rows().get(i));
            bytes.asFloatBuffer().get(all, chosen, pair.chosen().length).get(all, rejected, pair.rejected().length);
            chosen += pair.chosen().length;
            rejected += pair.rejected().length;
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
