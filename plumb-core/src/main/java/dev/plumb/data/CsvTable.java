package dev.plumb.data;

import dev.plumb.config.PlumbException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Comma-separated values with a header line, by the rules of RFC 4180: a quoted field may hold the separator, line breaks and
 * doubled quotes. All columns are text and nothing is guessed: not the separator, not types, not where the header is.
 */
final class CsvTable implements Table {
    private final String name;
    private final ByteFeed feed;
    private final char separator;
    private final RowBytes row;
    private final List<Integer> ends = new ArrayList<>();
    private final List<String> header;

    CsvTable(String name, ByteFeed feed, RowBytes row, char separator) {
        this.name = name;
        this.feed = feed;
        this.row = row;
        this.separator = separator;
        try {
            record();
            header = fields();
        } catch (BadRow e) {
            throw new PlumbException(name + ":1 is not a header line: " + e.getMessage() + ".");
        }
        if (header.size() != new LinkedHashSet<>(header).size()) {
            throw new PlumbException(name + ":1 names a column twice: " + String.join(", ", header) + ".");
        }
        if (header.size() == 1
                && (header.get(0).indexOf(';') >= 0 || header.get(0).indexOf('\t') >= 0)) {
            throw new PlumbException(
                    name + ":1 is a single column, " + header.get(0)
                            + ": columns are separated by commas, or by tabs in a file whose name ends in .tsv; or give an sql query.");
        }
    }

    @Override
    public Optional<Entry> next() {
        while (feed.peek() >= 0) {
            RowId id = new RowId(name, feed.line());
            try {
                record();
                if (ends.size() == 1 && row.size() == 0) {
                    continue;
                }
                return Optional.of(new Columns(id, columns()));
            } catch (BadRow e) {
                return Optional.of(new Unreadable(e.at(id)));
            }
        }
        return Optional.empty();
    }

    private Map<String, @Nullable Object> columns() throws BadRow {
        if (ends.size() != header.size()) {
            throw new BadRow(
                    BadRowReason.MALFORMED_CSV,
                    "the record has " + ends.size() + " fields, the header line " + header.size());
        }
        List<String> fields = fields();
        Map<String, @Nullable Object> columns = new LinkedHashMap<>();
        for (int i = 0; i < fields.size(); i++) {
            columns.put(header.get(i), fields.get(i));
        }
        return columns;
    }

    private List<String> fields() throws BadRow {
        List<String> fields = new ArrayList<>(ends.size());
        int from = 0;
        for (int end : ends) {
            fields.add(row.text(from, end));
            from = end;
        }
        return fields;
    }

    /** Takes one record: the bytes of its fields, without quotes and separators, and where each ends. */
    private void record() throws BadRow {
        row.begin(feed.offset());
        ends.clear();
        while (true) {
            if (feed.peek() == '"') {
                quoted();
            } else {
                plain();
            }
            ends.add(row.size());
            if (feed.next() != separator) {
                return;
            }
        }
    }

    private void plain() {
        while (true) {
            int value = feed.peek();
            if (value < 0 || value == separator || value == '\n') {
                return;
            }
            feed.next();
            if (value == '\r' && (feed.peek() == '\n' || feed.peek() < 0)) {
                return;
            }
            row.add(value);
        }
    }

    private void quoted() throws BadRow {
        long line = feed.line();
        feed.next();
        while (true) {
            int value = feed.next();
            if (value < 0) {
                throw new PlumbException(
                        name + ":" + line + " opens a quote that is never closed; everything after it would be"
                                + " one field. Close it, or double it if it is part of the text.");
            }
            if (value == '"') {
                if (feed.peek() != '"') {
                    break;
                }
                feed.next();
            }
            row.add(value);
        }
        boolean lineEnds = feed.peek() == '\r' && feed.next() == '\r';
        int after = feed.peek();
        if (after >= 0 && after != '\n' && (lineEnds || after != separator)) {
            while (feed.peek() >= 0 && feed.next() != '\n') {
                // the rest of the line belongs to the faulty record
            }
            throw new BadRow(
                    BadRowReason.MALFORMED_CSV,
                    "text follows a closing quote; a quote inside a quoted field has to be doubled");
        }
    }

    @Override
    public void close() {
        feed.close();
    }
}
