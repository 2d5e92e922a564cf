package dev.plumb.text;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** How values print, and what a character is, as Python has it. */
final class JinjaText {
    private static final String ESCAPES = "abfnrtv\\'\"";
    private static final String ESCAPED = "\u0007\b\f\n\r\t\u000b\\'\"";

    private JinjaText() {}

    /** The text of a value that is text. */
    static Optional<String> string(Object value) {
        if (value instanceof String text) {
            return Optional.of(text);
        }
        return value instanceof JinjaMarkup markup ? Optional.of(markup.text()) : Optional.empty();
    }

    /** As Python's {@code str()}. */
    static String str(Object value) {
        if (value instanceof JinjaUndefined) {
            return "";
        }
        return string(value).orElseGet(() -> repr(value));
    }

    /** As Python's {@code repr()}. */
    static String repr(Object value) {
        if (value instanceof String text) {
            return quote(text);
        } else if (value instanceof Boolean flag) {
            return flag ? "True" : "False";
        } else if (value == JinjaNone.NONE) {
            return "None";
        } else if (value instanceof Long || value instanceof BigInteger) {
            return value.toString();
        } else if (value instanceof Double number) {
            return real(number);
        } else if (value instanceof JinjaUndefined) {
            return "Undefined";
        } else if (value instanceof List<?> list) {
            return list.stream().map(JinjaText::repr).collect(Collectors.joining(", ", "[", "]"));
        } else if (value instanceof JinjaTuple tuple) {
            String end = tuple.items().size() == 1 ? ",)" : ")";
            return tuple.items().stream().map(JinjaText::repr).collect(Collectors.joining(", ", "(", end));
        } else if (value instanceof Map<?, ?> map) {
            return map.entrySet().stream()
                    .map(e -> repr(e.getKey()) + ": " + repr(e.getValue()))
                    .collect(Collectors.joining(", ", "{", "}"));
        } else if (value instanceof JinjaView view) {
            return view.shown();
        } else if (value instanceof JinjaNamespace namespace) {
            return namespace.shown();
        } else if (value instanceof JinjaMarkup markup) {
            return "Markup(" + quote(markup.text()) + ")";
        }
        throw new JinjaFault("a " + JinjaValues.typeName(value)
                + " cannot be printed; was a call '()' or a filter such as '|list' forgotten?");
    }

    /** The shortest digits that read back as the same number, laid out as Python does. */
    static String real(double value) {
        if (!Double.isFinite(value)) {
            return Double.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
        } else if (value == 0) {
            return 1 / value < 0 ? "-0.0" : "0.0";
        }
        BigDecimal exact = new BigDecimal(value);
        int precision = 1;
        BigDecimal shortest = exact.round(new MathContext(precision));
        while (shortest.doubleValue() != value) {
            shortest = exact.round(new MathContext(++precision));
        }
        String digits = shortest.unscaledValue().abs().toString();
        int exponent = digits.length() - shortest.scale() - 1;
        digits = digits.replaceAll("0+$", "");
        String sign = value < 0 ? "-" : "";
        if (exponent < -4 || exponent >= 16) {
            String mantissa = digits.length() == 1 ? digits : digits.charAt(0) + "." + digits.substring(1);
            return sign + mantissa + "e" + (exponent < 0 ? "-" : "+") + (Math.abs(exponent) < 10 ? "0" : "")
                    + Math.abs(exponent);
        }
        String plain = shortest.abs().stripTrailingZeros().toPlainString();
        return sign + (plain.contains(".") ? plain : plain + ".0");
    }

    private static String quote(String text) {
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        StringBuilder out = new StringBuilder().append(quote);
        text.codePoints().forEach(c -> {
            switch (c) {
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\\' -> out.append("\\\\");
                default -> {
                    if (c == quote) {
                        out.append('\\').append(quote);
                    } else if (isPrintable(c)) {
                        out.appendCodePoint(c);
                    } else {
                        out.append(String.format(c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", c));
                    }
                }
            }
        });
        return out.append(quote).toString();
    }

    static boolean isPrintable(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            case Character.SPACE_SEPARATOR -> codePoint == ' ';
            default -> true;
        };
    }

    /** Python's idea of white space; all of it lies in the basic plane. */
    static boolean isSpace(int c) {
        return c >= '\t' && c <= '\r' || c >= 0x1c && c <= ' ' || c == 0x85 || c >= 0xa0 && Character.isSpaceChar(c);
    }

    /** Order by code point; {@link String#compareTo} would order by UTF-16 unit. */
    static int compare(String a, String b) {
        int i = 0;
        while (i < a.length() && i < b.length()) {
            int left = a.codePointAt(i);
            int right = b.codePointAt(i);
            if (left != right) {
                return Integer.compare(left, right);
            }
            i += Character.charCount(left);
        }
        return Integer.compare(a.length(), b.length());
    }

    /** The body of a string literal with its escapes resolved. */
    static String unescape(String body, int offset) {
        if (body.indexOf('\\') < 0) {
            return body;
        }
        StringBuilder out = new StringBuilder();
        int i = 0;
        while (i < body.length()) {
            char c = body.charAt(i);
            if (c != '\\' || i + 1 == body.length()) {
                out.append(c);
                i++;
                continue;
            }
            i += escape(body, i, offset, out);
        }
        return out.toString();
    }

    /** Appends what the escape at {@code i} stands for. Returns how long the escape is. */
    private static int escape(String body, int i, int offset, StringBuilder out) {
        char c = body.charAt(i + 1);
        int simple = ESCAPES.indexOf(c);
        if (simple >= 0) {
            out.append(ESCAPED.charAt(simple));
            return 2;
        } else if (c == '\n') {
            return 2;
        } else if (c == 'x' || c == 'u' || c == 'U') {
            int end = i + 2 + (c == 'x' ? 2 : c == 'u' ? 4 : 8);
            if (end > body.length() || !body.substring(i + 2, end).matches("[0-9a-fA-F]+")) {
                throw new JinjaFault("the escape \\" + c + " is cut short", offset + i);
            }
            int value = Integer.parseUnsignedInt(body.substring(i + 2, end), 16);
            if (!Character.isValidCodePoint(value)) {
                throw new JinjaFault("the escape \\" + c + " names no character", offset + i);
            }
            out.appendCodePoint(value);
            return end - i;
        } else if (c >= '0' && c <= '7') {
            int end = i + 2;
            while (end < Math.min(i + 4, body.length()) && body.charAt(end) >= '0' && body.charAt(end) <= '7') {
                end++;
            }
            out.appendCodePoint(Integer.parseInt(body.substring(i + 1, end), 8));
            return end - i;
        } else if (c == 'N') {
            throw new JinjaFault("the escape \\N{...} is not supported; write the character itself", offset + i);
        }
        out.append('\\').append(c);
        return 2;
    }
}
