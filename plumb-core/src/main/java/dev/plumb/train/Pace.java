package dev.plumb.train;

/**
 * How rows become steps.
 *
 * @param rows taken at once
 * @param steps that learn from them before the next are taken
 */
public record Pace(int rows, int steps) {}
