package dev.plumb.data;

/** What to do with rows that cannot be learnt from. */
public enum BadRows {
    /** List them all by reason and do not train. */
    ERROR,
    /** Leave them out and count them by reason. */
    DROP
}
