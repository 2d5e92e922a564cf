package dev.plumb.hub;

import dev.plumb.config.PlumbException;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A safetensors file open for reading: eight bytes with the length of a JSON header, the header, the data. The header is
 * checked when the file is opened, so that a damaged file is found before anything is computed with it.
 */
public final class Safetensors implements AutoCloseable {
    /** The format's own limit. */
    private static final long LONGEST_HEADER = 100_000_000;

    private static final int PIECE = 1 << 28;

    private final Path file;
    private final FileChannel channel;
    private final SafetensorsHeader header;

    private Safetensors(Path file, FileChannel channel, SafetensorsHeader header) {
        this.file = file;
        this.channel = channel;
        this.header = header;
    }

    /**
     * Opens a file and checks its header.
     *
     * @param file the file
     * @return the open file
     * @throws PlumbException if it cannot be read or its header is not true
     */
    public static Safetensors open(Path file) {
        FileChannel channel;
        try {
            channel = FileChannel.open(file, StandardOpenOption.READ);
        } catch (IOException e) {
            throw new PlumbException(file + ": cannot be opened: " + IoFault.reason(e) + ".", e);
        }
        try {
            return new Safetensors(file, channel, header(file, channel));
        } catch (IOException e) {
            close(channel);
            throw new PlumbException(file + ": cannot be read: " + IoFault.reason(e) + ".", e);
        } catch (RuntimeException e) {
            close(channel);
            throw e;
        }
    }

    private static SafetensorsHeader header(Path file, FileChannel channel) throws IOException {
        long size = channel.size();
        if (size < 8) {
            throw new PlumbException(file + ": has only " + size + " bytes; it is truncated, so fetch it again.");
        }
        ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        fill(file, channel, length, 0);
        long headerLength = length.getLong(0);
        if (headerLength < 2 || headerLength > LONGEST_HEADER) {
            throw new PlumbException(file + ": says that its header has " + Long.toUnsignedString(headerLength)
                    + " bytes, so this is not a safetensors file.");
        }
        if (headerLength > size - 8) {
            throw new PlumbException(file + ": says that its header has " + headerLength + " bytes, but only "
                    + (size - 8) + " follow; it is truncated, so fetch it again.");
        }
        ByteBuffer json = ByteBuffer.allocate((int) headerLength);
        fill(file, channel, json, 8);
        return SafetensorsHeader.parse(file, json.array(), size);
    }

    private static void fill(Path file, FileChannel channel, ByteBuffer into, long from) throws IOException {
        long at = from;
        while (into.hasRemaining()) {
            int read = channel.read(into, at);
            if (read < 0) {
                throw new PlumbException(file + ": became shorter while it was read.");
            }
            at += read;
        }
    }

    /**
     * The names of the tensors.
     *
     * @return names in the order of the header
     */
    public Set<String> names() {
        return header.entries().keySet();
    }

    /**
     * What the writer noted beside the tensors.
     *
     * @return the file's {@code __metadata__}
     */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /**
     * A tensor's sizes.
     *
     * @param name one of {@link #names}
     * @return its shape
     */
    public long[] shape(String name) {
        return entry(name).shape().clone();
    }

    /**
     * A tensor's element type.
     *
     * @param name one of {@link #names}
     * @return the type; empty if Plumb cannot read it
     */
    public Optional<DType> dtype(String name) {
        return entry(name).dtype();
    }

    /**
     * Reads a tensor.
     *
     * @param name one of {@link #names}
     * @return a tensor in main memory, in the scope that is open now
     * @throws PlumbException if it cannot be read
     */
    public Tensor read(String name) {
        SafetensorsHeader.Entry entry = entry(name);
        DType type = entry.dtype()
                .orElseThrow(() -> new PlumbException(file + ": tensor '" + name + "' has the dtype " + entry.type()
                        + "; only F64, F32, F16, BF16, I64, I32 and BOOL can be read."));
        Tensor tensor = Tensor.empty(type, Device.CPU, entry.shape());
        try {
            long size = entry.end() - entry.begin();
            for (long done = 0; done < size; ) {
                int piece = (int) Math.min(PIECE, size - done);
                fill(file, channel, tensor.bytes(done, piece), entry.begin() + done);
                done += piece;
            }
        } catch (IOException e) {
            throw new PlumbException(file + ": tensor '" + name + "' cannot be read: " + IoFault.reason(e) + ".", e);
        }
        return tensor;
    }

    private SafetensorsHeader.Entry entry(String name) {
        SafetensorsHeader.Entry entry = header.entries().get(name);
        if (entry == null) {
            throw new IllegalArgumentException(file + " has no tensor '" + name + "'");
        }
        return entry;
    }

    /**
     * Writes a file whole or not at all. The order of the tensors is that of the format's own library, widest type first and
     * then by name, so that the same tensors give the same bytes.
     *
     * @param target the file
     * @param tensors name to tensor, on any device
     * @param type the type to write floats in; empty for each tensor's own
     * @throws PlumbException if it cannot be written
     */
    public static void write(Path target, Map<String, Tensor> tensors, Optional<DType> type) {
        try {
            writeTo(target, tensors, type);
        } catch (IOException e) {
            throw new PlumbException(target + ": cannot be written: " + IoFault.reason(e) + ".", e);
        }
    }

    static void writeTo(Path target, Map<String, Tensor> tensors, Optional<DType> type) throws IOException {
        SafetensorsPlan plan = SafetensorsPlan.of(tensors, type);
        AtomicFiles.write(target, out -> {
            out.write(plan.header());
            byte[] piece = new byte[1 << 20];
            for (SafetensorsPlan.Item item : plan.items()) {
                writeData(out, item, piece);
            }
        });
    }

    private static void writeData(OutputStream out, SafetensorsPlan.Item item, byte[] piece) throws IOException {
        try (Scope scope = Scope.open();
                NoGrad guard = NoGrad.open()) {
            Tensor data = item.tensor().detach().to(item.type()).to(Device.CPU).contiguous();
            long size = data.byteSize();
            for (long done = 0; done < size; ) {
                int length = (int) Math.min(piece.length, size - done);
                data.bytes(done, length).get(piece, 0, length);
                out.write(piece, 0, length);
                done += length;
            }
        }
    }

    @Override
    public void close() {
        close(channel);
    }

    private static void close(FileChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
