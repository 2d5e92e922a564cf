package dev.plumb.data;

import java.util.List;

/** A set of columns that makes a row. */
final class Form {
    /** Our names of all columns that some form reads. */
    static final List<String> COLUMNS = List.of(
            "text",
            "messages",
            "conversations",
            "prompt",
            "completion",
            "chosen",
            "rejected",
            "instruction",
            "input",
            "output",
            "history",
            "system",
            "tools");

    private Form() {}
}
