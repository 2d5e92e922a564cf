package dev.plumb.text;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Filters of text and of numbers. */
final class JinjaTextFilters {
    private static final Pattern WORD = Pattern.compile("\\w+", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern TITLE_WORD = Pattern.compile("[^-\\s({\\[<]+", Pattern.UNICODE_CHARACTER_CLASS);

    private JinjaTextFilters() {}

    static Object abs(Object value, JinjaArguments arguments) {
        arguments.bind("abs", 0);
        return JinjaMath.absolute(value);
    }

    static Object capitalize(Object value, JinjaArguments arguments) {
        arguments.bind("capitalize", 0);
        return JinjaStrings.capitalize(JinjaText.str(value));
    }

    static Object lower(Object value, JinjaArguments arguments) {
        arguments.bind("lower", 0);
        return JinjaText.str(value).toLowerCase(Locale.ROOT);
    }

    static Object upper(Object value, JinjaArguments arguments) {
        arguments.bind("upper", 0);
        return JinjaText.str(value).toUpperCase(Locale.ROOT);
    }

    static Object string(Object value, JinjaArguments arguments) {
        arguments.bind("string", 0);
        return value instanceof JinjaMarkup ? value : JinjaText.str(value);
    }

    static Object safe(Object value, JinjaArguments arguments) {
        arguments.bind("safe", 0);
        return new JinjaMarkup(JinjaText.str(value));
    }

    static Object escape(Object value, JinjaArguments arguments) {
        arguments.bind("escape", 0);
        if (value instanceof JinjaMarkup) {
            return value;
        }
        return new JinjaMarkup(JinjaText.str(value)
                .replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&#34;")
                .replace("'", "&#39;"));
    }

    static Object title(Object value, JinjaArguments arguments) {
        arguments.bind("title", 0);
        return TITLE_WORD.matcher(JinjaText.str(value)).replaceAll(word -> {
            String text = word.group();
            int first = text.offsetByCodePoints(0, 1);
            return Matcher.quoteReplacement(text.substring(0, first).toUpperCase(Locale.ROOT)
                    + text.substring(first).toLowerCase(Locale.ROOT));
        });
    }

    static Object trim(Object value, JinjaArguments arguments) {
        JinjaArguments.Bound bound = arguments.bind("trim", 0, "chars");
        Optional<String> characters = bound.has(0) ? Optional.of(bound.text(0)) : Optional.empty();
        return JinjaStrings.strip(JinjaText.str(value), characters, true, true);
    }

    static Object center(Object value, JinjaArguments arguments) {
        JinjaArguments.Bound bound = arguments.bind("center", 0, "width");
        return JinjaStrings.pad(JinjaText.str(value), bound.integer(0, 80), " ", '^');
    }

    static Object replace(Object value, JinjaArguments arguments) {
        JinjaArguments.Bound bound = arguments.bind("replace", 2, "old", "new", "count");
        String old = JinjaText.str(bound.get(0));
        return JinjaStrings.replace(JinjaText.str(value), old, JinjaText.str(bound.get(1)), bound.integer(2, -1));
    }

    static Object format(Object value, JinjaArguments arguments) {
        boolean named = !arguments.named().isEmpty();
        if (named && !arguments.positional().isEmpty()) {
            throw new JinjaFault("format takes values by position or by name, not both");
        }
        Object values = named ? JinjaGlobals.dict(arguments) : new JinjaTuple(arguments.positional());
        return JinjaFormat.percent(JinjaText.str(value), values);
    }

    static Object otherwise(Object value, JinjaArguments arguments) {
        JinjaArguments.Bound bound = arguments.bind("default", 0, "default_value", "boolean");
        boolean missing = value instanceof JinjaUndefined || bound.flag(1, false) && !JinjaValues.truth(value);
        return missing ? bound.or(0, "") : value;
    }

    static Object indent(Object value, JinjaArguments arguments) {
        JinjaArguments.Bound bound = arguments.bind("indent", 0, "width", "first", "blank");
        String margin =
                bound.or(0, 4L) instanceof String text ? text : JinjaStrings.pad("", bound.integer(0, 4), " ", '<');
        boolean blank = bound.flag(2, false);
        List<Object> lines = JinjaSplit.lines(text("indent", value) + "\n", false);
        List<String> indented = new ArrayList<>();
        for (Object line : lines) {
            boolean first = indented.isEmpty();
            boolean wanted = first ? bound.flag(1, false) : blank || !line.equals("");
            indented.add(wanted ? margin + line : (String) line);
        }
        return String.join("\n", indented);
    }

    private static String text(String filter, Object value) {
        return JinjaText.string(value)
                .orElseThrow(
                        () -> new JinjaFault(filter + " needs a string, not '" + JinjaValues.typeName(value) + "'"));
    }

    static Object truncate(Object value, JinjaArguments arguments) {
        JinjaArguments.Bound bound = arguments.bind("truncate", 0, "length", "killwords", "end", "leeway");
        String text = text("truncate", value);
        String end = bound.text(2, "...");
        int length = bound.integer(0, 255);
        if (length < JinjaValues.length(end)) {
            throw new JinjaFault("truncate needs a length of at least that of its end '" + end + "'");
        } else if (JinjaValues.length(text) <= (long) length + bound.integer(3, 5)) {
            return text;
        }
        String cut = text.substring(0, text.offsetByCodePoints(0, length - JinjaValues.length(end)));
        int space = cut.lastIndexOf(' ');
        return (bound.flag(1, false) || space < 0 ? cut : cut.substring(0, space)) + end;
    }

    static Object wordCount(Object value, JinjaArguments arguments) {
        arguments.bind("wordcount", 0);
        return WORD.matcher(JinjaText.str(value)).results().count();
    }

    static Object urlEncode(Object value, JinjaArguments arguments) {
        arguments.bind("urlencode", 0);
        if (JinjaText.string(value).isPresent() || JinjaMath.isNumber(value) || value == JinjaNone.NONE) {
            return percentEncoded(JinjaText.str(value)).replace("+", "%20").replace("%2F", "/");
        }
        List<Object> pairs = JinjaValues.dict(value).map(JinjaAccess::items).orElseGet(() -> JinjaValues.list(value));
        return pairs.stream()
                .map(JinjaValues::list)
                .map(pair ->
                        percentEncoded(JinjaText.str(pair.get(0))) + "=" + percentEncoded(JinjaText.str(pair.get(1))))
                .collect(Collectors.joining("&"));
    }

    private static String percentEncoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8)
                .replace("*", "%2A")
                .replace("%7E", "~");
    }

    static Object integer(Object value, JinjaArguments arguments) {
        JinjaArguments.Bound bound = arguments.bind("int", 0, "default", "base");
        if (value instanceof JinjaUndefined undefined) {
            throw undefined.fault();
        } else if (JinjaMath.isInteger(value)) {
            return JinjaMath.integer(JinjaMath.big(value));
        } else if (value instanceof Double number) {
            return Double.isFinite(number) ? JinjaMath.integer(JinjaMath.truncate(number)) : bound.or(0, 0L);
        } else if (!(value instanceof String text)) {
            return bound.or(0, 0L);
        } else {
            return whole(text, bound.integer(1, 10))
                    .or(() -> number(text).filter(Double::isFinite).map(JinjaMath::truncate))
                    .map(JinjaMath::integer)
                    .orElseGet(() -> bound.or(0, 0L));
        }
    }

    private static Optional<BigInteger> whole(String text, int base) {
        String digits = JinjaStrings.strip(text, Optional.empty(), true, true)
                .replaceAll("(?<=[0-9a-zA-Z])_(?=[0-9a-zA-Z])", "")
                .toLowerCase(Locale.ROOT);
        String prefix = base == 16 ? "0x" : base == 8 ? "0o" : base == 2 ? "0b" : "";
        String bare = digits.replaceFirst("^([+-]?)" + prefix, "$1");
        try {
            return base < 2 || base > 36 ? Optional.empty() : Optional.of(new BigInteger(bare, base));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    static Object real(Object value, JinjaArguments arguments) {
        JinjaArguments.Bound bound = arguments.bind("float", 0, "default");
        if (value instanceof JinjaUndefined undefined) {
            throw undefined.fault();
        } else if (JinjaMath.isNumber(value)) {
            return JinjaMath.real(value);
        }
        Object otherwise = bound.or(0, 0.0);
        return value instanceof String text ? number(text).<Object>map(n -> n).orElse(otherwise) : otherwise;
    }

    private static Optional<Double> number(String text) {
        String digits = JinjaStrings.strip(text, Optional.empty(), true, true).replaceAll("(?<=\\d)_(?=\\d)", "");
        String lower = digits.toLowerCase(Locale.ROOT);
        if (lower.matches("[+-]?(inf|infinity|nan)")) {
            double size = lower.contains("nan") ? Double.NaN : Double.POSITIVE_INFINITY;
            return Optional.of(lower.startsWith("-") ? -size : size);
        } else if (!lower.matches("[+-]?(\\d+\\.?\\d*|\\.\\d+)(e[+-]?\\d+)?")) {
            return Optional.empty();
        }
        return Optional.of(Double.valueOf(digits));
    }

    static Object round(Object value, JinjaArguments arguments) {
        JinjaArguments.Bound bound = arguments.bind("round", 0, "precision", "method");
        int precision = bound.integer(0, 0);
        String method = bound.text(1, "common");
        if (!List.of("common", "ceil", "floor").contains(method)) {
            throw new JinjaFault("the method of round must be common, ceil or floor, not '" + method + "'");
        } else if (!JinjaMath.isNumber(value) || Math.abs(precision) > 300) {
            throw new JinjaFault("round needs a number and a precision of at most 300");
        } else if (method.equals("common")) {
            return JinjaMath.isInteger(value)
                    ? JinjaMath.integer(new BigDecimal(JinjaMath.big(value))
                            .setScale(Math.min(precision, 0), RoundingMode.HALF_EVEN)
                            .toBigInteger())
                    : (Object) rounded(JinjaMath.real(value), precision);
        }
        double power = Math.pow(10, precision);
        double scaled = JinjaMath.real(value) * power;
        return (method.equals("ceil") ? Math.ceil(scaled) : Math.floor(scaled)) / power;
    }

    private static double rounded(double value, int precision) {
        if (!Double.isFinite(value)) {
            return value;
        }
        double rounded = new BigDecimal(value)
                .setScale(precision, RoundingMode.HALF_EVEN)
                .doubleValue();
        return Math.copySign(rounded, value);
    }
}
