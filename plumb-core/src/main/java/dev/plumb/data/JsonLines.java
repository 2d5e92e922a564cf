package dev.plumb.data;

import java.util.Optional;

/** One JSON object per line; blank lines are skipped. */
final class JsonLines implements Table {
    private final String name;
    private final ByteFeed feed;
    private final RowBytes row;

    JsonLines(String name, ByteFeed feed, RowBytes row) {
        this.name = name;
        this.feed = feed;
        this.row = row;
    }

    @Override
    public Optional<Entry> next() {
        while (feed.peek() >= 0) {
            RowId id = new RowId(name, feed.line());
            row.begin(feed.offset());
            for (int value = feed.next(); value >= 0 && value != '\n'; value = feed.next()) {
                row.add(value);
            }
            if (!row.isBlank()) {
                return Optional.of(entry(id, row, ""));
            }
        }
        return Optional.empty();
    }

    /** The row that some bytes hold as a JSON object. */
    static Entry entry(RowId id, RowBytes row, String place) {
        try {
            return new Columns(id, JsonText.columns(row.text()));
        } catch (BadRow e) {
            RowResult.Bad bad = e.at(id);
            return new Unreadable(new RowResult.Bad(id, bad.reason(), bad.detail() + place));
        }
    }

    @Override
    public void close() {
        feed.close();
    }
}
