package dev.plumb.data;

/** What to do with a row that is longer than the limit. */
public enum Truncation {
    /** Treat it as a bad row. */
    ERROR,
    /** Keep its start; the end of the answer, and the token that ends it, are lost. */
    KEEP_START,
    /** Keep its end; the beginning of the prompt is lost. An answer that is too long by itself is a bad row. */
    KEEP_END,
    /** Leave the row out and count it. */
    DROP
}
