package dev.plumb.train;

import java.util.Locale;

/** Text and numbers as they stand in a page. */
final class Html {
    private Html() {}

    /** Text that comes from data: safe between tags and in quoted attributes. */
    static String escape(String text) {
        StringBuilder safe = new StringBuilder(text.length() + 16);
        text.codePoints().forEach(c -> {
            switch (c) {
                case '&' -> safe.append("&amp;");
                case '<' -> safe.append("&lt;");
                case '>' -> safe.append("&gt;");
                case '"' -> safe.append("&quot;");
                case '\'' -> safe.append("&#39;");
                default -> {
                    boolean allowed = c >= 0x20 && c != 0x7f && !(c >= 0xd800 && c <= 0xdfff) || c == '\n' || c == '\t';
                    safe.appendCodePoint(allowed ? c : 0xfffd);
                }
            }
        });
        return safe.toString();
    }

    /** A number with about four digits that matter. */
    static String number(double value) {
        if (Double.isNaN(value)) {
            return "NaN";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "\u221e" : "\u2212\u221e";
        }
        double size = Math.abs(value);
        String text;
        if (value == Math.rint(value) && size < 1e7) {
            text = grouped((long) size);
        } else if (size >= 1e7 || size < 1e-3) {
            text = String.format(Locale.ROOT, "%.2e", size)
                    .replaceAll("\\.?0*e([+-])0*(\\d+)", "e$1$2")
                    .replace("e+", "e");
        } else {
            int decimals = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : size >= 0.1 ? 3 : 4;
            text = String.format(Locale.ROOT, "%." + decimals + "f", size);
        }
        return (value < 0 ? "\u2212" : "") + text.replace("-", "\u2212");
    }

    /** A whole number with its thousands apart. */
    static String grouped(long value) {
        return String.format(Locale.ROOT, "%,d", value).replace(',', '\u202f');
    }

    /** A name out of a file as words for people. */
    static String words(String name) {
        String spaced =
                name.replaceAll("(?<=[a-z])(?=[A-Z])", " ").replace('_', ' ').strip();
        return spaced.isEmpty() ? name : Character.toUpperCase(spaced.charAt(0)) + spaced.substring(1);
    }
}
