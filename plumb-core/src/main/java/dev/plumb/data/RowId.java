package dev.plumb.data;

/**
 * Where a row came from.
 *
 * @param file the file as the user named it
 * @param line the line in a line-based file, else the ordinal of the record, from 1
 */
public record RowId(String file, long line) {
    @Override
    public String toString() {
        return file + ":" + line;
    }
}
