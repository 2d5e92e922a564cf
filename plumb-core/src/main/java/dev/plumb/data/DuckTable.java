package dev.plumb.data;

import dev.plumb.config.PlumbException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Rows of a Parquet file, or of a query over a file of any format, streamed out of DuckDB as JSON in the order of the file. */
final class DuckTable implements Table {
    private static final String EACH_AS_JSON =
            "select to_json(\"plumb row\")::varchar as \"plumb json\" from (\n%s\n) \"plumb row\"";

    private final String name;
    private final String query;
    private final Path spill;
    private final Connection connection;
    private final Statement statement;
    private final ResultSet rows;
    private long row;

    /** Opens a file of a known format, with its query if it has one. */
    DuckTable(DataFile file, DataFormat format) {
        name = file.path().toString();
        query = file.sql().map(sql -> sql.strip().replaceAll("[;\\s]+$", "")).orElse("select * from data");
        try {
            spill = Files.createTempDirectory("plumb-duckdb");
        } catch (IOException e) {
            throw new UncheckedIOException("no temporary folder can be made for reading " + name, e);
        }
        Connection opened = null;
        try {
            opened = DriverManager.getConnection("jdbc:duckdb:", settings());
            connection = opened;
            statement = connection.createStatement();
            statement.execute("create temp view data as select * from " + scan(file.path(), format));
            statement.execute("set lock_configuration = true");
            rows = statement.executeQuery(String.format(EACH_AS_JSON, query));
        } catch (SQLException | IOException e) {
            PlumbException fault =
                    fault(e instanceof SQLException failed ? cause(opened, failed) : String.valueOf(e), e);
            try {
                release(opened);
            } catch (SQLException suppressed) {
                fault.addSuppressed(suppressed);
            }
            throw fault;
        }
    }

    private Properties settings() {
        Properties settings = new Properties();
        settings.setProperty("jdbc_stream_results", "true");
        settings.setProperty("autoinstall_known_extensions", "false");
        settings.setProperty("autoload_known_extensions", "false");
        settings.setProperty("preserve_insertion_order", "true");
        settings.setProperty("memory_limit", "1GB");
        settings.setProperty("threads", "1");
        settings.setProperty("temp_directory", spill.toString());
        return settings;
    }

    private String scan(Path path, DataFormat format) throws IOException, SQLException {
        String file = literal(path.toString().replaceAll("[\\[*?]", "[$0]"));
        String packed = format != DataFormat.PARQUET && ByteFeed.isGzip(path) ? ", compression = 'gzip'" : "";
        return switch (format) {
            case PARQUET -> "read_parquet(" + file + ", hive_partitioning = false)";
            case CSV ->
                "read_csv(" + file
                        + ", header = true, all_varchar = true, skip = 0, comment = '', hive_partitioning = false, quote = '\"',"
                        + " escape = '\"', max_line_size = 16777216, delim = '" + Tables.separator(path) + "'" + packed
                        + ")";
            default ->
                json(file + ", format = '" + (format == DataFormat.JSON ? "array" : "newline_delimited") + "'"
                        + ", hive_partitioning = false, maximum_object_size = 67108864" + packed);
        };
    }

    /** A scan of JSON in which a column of dates, times or identifiers stays the text that it is. */
    private String json(String arguments) throws SQLException {
        List<String> columns = new ArrayList<>();
        try (Statement describe = connection.createStatement();
                ResultSet column = describe.executeQuery("describe select * from read_json(" + arguments
                        + ", sample_size = -1, dateformat = '%%', timestampformat = '%%')")) {
            while (column.next()) {
                String type = column.getString(2).replaceAll("\\b(UUID|TIME|DATE|TIMESTAMP)\\b", "VARCHAR");
                columns.add(literal(column.getString(1)) + ": " + literal(type));
            }
        }
        return "read_json(" + arguments + ", columns = {" + String.join(", ", columns) + "})";
    }

    private static String literal(String text) {
        return "'" + text.replace("'", "''") + "'";
    }

    @Override
    public Optional<Entry> next() {
        String json;
        try {
            if (!rows.next()) {
                return Optional.empty();
            }
            json = rows.getString(1);
        } catch (SQLException e) {
            throw fault("after row " + row + ": " + message(e), e);
        }
        RowId id = new RowId(name, ++row);
        try {
            Map<String, @Nullable Object> columns = JsonText.columns(json);
            columns.replaceAll((column, value) -> withoutNulls(value));
            return Optional.of(new Columns(id, columns));
        } catch (BadRow e) {
            return Optional.of(new Unreadable(e.at(id)));
        }
    }

    /**
     * A nested value without the keys that are null. A Parquet column has one schema for all rows, so an object that lacks a
     * key comes with that key as null, and a template would see it as defined.
     */
    private static @Nullable Object withoutNulls(@Nullable Object value) {
        if (value instanceof Map<?, ?>) {
            Map<String, @Nullable Object> object = JsonText.fields(value);
            object.values().removeIf(field -> field == null);
            object.replaceAll((key, field) -> withoutNulls(field));
        } else if (value instanceof List<?> list) {
            list.forEach(DuckTable::withoutNulls);
        }
        return value;
    }

    /** DuckDB's own words. A streamed query hides why its first rows failed; run to its end without them it says so. */
    private String cause(@Nullable Connection opened, SQLException failed) {
        if (opened == null || !message(failed).contains("Invalid result set")) {
            return message(failed);
        }
        try (Statement again = opened.createStatement()) {
            again.execute("create temp table \"plumb why\" as select max(length(\"plumb json\")) from ("
                    + String.format(EACH_AS_JSON, query) + ")");
            return message(failed);
        } catch (SQLException e) {
            return message(e);
        }
    }

    private static String message(SQLException e) {
        return String.valueOf(e.getMessage())
                .lines()
                .limit(2)
                .reduce((first, second) -> first + " " + second)
                .orElse("");
    }

    private PlumbException fault(String why, Exception e) {
        return new PlumbException(
                name + " cannot be read as its format and query say (" + why.strip()
                        + "); check the file, its format and its sql.",
                e);
    }

    @Override
    public void close() {
        try {
            rows.close();
            statement.close();
            release(connection);
        } catch (SQLException e) {
            throw fault(message(e), e);
        }
    }

    private void release(@Nullable Connection opened) throws SQLException {
        if (opened != null) {
            opened.close();
        }
        try (Stream<Path> files = Files.walk(spill)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the temporary folder " + spill + " cannot be removed", e);
        }
    }
}
