package dev.plumb.objective;

/** What a sum of squared distances from the mean is divided by, n numbers given. */
public enum StandardDeviation {
    /** By n − 1. */
    SAMPLE,
    /** By n. */
    POPULATION
}
