package dev.plumb.data;

import dev.plumb.config.PlumbException;
import java.util.Optional;

/**
 * One JSON array of objects. Its brackets are followed byte by byte, so that only one row is held at a time and a row that
 * is malformed within its brackets does not spoil those after it.
 */
final class JsonArray implements Table {
    private final String name;
    private final ByteFeed feed;
    private final RowBytes row;
    private long rows;
    private boolean ended;

    JsonArray(String name, ByteFeed feed, RowBytes row) {
        this.name = name;
        this.feed = feed;
        this.row = row;
        int first = feed.skipSpace();
        if (first != '[') {
            throw new PlumbException(name + ":" + feed.line() + " is not a JSON array of rows: it begins with "
                    + (char) first + "; if it holds one object per line, set format: jsonl.");
        }
        feed.next();
    }

    @Override
    public Optional<Entry> next() {
        if (ended) {
            return Optional.empty();
        }
        int value = feed.skipSpace();
        if (value == ']') {
            feed.next();
            if (feed.skipSpace() >= 0) {
                throw new PlumbException(
                        name + ":" + feed.line() + " goes on after its array of rows has ended; it has to"
                                + " be one array, or one object per line with format: jsonl.");
            }
            ended = true;
            return Optional.empty();
        }
        if (rows > 0) {
            if (value != ',') {
                throw value < 0
                        ? cutOff("after row " + rows)
                        : new PlumbException(name + ":" + feed.line() + " has " + (char) value + " after row " + rows
                                + " where a comma is due.");
            }
            feed.next();
            feed.skipSpace();
        }
        rows++;
        long line = feed.line();
        take(line);
        return Optional.of(JsonLines.entry(new RowId(name, rows), row, ", in the row that begins in line " + line));
    }

    private void take(long line) {
        row.begin(feed.offset());
        int depth = 0;
        boolean quoted = false;
        while (true) {
            int value = feed.peek();
            if (value < 0) {
                throw cutOff("inside row " + rows + ", which begins in line " + line);
            }
            if (depth == 0 && !quoted && (value == ',' || value == ']' || ByteFeed.isSpace(value))) {
                return;
            }
            row.add(feed.next());
            if (quoted && value == '\\') {
                row.add(feed.next());
            } else if (value == '"') {
                quoted = !quoted;
            } else if (!quoted && (value == '{' || value == '[')) {
                depth++;
            } else if (!quoted && (value == '}' || value == ']') && --depth <= 0) {
                return;
            }
        }
    }

    private PlumbException cutOff(String where) {
        return new PlumbException(name + " ends " + where
                + ", before its array is closed: the file is cut off, or a quote or bracket is missing there.");
    }

    @Override
    public void close() {
        feed.close();
    }
}
