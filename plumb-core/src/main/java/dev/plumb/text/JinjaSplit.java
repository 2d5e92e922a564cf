package dev.plumb.text;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** Python's ways to take a string apart. */
final class JinjaSplit {
    private static final String LINE_ENDS = "\n\r\u000b\f\u001c\u001d\u001e\u0085\u2028\u2029";

    private JinjaSplit() {}

    /** At a separator, at most so many times (negative: always), from the left or from the right. */
    static List<Object> by(String text, String separator, int most, boolean fromRight) {
        if (separator.isEmpty()) {
            throw new JinjaFault("split() got an empty separator");
        }
        List<Object> parts = new ArrayList<>();
        String rest = text;
        while (most < 0 || parts.size() < most) {
            int found = fromRight ? rest.lastIndexOf(separator) : rest.indexOf(separator);
            if (found < 0) {
                break;
            }
            String after = rest.substring(found + separator.length());
            parts.add(fromRight ? after : rest.substring(0, found));
            rest = fromRight ? rest.substring(0, found) : after;
        }
        parts.add(rest);
        if (fromRight) {
            Collections.reverse(parts);
        }
        return parts;
    }

    /** At runs of white space, at most so many times (negative: always); the rest keeps the space at its far end. */
    static List<Object> bySpace(String text, int most, boolean fromRight) {
        List<Object> parts = new ArrayList<>();
        String rest = strip(text, fromRight);
        while (!rest.isEmpty()) {
            int found = most >= 0 && parts.size() >= most ? -1 : space(rest, fromRight);
            if (found < 0) {
                parts.add(rest);
                break;
            }
            parts.add(fromRight ? rest.substring(found + 1) : rest.substring(0, found));
            rest = strip(fromRight ? rest.substring(0, found) : rest.substring(found + 1), fromRight);
        }
        if (fromRight) {
            Collections.reverse(parts);
        }
        return parts;
    }

    private static int space(String text, boolean last) {
        for (int i = 0; i < text.length(); i++) {
            int at = last ? text.length() - 1 - i : i;
            if (JinjaText.isSpace(text.charAt(at))) {
                return at;
            }
        }
        return -1;
    }

    private static String strip(String text, boolean right) {
        return JinjaStrings.strip(text, Optional.empty(), !right, right);
    }

    static List<Object> lines(String text, boolean keepEnds) {
        List<Object> lines = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < text.length(); i++) {
            if (LINE_ENDS.indexOf(text.charAt(i)) < 0) {
                continue;
            }
            int end = i;
            if (text.startsWith("\r\n", i)) {
                i++;
            }
            lines.add(text.substring(start, keepEnds ? i + 1 : end));
            start = i + 1;
        }
        if (start < text.length()) {
            lines.add(text.substring(start));
        }
        return lines;
    }

    /** What is before the separator, the separator, and what is after it. */
    static JinjaTuple partition(String text, String separator, boolean last) {
        if (separator.isEmpty()) {
            throw new JinjaFault("partition() got an empty separator");
        }
        int found = last ? text.lastIndexOf(separator) : text.indexOf(separator);
        if (found < 0) {
            return new JinjaTuple(last ? List.of("", "", text) : List.of(text, "", ""));
        }
        String after = text.substring(found + separator.length());
        return new JinjaTuple(List.of(text.substring(0, found), separator, after));
    }
}
