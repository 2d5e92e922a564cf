package dev.plumb.train;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
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

    /**
     * A page in one file, without scripts.
     *
     * @param title its heading
     * @param of what it is about, above the heading
     * @param facts what one wants to know first, by name; values are text
     * @param first what stands before the sections
     * @param sections bodies by name
     * @param footer the last line, text
     */
    static String page(
            String title,
            String of,
            Map<String, String> facts,
            String first,
            Map<String, String> sections,
            String footer) {
        StringBuilder html = new StringBuilder(1 << 16);
        html.append("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>")
                .append(escape(title))
                .append("</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")
                .append("<meta name=\"color-scheme\" content=\"light dark\"><style>")
                .append(style())
                .append("</style></head><body><header><p class=\"eyebrow\">Plumb \u00b7 ")
                .append(escape(of))
                .append("</p><h1>")
                .append(escape(title))
                .append("</h1>");
        html.append(strip(facts)).append("<nav aria-label=\"Sections\">");
        sections.keySet()
                .forEach(name -> html.append("<a href=\"#")
                        .append(anchor(name))
                        .append("\">")
                        .append(name)
                        .append("</a>"));
        html.append("</nav></header><main>").append(first);
        sections.forEach((name, body) -> html.append("<section id=\"")
                .append(anchor(name))
                .append("\"><h2>")
                .append(name)
                .append("</h2>")
                .append(body)
                .append("</section>\n"));
        return html.append("</main><footer>")
                .append(escape(footer))
                .append("</footer></body></html>\n")
                .toString();
    }

    /** Facts in a row; values are text. */
    static String strip(Map<String, String> facts) {
        if (facts.isEmpty()) {
            return "";
        }
        StringBuilder html = new StringBuilder("<dl class=\"strip\">");
        facts.forEach((name, value) -> html.append("<div><dt>")
                .append(name)
                .append("</dt><dd>")
                .append(escape(value))
                .append("</dd></div>"));
        return html.append("</dl>").toString();
    }

    private static String anchor(String name) {
        return name.toLowerCase(Locale.ROOT).replace(' ', '-');
    }

    /** The look of all pages. */
    static String style() {
        try (InputStream in = Html.class.getResourceAsStream("report.css")) {
            return new String(Objects.requireNonNull(in, "report.css").readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException("report.css belongs to this library and cannot be read", e);
        }
    }
}
