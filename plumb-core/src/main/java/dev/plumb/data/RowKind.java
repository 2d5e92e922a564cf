package dev.plumb.data;

/** What a way of learning asks of a data file. */
public enum RowKind {
    /** Something to imitate: {@link Row.Demonstration}. */
    DEMONSTRATION("demonstration", "prompt: question, completion: answer"),
    /** Two answers to one prompt: {@link Row.Preference}. */
    PREFERENCE("preference", "prompt: question, chosen: better, rejected: worse"),
    /** Answers to one prompt that were compared: {@link Row.Preference} or {@link Row.Ranked}, as the file's columns say. */
    COMPARISON("comparison", "prompt: question, chosen: better, rejected: worse"),
    /** An answer and whether it is good: {@link Row.Judged}. */
    UNPAIRED("judged answer", "prompt: question, completion: answer, label: thumb");

    private final String title;
    private final String mapping;

    RowKind(String title, String mapping) {
        this.title = title;
        this.mapping = mapping;
    }

    /** Whether rows of another kind serve as well. */
    boolean takes(RowKind other) {
        return other == this || this == COMPARISON && other == PREFERENCE;
    }

    /** What a row is called. */
    String title() {
        return title;
    }

    /** An example of columns under other names. */
    String mapping() {
        return mapping;
    }
}
