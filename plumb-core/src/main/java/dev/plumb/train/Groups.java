package dev.plumb.train;

import dev.plumb.data.TokenStore;
import java.util.ArrayList;
import java.util.List;

/** Splits the rows of a step for forward passes. */
final class Groups {
    private Groups() {}

    /** Rows in their order, in groups of at most so many tokens; a longer row is a group of its own. */
    static List<List<Long>> of(TokenStore store, List<Long> rows, int tokens) {
        List<List<Long>> groups = new ArrayList<>();
        List<Long> now = new ArrayList<>();
        long held = 0;
        for (long row : rows) {
            long size = store.tokens(row);
            if (!now.isEmpty() && held + size > tokens) {
                groups.add(List.copyOf(now));
                now.clear();
                held = 0;
            }
            now.add(row);
            held += size;
        }
        if (!now.isEmpty()) {
            groups.add(List.copyOf(now));
        }
        return groups;
    }

    /** All rows of a store. */
    static List<Long> all(TokenStore store) {
        List<Long> rows = new ArrayList<>();
        for (long row = 0; row < store.size(); row++) {
            rows.add(row);
        }
        return rows;
    }
}
