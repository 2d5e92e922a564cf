package dev.plumb.train;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Text and numbers as they stand in a page. */
final class Html {
    private static final Pattern SHARE = Pattern.compile("p(\\d\\d)(\\d*)");
    private static final Pattern ACRONYM = Pattern.compile("\\b(bos|eos|kl|vm|os|sha256|json)\\b");

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

    /** How many decimals show the differences between some values of one kind, for {@link #number(double, int)}. */
    static int decimals(double... values) {
        double most = 0;
        boolean whole = true;
        for (double value : values) {
            most = Math.max(most, Double.isFinite(value) ? Math.abs(value) : 0);
            whole &= value == Math.rint(value);
        }
        return whole || most >= 1000 ? 0 : most >= 10 ? 1 : most >= 2 ? 2 : most >= 0.01 ? 3 : -1;
    }

    /** A number with so many decimals; with negative ones, as {@link #number(double)} chooses. */
    static String number(double value, int decimals) {
        if (!Double.isFinite(value) || decimals < 0) {
            return number(value);
        }
        if (decimals == 0) {
            return number(Math.rint(value));
        }
        String text = String.format(Locale.ROOT, "%." + decimals + "f", Math.abs(value));
        return (value < 0 && text.matches(".*[1-9].*") ? "\u2212" : "") + text;
    }

    /** A whole number with its thousands apart. */
    static String grouped(long value) {
        return String.format(Locale.ROOT, "%,d", value).replace(',', '\u202f');
    }

    /** A name out of a file as words for people; what is no name is left as it is. */
    static String words(String name) {
        if (!name.matches("[A-Za-z][A-Za-z0-9_]*")) {
            return name;
        }
        Matcher share = SHARE.matcher(name);
        if (share.matches()) {
            return share.group(1) + (share.group(2).isEmpty() ? "" : "." + share.group(2)) + " % within";
        }
        String spaced = name.replaceAll("(?<=[a-z])(?=[A-Z])", " ").replace('_', ' ');
        Matcher acronym = ACRONYM.matcher(spaced);
        spaced = acronym.replaceAll(found -> found.group().toUpperCase(Locale.ROOT));
        return Character.toUpperCase(spaced.charAt(0)) + spaced.substring(1);
    }
}
