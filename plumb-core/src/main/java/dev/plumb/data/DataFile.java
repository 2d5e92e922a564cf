package dev.plumb.data;

import dev.plumb.config.PlumbException;
import dev.plumb.config.Setting;
import dev.plumb.config.Shorthand;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * One file of rows and how it is to be read.
 *
 * @param path the file
 * @param format how the rows are written down
 * @param columns our name of a column to the file's name of it
 * @param weight how often its rows are taken; used where several files are mixed, not by the readers
 * @param sql a DuckDB query that makes the rows
 */
@Shorthand("path")
public record DataFile(
        @Setting(
                doc = "The file: .jsonl, .json, .csv, .tsv (each also with .gz) or .parquet; or the id of a data set on"
                        + " the hub that HF_ENDPOINT names, as in org/name, org/name@revision or"
                        + " org/name@revision/path/in/it.")
        Path path,

        @Setting(
                doc = "How the rows are written: auto, jsonl, json, csv or parquet. auto goes by the file's name.",
                byDefault = "auto")
        DataFormat format,

        @Setting(
                doc = "Columns under other names, our name first: {prompt: question, chosen: better}. Our names are"
                        + " text, messages, conversations, prompt, completion, chosen, rejected, label, margin,"
                        + " preference_probability, tie, completions, labels, ranks, scores, instruction, input, output, history,"
                        + " system and tools; and of rows about beliefs context, belief_id, belief_text, rejected_belief_id,"
                        + " belief_probs, votes and group.")
        Map<String, String> columns,

        @Setting(
                doc = "How often a row of this file is taken in an epoch: 2 takes each twice, 0.5 takes half of them.",
                byDefault = "1",
                min = 0,
                aboveMin = true)
        double weight,

        @Setting(
                doc =
                        "A DuckDB query over the table data, which is the file; its result has the rows. It may read whatever"
                                + " its author may.")
        Optional<String> sql) {

    /** Checks the names of the columns and the weight. */
    public DataFile {
        columns = Collections.unmodifiableMap(new LinkedHashMap<>(columns));
        TreeSet<String> unknown = new TreeSet<>(columns.keySet());
        unknown.removeAll(Form.COLUMNS);
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException("columns: " + String.join(", ", unknown)
                    + " is not a column that Plumb reads; our name comes first, as in prompt: question, and is one of "
                    + String.join(", ", Form.COLUMNS));
        }
        if (!(weight > 0) || Double.isInfinite(weight)) {
            throw new IllegalArgumentException("weight: " + weight + " is not a number above 0");
        }
    }

    /**
     * A file with its columns under their usual names.
     *
     * @param path the file
     * @return it, with weight 1 and the format by its name
     */
    public static DataFile of(Path path) {
        return new DataFile(path, DataFormat.AUTO, Map.of(), 1, Optional.empty());
    }

    /**
     * The files that this one stands for, each read in the same way.
     *
     * @param paths one, or the parts of one table
     * @return the files
     * @throws PlumbException if there are several and a query, which sees one at a time
     */
    public List<DataFile> at(List<Path> paths) {
        if (sql.isPresent() && paths.size() > 1) {
            throw new PlumbException(path + " is " + paths.size()
                    + " files, and sql reads only one: name one of them, as" + " in " + paths.get(0) + ".");
        }
        return paths.stream()
                .map(one -> new DataFile(one, format, columns, weight, sql))
                .toList();
    }

    /**
     * The same file with columns under other names.
     *
     * @param renamed our name to the file's name
     * @return the file with exactly these
     */
    public DataFile withColumns(Map<String, String> renamed) {
        return new DataFile(path, format, renamed, weight, sql);
    }
}
