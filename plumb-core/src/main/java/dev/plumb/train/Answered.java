package dev.plumb.train;

import java.util.Map;

/**
 * An answer as it is shown.
 *
 * @param prompt the prompt as text
 * @param completion the answer as text
 * @param scores what is to be said of it, by name
 */
record Answered(String prompt, String completion, Map<String, Double> scores) {}
