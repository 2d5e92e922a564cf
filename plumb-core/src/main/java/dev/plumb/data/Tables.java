package dev.plumb.data;

import dev.plumb.config.PlumbException;
import java.nio.file.Path;
import java.util.Locale;

/** Opens a file in the format that it is in. */
final class Tables {
    private Tables() {}

    static Table open(DataFile file) {
        Path path = file.path();
        ByteFeed.check(path);
        DataFormat format = file.format() == DataFormat.AUTO ? byName(path) : file.format();
        if (format == DataFormat.PARQUET) {
            return new DuckTable(file, format);
        }
        ByteFeed feed = ByteFeed.open(path);
        try {
            if (file.format() == DataFormat.AUTO && format == DataFormat.JSON && feed.skipSpace() != '[') {
                format = DataFormat.JSONL;
            }
            if (file.sql().isPresent()) {
                feed.close();
                return new DuckTable(file, format);
            }
            RowBytes row = new RowBytes(RowSource.MAX_ROW_BYTES);
            return switch (format) {
                case JSON -> new JsonArray(path.toString(), feed, row);
                case CSV -> new CsvTable(path.toString(), feed, row, separator(path));
                default -> new JsonLines(path.toString(), feed, row);
            };
        } catch (RuntimeException e) {
            feed.close();
            throw e;
        }
    }

    /** What stands between the columns of a file of the CSV format. */
    static char separator(Path path) {
        return baseName(path).endsWith(".tsv") ? '\t' : ',';
    }

    private static DataFormat byName(Path path) {
        String name = baseName(path);
        if (name.endsWith(".jsonl") || name.endsWith(".ndjson")) {
            return DataFormat.JSONL;
        }
        if (name.endsWith(".json")) {
            return DataFormat.JSON;
        }
        if (name.endsWith(".csv") || name.endsWith(".tsv")) {
            return DataFormat.CSV;
        }
        if (name.endsWith(".parquet")) {
            return DataFormat.PARQUET;
        }
        throw new PlumbException(path + " does not tell its format by its name (.jsonl, .json, .csv, .tsv, .parquet);"
                + " set format: jsonl, json, csv or parquet.");
    }

    private static String baseName(Path path) {
        String name = path.toString().toLowerCase(Locale.ROOT);
        return name.endsWith(".gz") ? name.substring(0, name.length() - 3) : name;
    }
}
