package dev.plumb.data;

import dev.plumb.config.PlumbException;
import java.io.BufferedOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/**
 * Tokenised rows on disk, written once in order and then read in any order. The heap holds no row, so a file larger than
 * memory trains; what is read often stays in the page cache of the operating system. Rows are read by position rather
 * than through a mapping: mapped pages would count as memory of the process, and a mapping ends at 2 GiB and cannot be
 * given back. Reading is safe from several threads. The files disappear when the store is closed.
 *
 * <p>Two files, little-endian. {@code NAME.tokens}: per row the int kind, int file, long line and then what
 * {@link ExampleBytes} makes of it. {@code NAME.index}: per row the long position of its first byte, the int count of its bytes
 * and the int count of its tokens.
 */
public final class TokenStore implements AutoCloseable {
    private static final int ENTRY = 16;

    private final Path tokensFile;
    private final FileChannel tokens;
    private final FileChannel index;
    private final List<String> files;
    private final long size;

    private TokenStore(Path tokensFile, FileChannel tokens, FileChannel index, List<String> files, long size) {
        this.tokensFile = tokensFile;
        this.tokens = tokens;
        this.index = index;
        this.files = List.copyOf(files);
        this.size = size;
    }

    /**
     * How many rows there are.
     *
     * @return a count from 0
     */
    public long size() {
        return size;
    }

    /**
     * The numbers of all rows.
     *
     * @return 0 … size - 1
     */
    public List<Long> rows() {
        return LongStream.range(0, size).boxed().toList();
    }

    /**
     * Reads a row.
     *
     * @param row its index, from 0
     * @return its tokens, in arrays of their own
     */
    public Example get(long row) {
        ByteBuffer record = record(row);
        int kind = record.getInt();
        record.position(record.position() + Integer.BYTES + Long.BYTES);
        return ExampleBytes.read(kind, record);
    }

    /**
     * Where a row came from.
     *
     * @param row its index, from 0
     * @return file and line
     */
    public RowId id(long row) {
        ByteBuffer record = record(row);
        record.getInt();
        return new RowId(files.get(record.getInt()), record.getLong());
    }

    /**
     * What a row holds as bytes, whatever file it came from: equal for equal examples only.
     *
     * @param row its index, from 0
     * @return its kind, judgement, lengths, token ids and mask
     */
    public ByteBuffer content(long row) {
        ByteBuffer record = record(row);
        int kind = record.getInt(0);
        record.position(Integer.BYTES + Long.BYTES); // over file and line, to where the kind fits before the tokens
        return record.putInt(record.position(), kind);
    }

    /**
     * How many tokens a row holds, without reading them.
     *
     * @param row its index, from 0
     * @return a count; for a pair the prompt counts once
     */
    public int tokens(long row) {
        return entry(row).getInt(Long.BYTES + Integer.BYTES);
    }

    @Override
    public void close() {
        try (tokens;
                index) {
            // Closing deletes both.
        } catch (IOException e) {
            throw new PlumbException("The token store " + tokensFile + " cannot be closed: " + e.getMessage() + ".", e);
        }
    }

    private ByteBuffer record(long row) {
        ByteBuffer entry = entry(row);
        return read(tokens, entry.getLong(0), entry.getInt(Long.BYTES));
    }

    private ByteBuffer entry(long row) {
        if (row < 0 || row >= size) {
            throw new IndexOutOfBoundsException("row " + row + " of " + size);
        }
        return read(index, row * ENTRY, ENTRY);
    }

    private ByteBuffer read(FileChannel channel, long position, int bytes) {
        ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        try {
            while (buffer.hasRemaining()) {
                if (channel.read(buffer, position + buffer.position()) < 0) {
                    throw new EOFException("it ends early");
                }
            }
        } catch (IOException e) {
            throw new PlumbException(
                    "The token store " + tokensFile + " cannot be read: " + e.getMessage() + ". Start the run again.",
                    e);
        }
        return buffer.flip();
    }

    /** Appends rows to a new store. */
    public static final class Writer implements AutoCloseable {
        private final Path tokensFile;
        private final FileChannel tokens;
        private final FileChannel index;
        private final OutputStream tokensOut;
        private final OutputStream indexOut;
        private final Map<String, Integer> files = new LinkedHashMap<>();
        private final ExampleBytes bytes = new ExampleBytes();
        private long position;
        private long size;
        private boolean handedOver;

        /**
         * Opens a store for writing; files of that name from a killed run are replaced.
         *
         * @param folder where; created if absent
         * @param name the files' name without suffix
         */
        public Writer(Path folder, String name) {
            this(folder, name, 0);
        }

        /**
         * Opens a store that begins behind a gap.
         *
         * @param folder where; created if absent
         * @param name the files' name without suffix
         * @param gap bytes left out at the beginning, which take no space on most file systems
         */
        Writer(Path folder, String name, long gap) {
            tokensFile = folder.resolve(name + ".tokens");
            try {
                Files.createDirectories(folder);
                tokens = open(tokensFile);
                tokens.position(gap);
                index = open(folder.resolve(name + ".index"));
            } catch (IOException e) {
                throw cannotWrite(e);
            }
            position = gap;
            tokensOut = new BufferedOutputStream(Channels.newOutputStream(tokens), 1 << 20);
            indexOut = new BufferedOutputStream(Channels.newOutputStream(index), 1 << 16);
        }

        /**
         * Appends a row.
         *
         * @param id where it came from
         * @param example its tokens
         */
        public void add(RowId id, Example example) {
            bytes.clear();
            bytes.add(ExampleBytes.kind(example));
            bytes.add(files.computeIfAbsent(id.file(), unseen -> files.size()).intValue());
            bytes.add(id.line());
            try {
                bytes.add(example);
            } catch (ArithmeticException e) {
                throw new PlumbException(id + " has " + example.tokens() + " tokens, more than a row can hold.", e);
            }
            try {
                tokensOut.write(bytes.array(), 0, bytes.size());
                ByteBuffer entry = ByteBuffer.allocate(ENTRY).order(ByteOrder.LITTLE_ENDIAN);
                entry.putLong(position).putInt(bytes.size()).putInt(example.tokens());
                indexOut.write(entry.array());
            } catch (IOException e) {
                throw cannotWrite(e);
            }
            position += bytes.size();
            size++;
        }

        long size() {
            return size;
        }

        /**
         * Ends writing.
         *
         * @return the store, which now owns the files
         */
        public TokenStore finish() {
            try {
                tokensOut.flush();
                indexOut.flush();
            } catch (IOException e) {
                throw cannotWrite(e);
            }
            handedOver = true;
            return new TokenStore(tokensFile, tokens, index, new ArrayList<>(files.keySet()), size);
        }

        /** Drops what was written unless it was handed over. */
        @Override
        public void close() {
            if (!handedOver) {
                new TokenStore(tokensFile, tokens, index, List.of(), 0).close();
            }
        }

        private static FileChannel open(Path file) throws IOException {
            return FileChannel.open(
                    file,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.READ,
                    StandardOpenOption.WRITE,
                    StandardOpenOption.DELETE_ON_CLOSE);
        }

        private PlumbException cannotWrite(IOException e) {
            return new PlumbException(
                    "The token store " + tokensFile + " cannot be written: " + e.getMessage()
                            + ". It needs about 4 bytes per token of the data files; make room there or put the run elsewhere.",
                    e);
        }
    }
}
