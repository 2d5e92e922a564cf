package dev.plumb.text;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** JSON as Python's {@code json.dumps} writes it. */
final class JinjaJson {
    private final boolean ascii;
    private final boolean sorted;
    private final String itemSeparator;
    private final String keySeparator;
    private final java.util.Optional<String> indent;
    private final StringBuilder out = new StringBuilder();

    private JinjaJson(JinjaArguments.Bound options) {
        ascii = options.flag(0, false);
        indent = options.has(1) ? java.util.Optional.of(indent(options)) : java.util.Optional.empty();
        sorted = options.flag(3, false);
        if (options.has(2)) {
            List<Object> separators = JinjaValues.list(options.get(2));
            if (separators.size() != 2) {
                throw new JinjaFault("the argument 'separators' of tojson must be a pair of strings");
            }
            itemSeparator = JinjaText.str(separators.get(0));
            keySeparator = JinjaText.str(separators.get(1));
        } else {
            itemSeparator = indent.isPresent() ? "," : ", ";
            keySeparator = ": ";
        }
    }

    /** The filter {@code tojson}, with the defaults that transformers gives it. */
    static String write(Object value, JinjaArguments arguments) {
        JinjaArguments.Bound options = arguments.bind("tojson", 0, "ensure_ascii", "indent", "separators", "sort_keys");
        JinjaJson json = new JinjaJson(options);
        json.value(value, 0);
        return json.out.toString();
    }

    private static String indent(JinjaArguments.Bound options) {
        if (options.get(1) instanceof String text) {
            return text;
        }
        int width = Math.max(options.integer(1, 0), 0);
        JinjaRun.checkSize(width);
        return " ".repeat(width);
    }

    private void value(Object value, int depth) {
        if (value instanceof Map) {
            dict(JinjaValues.dict(value).orElseThrow(), depth);
        } else if (value instanceof List || value instanceof JinjaTuple) {
            list(JinjaValues.sequence(value).orElseThrow(), depth);
        } else if (JinjaText.string(value).isPresent()) {
            string(JinjaText.str(value));
        } else {
            out.append(scalar(value));
        }
    }

    private static String scalar(Object value) {
        if (value == JinjaNone.NONE) {
            return "null";
        } else if (value instanceof Boolean || value instanceof Long || value instanceof BigInteger) {
            return value.toString();
        } else if (value instanceof Double number) {
            return Double.isNaN(number)
                    ? "NaN"
                    : Double.isInfinite(number) ? (number > 0 ? "Infinity" : "-Infinity") : JinjaText.real(number);
        }
        throw new JinjaFault("a value of type '" + JinjaValues.typeName(value) + "' cannot be written as JSON");
    }

    private void list(List<Object> items, int depth) {
        out.append('[');
        for (int i = 0; i < items.size(); i++) {
            if (i > 0) {
                out.append(itemSeparator);
            }
            newLine(depth + 1);
            value(items.get(i), depth + 1);
        }
        if (!items.isEmpty()) {
            newLine(depth);
        }
        out.append(']');
    }

    private void dict(Map<Object, Object> dict, int depth) {
        List<Map.Entry<Object, Object>> entries = new ArrayList<>(dict.entrySet());
        if (sorted) {
            Map<Object, Object> inOrder = new TreeMap<>((a, b) -> JinjaValues.compare("<", a, b));
            inOrder.putAll(dict);
            entries = new ArrayList<>(inOrder.entrySet());
        }
        out.append('{');
        for (Iterator<Map.Entry<Object, Object>> i = entries.iterator(); i.hasNext(); ) {
            Map.Entry<Object, Object> entry = i.next();
            newLine(depth + 1);
            string(JinjaText.string(entry.getKey()).orElseGet(() -> scalar(entry.getKey())));
            out.append(keySeparator);
            value(entry.getValue(), depth + 1);
            if (i.hasNext()) {
                out.append(itemSeparator);
            }
        }
        if (!entries.isEmpty()) {
            newLine(depth);
        }
        out.append('}');
    }

    private void newLine(int depth) {
        indent.ifPresent(text -> {
            JinjaRun.checkSize(out.length() + (long) text.length() * depth);
            out.append('\n').append(text.repeat(depth));
        });
    }

    private void string(String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\b' -> out.append("\\b");
                case '\f' -> out.append("\\f");
                default -> {
                    if (c < ' ' || ascii && c > '~') {
                        out.append(String.format("\\u%04x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }
}
