package dev.plumb.data;

import java.nio.file.Path;
import java.util.List;

/** Stores of given tokens, for tests of other packages. */
public final class Stores {
    private Stores() {}

    /** A store of rows named rows:1, rows:2 and so on. */
    public static TokenStore of(Path folder, List<? extends Example> rows) {
        try (TokenStore.Writer writer = new TokenStore.Writer(folder, "rows")) {
            for (int i = 0; i < rows.size(); i++) {
                writer.add(new RowId("rows", i + 1), rows.get(i));
            }
            return writer.finish();
        }
    }

    /** The rows as they stand, in each epoch. */
    public static Order order(TokenStore store) {
        return new Order(List.of(new Order.Part(0, store.size(), 1)), 0, false);
    }
}
