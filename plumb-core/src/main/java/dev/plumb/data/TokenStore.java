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
 * <p>Two files, little-endian. {@code NAME.tokens}: per row the int kind (0 sequence, 1 pair, 2 judged answer, 3 ranking), int file, long
 * line, then for a sequence the int length, its ids, and its mask in words of 32 bits, for a pair the doubles margin and probability, the int 1 or 0 for a tie, three int
 * lengths and the ids of prompt, chosen and rejected, and for a judged answer the int 1 or 0, two int lengths and the ids of
 * both parts, and for a ranking the int number of answers, the int length and int rank of each, the int length of the prompt
 * and the ids of all. {@code NAME.index}: per row the long position of its first byte, the int count of its
 * bytes and the int count of its tokens.
 */
public final class TokenStore implements AutoCloseable {
    private static final int ENTRY = 16;
    private static final int SEQUENCE = 0;
    private static final int PAIR = 1;
    private static final int JUDGED = 2;
    private static final int RANKED = 3;

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
        return switch (kind) {
            case PAIR -> pair(record);
            case JUDGED -> judged(record);
            case RANKED -> ranked(record);
            default -> sequence(record);
        };
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

    private static TokenSequence sequence(ByteBuffer record) {
        int[] ids = ints(record, record.getInt());
        boolean[] trained = new boolean[ids.length];
        for (int start = 0; start < trained.length; start += Integer.SIZE) {
            int word = record.getInt();
            for (int bit = 0; bit < Math.min(Integer.SIZE, trained.length - start); bit++) {
                trained[start + bit] = (word >>> bit & 1) == 1;
            }
        }
        return new TokenSequence(ids, trained);
    }

    private static TokenPair pair(ByteBuffer record) {
        Judgement judgement = new Judgement(record.getDouble(), record.getDouble(), record.getInt() == 1);
        int prompt = record.getInt();
        int chosen = record.getInt();
        int rejected = record.getInt();
        return new TokenPair(ints(record, prompt), ints(record, chosen), ints(record, rejected), judgement);
    }

    private static TokenJudged judged(ByteBuffer record) {
        boolean desirable = record.getInt() == 1;
        int prompt = record.getInt();
        int completion = record.getInt();
        return new TokenJudged(ints(record, prompt), ints(record, completion), desirable);
    }

    private static TokenRanked ranked(ByteBuffer record) {
        int[] lengths = new int[record.getInt()];
        int[] ranks = new int[lengths.length];
        for (int i = 0; i < lengths.length; i++) {
            lengths[i] = record.getInt();
            ranks[i] = record.getInt();
        }
        int[] prompt = ints(record, record.getInt());
        List<int[]> completions = new ArrayList<>();
        for (int length : lengths) {
            completions.add(ints(record, length));
        }
        return new TokenRanked(prompt, completions, ranks);
    }

    private static int[] ints(ByteBuffer record, int count) {
        int[] ids = new int[count];
        record.asIntBuffer().get(ids);
        record.position(record.position() + count * Integer.BYTES);
        return ids;
    }

    /** Appends rows to a new store. */
    public static final class Writer implements AutoCloseable {
        private final Path tokensFile;
        private final FileChannel tokens;
        private final FileChannel index;
        private final OutputStream tokensOut;
        private final OutputStream indexOut;
        private final Map<String, Integer> files = new LinkedHashMap<>();
        private ByteBuffer buffer = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
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
            long heads = example instanceof TokenRanked ranked ? 2L * ranked.ranks().length : 0;
            long bytes = (12 + heads) * Integer.BYTES + (example.tokens() + 1L) * Integer.BYTES * 33 / 32;
            if (bytes > Integer.MAX_VALUE) {
                throw new PlumbException(id + " has " + example.tokens() + " tokens, more than a row can hold.");
            }
            if (buffer.capacity() < bytes) {
                buffer = ByteBuffer.allocate((int) bytes).order(ByteOrder.LITTLE_ENDIAN);
            }
            buffer.clear();
            buffer.putInt(kind(example));
            buffer.putInt(files.computeIfAbsent(id.file(), unseen -> files.size()));
            buffer.putLong(id.line());
            if (example instanceof TokenPair pair) {
                buffer.putDouble(pair.judgement().margin());
                buffer.putDouble(pair.judgement().probability());
                buffer.putInt(pair.judgement().tie() ? 1 : 0);
                buffer.putInt(pair.prompt().length);
                buffer.putInt(pair.chosen().length);
                buffer.putInt(pair.rejected().length);
                put(pair.prompt());
                put(pair.chosen());
                put(pair.rejected());
            } else if (example instanceof TokenJudged judged) {
                buffer.putInt(judged.desirable() ? 1 : 0);
                buffer.putInt(judged.prompt().length);
                buffer.putInt(judged.completion().length);
                put(judged.prompt());
                put(judged.completion());
            } else if (example instanceof TokenRanked ranked) {
                buffer.putInt(ranked.ranks().length);
                for (int i = 0; i < ranked.ranks().length; i++) {
                    buffer.putInt(ranked.completions().get(i).length);
                    buffer.putInt(ranked.ranks()[i]);
                }
                buffer.putInt(ranked.prompt().length);
                put(ranked.prompt());
                ranked.completions().forEach(this::put);
            } else if (example instanceof TokenSequence sequence) {
                buffer.putInt(sequence.ids().length);
                put(sequence.ids());
                put(words(sequence.trained()));
            }
            try {
                tokensOut.write(buffer.array(), 0, buffer.position());
                ByteBuffer entry = ByteBuffer.allocate(ENTRY).order(ByteOrder.LITTLE_ENDIAN);
                entry.putLong(position).putInt(buffer.position()).putInt(example.tokens());
                indexOut.write(entry.array());
            } catch (IOException e) {
                throw cannotWrite(e);
            }
            position += buffer.position();
            size++;
        }

        private static int kind(Example example) {
            if (example instanceof TokenPair) {
                return PAIR;
            }
            return example instanceof TokenRanked ? RANKED : example instanceof TokenJudged ? JUDGED : SEQUENCE;
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

        private void put(int[] ids) {
            buffer.asIntBuffer().put(ids);
            buffer.position(buffer.position() + ids.length * Integer.BYTES);
        }

        private static int[] words(boolean[] trained) {
            int[] words = new int[(trained.length + Integer.SIZE - 1) / Integer.SIZE];
            for (int i = 0; i < trained.length; i++) {
                words[i / Integer.SIZE] |= (trained[i] ? 1 : 0) << i % Integer.SIZE;
            }
            return words;
        }
    }
}
