package dev.plumb.data;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The bytes of one row while it is read, up to a limit; what is beyond is dropped and remembered. */
final class RowBytes {
    private static final int SMALL = 1 << 16;

    private final CharsetDecoder utf8 = StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    private final int limit;
    private byte[] bytes = new byte[SMALL];
    private int size;
    private boolean tooLarge;
    private long start;

    RowBytes(int limit) {
        this.limit = limit;
    }

    /**
     * Begins a new row.
     *
     * @param offset where in the file's text it begins, in bytes
     */
    void begin(long offset) {
        if (bytes.length > SMALL) {
            bytes = new byte[SMALL];
        }
        size = 0;
        tooLarge = false;
        start = offset;
    }

    void add(int value) {
        if (size == limit) {
            tooLarge = true;
            return;
        }
        if (size == bytes.length) {
            bytes = Arrays.copyOf(bytes, (int) Math.min(limit, size * 2L));
        }
        bytes[size++] = (byte) value;
    }

    int size() {
        return size;
    }

    boolean isBlank() {
        for (int i = 0; i < size; i++) {
            if (!ByteFeed.isSpace(bytes[i])) {
                return false;
            }
        }
        return true;
    }

    /** All of the row as text. */
    String text() throws BadRow {
        return text(0, size);
    }

    /** A part of the row as text; the bytes have to be UTF-8, nothing is replaced. */
    String text(int from, int to) throws BadRow {
        if (tooLarge) {
            throw new BadRow(
                    BadRowReason.TOO_LARGE, "the row is larger than " + limit + " bytes, the most that is read as one");
        }
        String text = new String(bytes, from, to - from, StandardCharsets.UTF_8);
        if (text.indexOf('\uFFFD') < 0) {
            return text;
        }
        // Either the file has this very character, or Java put it where a byte is not UTF-8; the slower decoder tells.
        ByteBuffer in = ByteBuffer.wrap(bytes, from, to - from);
        if (utf8.reset().decode(in, CharBuffer.allocate(to - from), true).isError()) {
            throw new BadRow(
                    BadRowReason.NOT_UTF8,
                    String.format(
                            "byte 0x%02X at offset %d of the text is not UTF-8; save the file as UTF-8",
                            bytes[in.position()], start + in.position()));
        }
        return text;
    }
}
