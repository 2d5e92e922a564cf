package dev.plumb.data;

import java.util.Optional;

/** The rows of one file or of several, one after another in the order of the files. Memory does not grow with their size. Not thread-safe. */
public interface RowSource extends AutoCloseable {
    /** The largest row that is read, in bytes of its text: 256 MiB. */
    int MAX_ROW_BYTES = 256 << 20;

    /**
     * The next row. A bad row is a result like any other and never thrown.
     *
     * @return the row, or what is wrong with it; empty after the last
     * @throws dev.plumb.config.PlumbException if the file cannot be read on, such as a gzip file that is cut off
     */
    Optional<RowResult> next();

    /**
     * What the columns of the file were taken for, for the user to check.
     *
     * @return a sentence without its full stop; one per line if there are several files
     */
    String shape();

    /**
     * What the rows are.
     *
     * @return the kind that was asked for
     */
    RowKind kind();

    /** Lets go of the files. */
    @Override
    void close();
}
