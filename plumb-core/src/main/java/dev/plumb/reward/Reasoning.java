package dev.plumb.reward;

/** The two parts of a completion that reasons first. */
final class Reasoning {
    static final String OPEN = "<think>";
    static final String CLOSE = "</think>";

    private Reasoning() {}

    /** What follows the last closing tag; all of it if there is none. */
    static String answer(String completion) {
        int end = completion.lastIndexOf(CLOSE);
        return end < 0 ? completion : completion.substring(end + CLOSE.length());
    }

    /** What stands before the last closing tag, without the opening one; all of it if there is none. */
    static String thought(String completion) {
        int end = completion.lastIndexOf(CLOSE);
        String thought = end < 0 ? completion : completion.substring(0, end);
        int start = thought.indexOf(OPEN);
        return start < 0 ? thought : thought.substring(start + OPEN.length());
    }

    /** How often a tag occurs. */
    static int count(String text, String tag) {
        int count = 0;
        for (int at = text.indexOf(tag); at >= 0; at = text.indexOf(tag, at + tag.length())) {
            count++;
        }
        return count;
    }
}
