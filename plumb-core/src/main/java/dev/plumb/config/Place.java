package dev.plumb.config;

import java.util.Comparator;

/**
 * Where something was written.
 *
 * @param source a file, or words for where else it was given
 * @param line counted from 1; 0 if the source has no lines
 * @param column counted from 1; 0 if the source has no lines
 */
record Place(String source, int line, int column) implements Comparable<Place> {
    static final Place COMMAND_LINE = new Place("on the command line", 0, 0);

    private static final Comparator<Place> ORDER = Comparator.<Place>comparingInt(
                    place -> place.line == 0 ? 1 : 0) // what has no lines comes last
            .thenComparingInt(Place::line)
            .thenComparingInt(Place::column);

    @Override
    public int compareTo(Place other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return line == 0 ? source : source + ":" + line + ":" + column;
    }
}
