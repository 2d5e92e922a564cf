package dev.plumb.text;

import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;

/** Dates as Python's {@code strftime} writes them in the C locale. */
final class JinjaDate {
    private static final Map<Character, String> PATTERNS = Map.ofEntries(
            Map.entry('Y', "uuuu"),
            Map.entry('y', "uu"),
            Map.entry('m', "MM"),
            Map.entry('B', "MMMM"),
            Map.entry('b', "MMM"),
            Map.entry('h', "MMM"),
            Map.entry('d', "dd"),
            Map.entry('e', "ppd"),
            Map.entry('j', "DDD"),
            Map.entry('A', "EEEE"),
            Map.entry('a', "EEE"),
            Map.entry('H', "HH"),
            Map.entry('I', "hh"),
            Map.entry('M', "mm"),
            Map.entry('S', "ss"),
            Map.entry('f', "SSSSSS"),
            Map.entry('p', "a"),
            Map.entry('F', "uuuu-MM-dd"),
            Map.entry('T', "HH:mm:ss"),
            Map.entry('R', "HH:mm"),
            Map.entry('D', "MM/dd/uu"),
            Map.entry('x', "MM/dd/uu"),
            Map.entry('X', "HH:mm:ss"),
            Map.entry('c', "EEE MMM ppd HH:mm:ss uuuu"));
    private static final Map<Character, String> UNPADDED =
            Map.of('d', "d", 'e', "d", 'm', "M", 'H', "H", 'I', "h", 'M', "m", 'S', "s", 'j', "D");

    private JinjaDate() {}

    static String format(LocalDateTime time, String format) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '%') {
                out.append(c);
                continue;
            }
            boolean unpadded = format.startsWith("%-", i);
            i += unpadded ? 2 : 1;
            char code = i < format.length() ? format.charAt(i) : ' ';
            out.append(code(time, code, unpadded));
        }
        return out.toString();
    }

    private static String code(LocalDateTime time, char code, boolean unpadded) {
        if (code == '%' || code == 'n' || code == 't') {
            return code == '%' ? "%" : code == 'n' ? "\n" : "\t";
        } else if (code == 'Z' || code == 'z') {
            return "";
        } else if (code == 'w' || code == 'u') {
            int day = time.getDayOfWeek().getValue();
            return String.valueOf(code == 'w' ? day % 7 : day);
        }
        String pattern = (unpadded ? UNPADDED : PATTERNS).get(code);
        if (pattern == null) {
            throw new JinjaFault("strftime_now() does not know the code '%" + (unpadded ? "-" : "") + code + "'");
        }
        return time.format(DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH));
    }
}
