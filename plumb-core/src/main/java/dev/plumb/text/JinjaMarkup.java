package dev.plumb.text;

/**
 * Text that {@code escape} or {@code safe} marked. It prints and joins by {@code ~} as it is; other operators are
 * errors here, because in Python they would escape the other operand.
 *
 * @param text the text
 */
record JinjaMarkup(String text) {}
