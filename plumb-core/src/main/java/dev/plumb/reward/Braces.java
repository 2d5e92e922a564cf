package dev.plumb.reward;

/** Braces and brackets of LaTeX, an escaped one not counted. */
final class Braces {
    private Braces() {}

    /**
     * Where the group that opens at an index ends.
     *
     * @param text a text with {@code open} at that index
     * @return the index of the closing brace, or −1 if the group never ends
     */
    static int end(String text, int start, char open, char close) {
        int depth = 0;
        for (int i = start; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\') {
                i++;
            } else if (c == open) {
                depth++;
            } else if (c == close && --depth == 0) {
                return i;
            }
        }
        return -1;
    }

    static int end(String text, int start) {
        return end(text, start, '{', '}');
    }
}
