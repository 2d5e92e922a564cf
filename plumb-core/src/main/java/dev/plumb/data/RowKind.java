package dev.plumb.data;

/** What a way of learning asks of a data file. */
public enum RowKind {
    /** Something to imitate: {@link Row.Demonstration}. */
    DEMONSTRATION,
    /** Two answers to one prompt: {@link Row.Preference}. */
    PREFERENCE
}
