package dev.plumb.model;

import java.util.ArrayList;
import java.util.List;

/**
 * Sequences laid out one after another for a forward pass, without padding. A segment is a run of tokens; it sees itself up
 * to each token, and its parent wholly if it has one. So a prompt that several completions share is there once, and
 * sequences that stand side by side do not see each other.
 *
 * @param ids token ids of all segments
 * @param positions position of each token in its own sequence
 * @param segments in the order of their tokens; together they cover all
 */
public record Layout(int[] ids, int[] positions, List<Segment> segments) {

    /**
     * A run of tokens.
     *
     * @param start its first token
     * @param length how many, at least 1
     * @param parent number of the segment it continues, which has no parent itself; -1 for none
     */
    public record Segment(int start, int length, int parent) {
        boolean isRoot() {
            return parent < 0;
        }
    }

    /** Checks the order. */
    public Layout {
        segments = List.copyOf(segments);
        if (ids.length != positions.length) {
            throw new IllegalArgumentException("as many positions as tokens are needed");
        }
        int at = 0;
        for (int i = 0; i < segments.size(); i++) {
            Segment segment = segments.get(i);
            if (segment.start() != at || segment.length() < 1) {
                throw new IllegalArgumentException("segments must follow each other");
            }
            if (!segment.isRoot()
                    && (segment.parent() >= i || !segments.get(segment.parent()).isRoot())) {
                throw new IllegalArgumentException("a parent must come first and have no parent itself");
            }
            at += segment.length();
        }
        if (at != ids.length) {
            throw new IllegalArgumentException("segments must cover all tokens");
        }
    }

    /**
     * How many tokens.
     *
     * @return the number
     */
    public int tokens() {
        return ids.length;
    }

    /**
     * The largest position.
     *
     * @return the position, from 0
     */
    public int longest() {
        int longest = 0;
        for (int position : positions) {
            longest = Math.max(longest, position);
        }
        return longest;
    }

    /**
     * Whole sequences side by side.
     *
     * @param sequences token ids, none empty
     * @return their layout
     */
    public static Layout of(List<int[]> sequences) {
        Builder builder = new Builder();
        for (int[] sequence : sequences) {
            builder.root(sequence);
        }
        return builder.build();
    }

    /** Adds segments one by one. */
    public static final class Builder {
        private final List<int[]> runs = new ArrayList<>();
        private final List<Segment> segments = new ArrayList<>();
        private int tokens;

        /**
         * Adds a sequence of its own.
         *
         * @param run token ids, at least one
         * @return its segment's number
         */
        public int root(int[] run) {
            return add(run, -1);
        }

        /**
         * Adds a continuation.
         *
         * @param parent number of the segment it continues
         * @param run token ids, at least one
         * @return its segment's number
         */
        public int child(int parent, int[] run) {
            return add(run, parent);
        }

        private int add(int[] run, int parent) {
            segments.add(new Segment(tokens, run.length, parent));
            runs.add(run);
            tokens += run.length;
            return segments.size() - 1;
        }

        /**
         * The segments so far.
         *
         * @return their layout
         */
        public Layout build() {
            int[] ids = new int[tokens];
            int[] positions = new int[tokens];
            for (int i = 0; i < segments.size(); i++) {
                Segment segment = segments.get(i);
                int first =
                        segment.isRoot() ? 0 : segments.get(segment.parent()).length();
                System.arraycopy(runs.get(i), 0, ids, segment.start(), segment.length());
                for (int t = 0; t < segment.length(); t++) {
                    positions[segment.start() + t] = first + t;
                }
            }
            return new Layout(ids, positions, segments);
        }
    }
}
