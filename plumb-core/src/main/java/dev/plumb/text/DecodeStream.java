package dev.plumb.text;

import java.util.Arrays;

/**
 * Turns ids into text one at a time, as they are sampled. A piece of text is given out only when it is whole: bytes of
 * an unfinished code point wait for the ids that finish it. All pieces together are what {@link Tokenizer#decode} gives
 * for all ids together.
 *
 * <p>What a token reads as depends on the tokens before it (a leading space is dropped, bytes join into one code point),
 * so the ids since the last piece but one are decoded again with every id.
 */
public final class DecodeStream {
    private static final char REPLACEMENT = '\uFFFD';

    private final Tokenizer tokenizer;
    private final boolean skipSpecial;
    private int[] ids = new int[16];
    private int size;
    private int read;

    DecodeStream(Tokenizer tokenizer, boolean skipSpecial) {
        this.tokenizer = tokenizer;
        this.skipSpecial = skipSpecial;
    }

    /**
     * Takes the next id.
     *
     * @param id a token id
     * @return the text that has become whole; empty while a code point is unfinished
     */
    public String push(int id) {
        if (size == ids.length) {
            ids = Arrays.copyOf(ids, 2 * size);
        }
        ids[size++] = id;
        String known = decode(read);
        String all = decode(size);
        if (all.length() <= known.length() || all.charAt(all.length() - 1) == REPLACEMENT) {
            return "";
        }
        ids = Arrays.copyOfRange(ids, read, Math.max(read + 16, size));
        size -= read;
        read = size;
        return all.substring(known.length());
    }

    /**
     * Ends the text.
     *
     * @return what still waited, with U+FFFD for bytes that never became a code point
     */
    public String finish() {
        String rest = decode(size).substring(decode(read).length());
        size = 0;
        read = 0;
        return rest;
    }

    private String decode(int end) {
        return end == 0 ? "" : tokenizer.decode(Arrays.copyOf(ids, end), skipSpecial);
    }
}
