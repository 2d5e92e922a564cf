package dev.plumb.text;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Python's two ways to fill values into text: {@code '%s' % value} and {@code '{}'.format(value)}. */
final class JinjaFormat {
    private static final Pattern PERCENT = Pattern.compile(
            "%(?:\\((?<key>[^)]*)\\))?(?<flags>[-+ #0]*)(?<width>\\d+)?(?:\\.(?<precision>\\d+))?(?<type>.)?",
            Pattern.DOTALL);
    private static final Pattern SPEC = Pattern.compile(
            "(?:(?<fill>.)?(?<align>[<>^=]))?(?<sign>[-+ ])?(?<zero>0)?(?<width>\\d+)?(?<group>[,_])?(?:\\.(?<precision>\\d+))?(?<type>[a-zA-Z%])?",
            Pattern.DOTALL);
    private static final Pattern FIELD = Pattern.compile(
            "(?<name>[^!:.\\[\\]]*)(?<path>(?:\\.[^!:.\\[\\]]+|\\[[^\\]]+\\])*)(?:!(?<conversion>[rsa]))?(?::(?<spec>.*))?",
            Pattern.DOTALL);

    private JinjaFormat() {}

    /** {@code format % values}. */
    static String percent(String format, Object values) {
        List<Object> list = values instanceof JinjaTuple tuple ? tuple.items() : List.of(values);
        Iterator<Object> next = list.iterator();
        StringBuilder out = new StringBuilder();
        Matcher matcher = PERCENT.matcher(format);
        int copied = 0;
        while (matcher.find()) {
            out.append(format, copied, matcher.start());
            copied = matcher.end();
            out.append(conversion(matcher, values, next));
        }
        // Like Python, which takes whatever can be indexed for a source of named values.
        boolean named = values instanceof Map || values instanceof List || values instanceof JinjaUndefined;
        if (next.hasNext() && !named) {
            throw new JinjaFault("'%' got more values than its format uses");
        }
        return out.append(format.substring(copied)).toString();
    }

    private static String conversion(Matcher matcher, Object values, Iterator<Object> next) {
        String type = Optional.ofNullable(matcher.group("type"))
                .orElseThrow(() -> new JinjaFault("'%' got a format that ends in '%'"));
        if (type.equals("%")) {
            return "%";
        } else if (!"srdiufFeEgGxXoc".contains(type)) {
            throw new JinjaFault("'%' does not know the conversion '%" + type + "'");
        } else if (matcher.group("key") == null && !next.hasNext()) {
            throw new JinjaFault("'%' got fewer values than its format uses");
        }
        Object value = matcher.group("key") == null ? next.next() : JinjaAccess.item(values, matcher.group("key"));
        Optional<Integer> precision = number(matcher.group("precision"));
        String flags = matcher.group("flags");
        boolean textual = "src".contains(type);
        String body = textual
                ? cut(type.equals("r") ? JinjaText.repr(value) : JinjaText.str(value), precision)
                : signed(digits(type, value, precision), flags.contains("+") ? "+" : flags.contains(" ") ? " " : "-");
        int width = number(matcher.group("width")).orElse(0);
        if (flags.contains("0") && !flags.contains("-") && !textual) {
            return zeroPadded(body, width);
        }
        return JinjaStrings.pad(body, width, " ", flags.contains("-") ? '<' : '>');
    }

    private static Optional<Integer> number(@org.jspecify.annotations.Nullable String digits) {
        if (digits != null && digits.length() > 6) {
            throw new JinjaFault("the width " + digits + " in a format is too big");
        }
        return Optional.ofNullable(digits).map(Integer::valueOf);
    }

    private static String cut(String text, Optional<Integer> precision) {
        return precision.isEmpty() || precision.get() >= JinjaValues.length(text)
                ? text
                : text.substring(0, text.offsetByCodePoints(0, precision.get()));
    }

    private static String signed(String digits, String sign) {
        return digits.startsWith("-") || sign.equals("-") ? digits : sign + digits;
    }

    private static String zeroPadded(String number, int width) {
        String sign = number.startsWith("-") || number.startsWith("+") || number.startsWith(" ")
                ? number.substring(0, 1)
                : "";
        return sign + JinjaStrings.pad(number.substring(sign.length()), width - sign.length(), "0", '>');
    }

    /** A number in one of the notations that both ways of formatting share. */
    private static String digits(String type, Object value, Optional<Integer> precision) {
        if (!JinjaMath.isNumber(value)) {
            throw new JinjaFault("the format '" + type + "' needs a number, not '" + JinjaValues.typeName(value) + "'");
        }
        switch (type) {
            case "d", "i", "u" -> {
                return whole(value).toString();
            }
            case "x" -> {
                return whole(value).toString(16);
            }
            case "X" -> {
                return whole(value).toString(16).toUpperCase(Locale.ROOT);
            }
            case "o" -> {
                return whole(value).toString(8);
            }
            case "b" -> {
                return whole(value).toString(2);
            }
            default -> {
                return real(type, JinjaMath.real(value), precision.orElse(6));
            }
        }
    }

    private static BigInteger whole(Object value) {
        return value instanceof Double number ? JinjaMath.truncate(number) : JinjaMath.big(value);
    }

    private static String real(String type, double value, int precision) {
        if (!Double.isFinite(value)) {
            return JinjaText.real(value);
        }
        String sign = value < 0 || 1 / value < 0 ? "-" : "";
        BigDecimal exact = new BigDecimal(Math.abs(value));
        String digits = switch (type.toLowerCase(Locale.ROOT)) {
            case "f" -> exact.setScale(precision, RoundingMode.HALF_EVEN).toPlainString();
            case "e" -> JinjaScientific.write(exact, precision);
            default -> JinjaScientific.general(exact, Math.max(precision, 1));
        };
        return sign + (Character.isUpperCase(type.charAt(0)) ? digits.toUpperCase(Locale.ROOT) : digits);
    }

    /** {@code format.format(arguments)}. */
    static String braces(String format, JinjaArguments arguments) {
        StringBuilder out = new StringBuilder();
        int automatic = 0;
        int i = 0;
        while (i < format.length()) {
            char c = format.charAt(i);
            if ((c == '{' || c == '}') && format.startsWith(String.valueOf(c).repeat(2), i)) {
                out.append(c);
                i += 2;
            } else if (c == '{') {
                int end = format.indexOf('}', i);
                if (end < 0 || format.substring(i + 1, end).contains("{")) {
                    throw new JinjaFault("format() got a '{' without its '}', or a field inside a field");
                }
                Matcher field = FIELD.matcher(format.substring(i + 1, end));
                if (!field.matches()) {
                    throw new JinjaFault("format() does not understand {" + format.substring(i + 1, end) + "}");
                }
                String name = field.group("name").isEmpty() ? String.valueOf(automatic++) : field.group("name");
                out.append(field(field, value(name, arguments)));
                i = end + 1;
            } else if (c == '}') {
                throw new JinjaFault("format() got a '}' without its '{'");
            } else {
                out.append(c);
                i++;
            }
        }
        return out.toString();
    }

    private static Object value(String name, JinjaArguments arguments) {
        boolean position = name.chars().allMatch(Character::isDigit) && name.length() < 6;
        if (position && Integer.parseInt(name) < arguments.positional().size()) {
            return arguments.positional().get(Integer.parseInt(name));
        }
        return Optional.ofNullable(arguments.named().get(name))
                .orElseThrow(() -> new JinjaFault("format() was not given a value for {" + name + "}"));
    }

    private static String field(Matcher field, Object start) {
        Object value = start;
        Matcher step = Pattern.compile("\\.([^.\\[]+)|\\[([^\\]]+)\\]").matcher(field.group("path"));
        while (step.find()) {
            boolean index = step.group(2) != null && step.group(2).matches("\\d{1,9}");
            value = step.group(2) == null
                    ? JinjaAccess.attribute(value, step.group(1))
                    : JinjaAccess.item(value, index ? (Object) Long.valueOf(step.group(2)) : step.group(2));
        }
        if (field.group("conversion") != null) {
            value = field.group("conversion").equals("s") ? JinjaText.str(value) : JinjaText.repr(value);
        }
        return spec(Optional.ofNullable(field.group("spec")).orElse(""), value);
    }

    private static String spec(String text, Object value) {
        if (text.isEmpty()) {
            return JinjaText.str(value);
        }
        Matcher spec = SPEC.matcher(text);
        if (!spec.matches()) {
            throw new JinjaFault("format() does not understand the format ':" + text + "'");
        }
        boolean number = JinjaMath.isNumber(value) && !(value instanceof Boolean);
        String body = number ? specNumber(spec, value) : specText(spec, value);
        int width = number(spec.group("width")).orElse(0);
        String align = Optional.ofNullable(spec.group("align")).orElse(number ? ">" : "<");
        if (number && (align.equals("=") || spec.group("zero") != null && spec.group("align") == null)) {
            return zeroPadded(body, width);
        }
        String fill = Optional.ofNullable(spec.group("fill")).orElse(" ");
        int missing = Math.max(width - JinjaValues.length(body), 0);
        int left = align.equals("<") ? 0 : align.equals(">") ? missing : missing / 2;
        return fill.repeat(left) + body + fill.repeat(missing - left);
    }

    private static String specText(Matcher spec, Object value) {
        String type = Optional.ofNullable(spec.group("type")).orElse("s");
        if (!type.equals("s") || JinjaText.string(value).isEmpty()) {
            throw new JinjaFault("format() cannot write a '" + JinjaValues.typeName(value) + "' in that format");
        }
        return cut(JinjaText.str(value), number(spec.group("precision")));
    }

    private static String specNumber(Matcher spec, Object value) {
        String type = Optional.ofNullable(spec.group("type")).orElse("");
        Optional<Integer> precision = number(spec.group("precision"));
        String digits;
        if (type.isEmpty()) {
            digits = precision.isPresent() ? digits("g", value, precision) : JinjaText.str(value);
        } else if (type.equals("%")) {
            digits = digits("f", JinjaMath.real(value) * 100, precision) + "%";
        } else if (!"dxXobfFeEgG".contains(type) || value instanceof Double && "dxXob".contains(type)) {
            throw new JinjaFault("format() cannot write a '" + JinjaValues.typeName(value) + "' as '" + type + "'");
        } else {
            digits = digits(type, value, precision);
        }
        String group = Optional.ofNullable(spec.group("group")).orElse("");
        return signed(
                grouped(digits, group), Optional.ofNullable(spec.group("sign")).orElse("-"));
    }

    /** Puts a mark between each three digits of the whole part. */
    private static String grouped(String number, String mark) {
        int end = 0;
        while (end < number.length() && (end == 0 || Character.isDigit(number.charAt(end)))) {
            end++;
        }
        return number.substring(0, end).replaceAll("(?<=\\d)(?=(\\d{3})+$)", mark) + number.substring(end);
    }
}
