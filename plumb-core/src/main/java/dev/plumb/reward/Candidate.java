package dev.plumb.reward;

import java.util.Optional;

/**
 * One of several solutions of a problem.
 *
 * @param answer its final answer, normalised so that equal answers are equal texts; empty if none can be read from it
 * @param score R, the larger the better
 * @param length how long it is, in one unit for all
 */
public record Candidate(Optional<String> answer, double score, int length) {}
