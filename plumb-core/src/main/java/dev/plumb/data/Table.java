package dev.plumb.data;

import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The rows of a file as named columns, before they are given a meaning. */
interface Table extends AutoCloseable {
    /** A row, or what is wrong with it. */
    sealed interface Entry {}

    /**
     * A row by its columns.
     *
     * @param id where it stands
     * @param values what the columns hold: text, numbers, truth values, lists, maps, or null
     */
    record Columns(RowId id, Map<String, @Nullable Object> values) implements Entry {}

    /**
     * A row whose columns cannot be told.
     *
     * @param bad what is wrong
     */
    record Unreadable(RowResult.Bad bad) implements Entry {}

    /** The next row, or empty after the last. */
    Optional<Entry> next();

    @Override
    void close();
}
