package dev.plumb.data;

import java.util.ArrayList;
import java.util.List;

/** Opens data files. */
public final class Rows {
    private Rows() {}

    /**
     * Opens a file and looks at its first row to learn its shape.
     *
     * @param file the file
     * @param kind what is to be made of its rows
     * @return its rows in the order of the file, the first included; to be closed
     * @throws dev.plumb.config.PlumbException if the file is missing, unreadable, empty, a folder or not in its format, if
     *     the first row has no shape of the wanted kind, or if it lacks a column that the file's mapping names
     */
    public static RowSource open(DataFile file, RowKind kind) {
        return new FileRows(file, kind);
    }

    /**
     * Opens several files at once, so that a fault in the last one shows before the first is read.
     *
     * @param files the files
     * @param kind what is to be made of their rows
     * @return the rows of the first file, then of the second, and so on; weights are not applied
     * @throws dev.plumb.config.PlumbException as {@link #open(DataFile, RowKind)}
     */
    public static RowSource open(List<DataFile> files, RowKind kind) {
        List<RowSource> sources = new ArrayList<>(files.size());
        try {
            for (DataFile file : files) {
                sources.add(open(file, kind));
            }
        } catch (RuntimeException e) {
            sources.forEach(RowSource::close);
            throw e;
        }
        return new JoinedRows(sources);
    }
}
