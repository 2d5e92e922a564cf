package dev.plumb.data;

/** How the rows of a file are written down. */
public enum DataFormat {
    /** By the file's name, and for {@code .json} by its first character. */
    AUTO,
    /** One JSON object per line. */
    JSONL,
    /** One JSON array of objects. */
    JSON,
    /** Comma-separated values with a header line, quoted as in RFC 4180; tabs instead of commas in a {@code .tsv} file. */
    CSV,
    /** Apache Parquet. */
    PARQUET
}
