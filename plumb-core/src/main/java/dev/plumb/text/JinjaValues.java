package dev.plumb.text;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Python's meaning of values. A template sees {@link String}, {@link Long}, {@link BigInteger}, {@link Double},
 * {@link Boolean}, {@link JinjaNone}, {@link List}, {@link JinjaTuple}, {@link Map}, {@link JinjaUndefined} and the
 * other {@code Jinja…} value types, and nothing else of Java.
 */
final class JinjaValues {
    private JinjaValues() {}

    /** Data from outside as template values; a deep copy. */
    static Object fromJava(Object value) {
        if (value instanceof String || value instanceof Boolean || value instanceof Long || value instanceof Double) {
            return value;
        }
        if (value instanceof BigInteger big) {
            return JinjaMath.integer(big);
        }
        if (value instanceof Integer || value instanceof Short || value instanceof Byte) {
            return ((Number) value).longValue();
        }
        if (value instanceof Float || value instanceof BigDecimal) {
            return ((Number) value).doubleValue();
        }
        if (value instanceof Map<?, ?> map) {
            Map<Object, Object> copy = new LinkedHashMap<>();
            map.forEach((k, v) -> copy.put(fromNullable(k), fromNullable(v)));
            return copy;
        }
        if (value instanceof Iterable<?> items) {
            List<Object> copy = new ArrayList<>();
            items.forEach(item -> copy.add(fromNullable(item)));
            return copy;
        }
        if (value instanceof JinjaNone) {
            return value;
        }
        throw new JinjaFault("a chat template cannot be given a value of "
                + value.getClass().getName() + "; give strings, numbers, booleans, lists and maps");
    }

    /** As {@link #fromJava}, for a place where JSON data may hold a null. */
    static Object fromNullable(@org.jspecify.annotations.Nullable Object value) {
        return value == null ? JinjaNone.NONE : fromJava(value);
    }

    static String typeName(Object value) {
        if (value instanceof String) {
            return "str";
        } else if (value instanceof Long || value instanceof BigInteger) {
            return "int";
        } else if (value instanceof Double) {
            return "float";
        } else if (value instanceof Boolean) {
            return "bool";
        } else if (value == JinjaNone.NONE) {
            return "NoneType";
        } else if (value instanceof List) {
            return "list";
        } else if (value instanceof JinjaTuple) {
            return "tuple";
        } else if (value instanceof Map) {
            return "dict";
        } else if (value instanceof JinjaUndefined) {
            return "Undefined";
        } else if (value instanceof JinjaView view) {
            return view.type();
        } else if (value instanceof JinjaOnce) {
            return "generator";
        } else if (value instanceof JinjaNamespace) {
            return "Namespace";
        } else if (value instanceof JinjaMarkup) {
            return "Markup";
        } else if (value instanceof JinjaLoop) {
            return "LoopContext";
        }
        return "function";
    }

    static boolean truth(Object value) {
        if (value instanceof Boolean flag) {
            return flag;
        } else if (value instanceof Number number) {
            return number.doubleValue() != 0;
        } else if (value == JinjaNone.NONE) {
            return false;
        }
        return size(value).map(n -> n > 0).orElse(true);
    }

    static int length(Object value) {
        return size(value).orElseThrow(() -> new JinjaFault("a value of type '" + typeName(value) + "' has no length"));
    }

    private static Optional<Integer> size(Object value) {
        if (value instanceof Map<?, ?> map) {
            return Optional.of(map.size());
        } else if (value instanceof JinjaUndefined) {
            return Optional.of(0);
        } else if (value instanceof JinjaLoop loop) {
            return Optional.of(loop.length());
        }
        Optional<String> text = JinjaText.string(value);
        return text.isPresent()
                ? text.map(s -> s.codePointCount(0, s.length()))
                : sequence(value).map(List::size);
    }

    /** The items of a list, tuple, range or dictionary view. */
    static Optional<List<Object>> sequence(Object value) {
        if (value instanceof List<?> list) {
            return Optional.of(objects(list));
        } else if (value instanceof JinjaTuple tuple) {
            return Optional.of(tuple.items());
        } else if (value instanceof JinjaView view) {
            return Optional.of(view.items());
        }
        return Optional.empty();
    }

    static Optional<Map<Object, Object>> dict(Object value) {
        return value instanceof Map<?, ?> map ? Optional.of(entries(map)) : Optional.empty();
    }

    static Iterator<Object> iterate(Object value) {
        if (value instanceof Map<?, ?> map) {
            return entries(map).keySet().iterator();
        } else if (value instanceof JinjaOnce once) {
            return once.items();
        } else if (value instanceof JinjaUndefined) {
            return List.of().iterator();
        }
        Optional<String> text = JinjaText.string(value);
        if (text.isPresent()) {
            return characters(text.get()).iterator();
        }
        return sequence(value)
                .orElseThrow(() -> new JinjaFault("a value of type '" + typeName(value) + "' cannot be iterated"))
                .iterator();
    }

    static List<Object> list(Object value) {
        List<Object> items = new ArrayList<>();
        iterate(value).forEachRemaining(items::add);
        return items;
    }

    private static List<Object> characters(String text) {
        List<Object> characters = new ArrayList<>(text.length());
        text.codePoints().forEach(c -> characters.add(Character.toString(c)));
        return characters;
    }

    static boolean equal(Object a, Object b) {
        if (JinjaMath.isNumber(a) && JinjaMath.isNumber(b)) {
            return JinjaMath.equal(a, b);
        } else if (a instanceof Map<?, ?> left && b instanceof Map<?, ?> right) {
            return equalMaps(entries(left), entries(right));
        } else if (a instanceof JinjaUndefined || b instanceof JinjaUndefined) {
            return a instanceof JinjaUndefined && b instanceof JinjaUndefined;
        }
        Optional<String> text = JinjaText.string(a);
        if (text.isPresent()) {
            return text.equals(JinjaText.string(b));
        }
        Optional<List<Object>> left = sequence(a);
        Optional<List<Object>> right = sequence(b);
        if (left.isEmpty() || right.isEmpty() || !typeName(a).equals(typeName(b))) {
            return a == b;
        }
        if (left.get().size() != right.get().size()) {
            return false;
        }
        Iterator<Object> other = right.get().iterator();
        return left.get().stream().allMatch(item -> equal(item, other.next()));
    }

    private static boolean equalMaps(Map<Object, Object> left, Map<Object, Object> right) {
        return left.size() == right.size()
                && left.entrySet().stream()
                        .allMatch(e -> right.containsKey(e.getKey()) && equal(e.getValue(), right.get(e.getKey())));
    }

    /** Order of two values: negative, zero or positive; an error where Python has none. */
    static int compare(String operator, Object a, Object b) {
        if (a instanceof JinjaUndefined undefined) {
            throw undefined.fault();
        } else if (b instanceof JinjaUndefined undefined) {
            throw undefined.fault();
        } else if (JinjaMath.isNumber(a) && JinjaMath.isNumber(b)) {
            return JinjaMath.compare(a, b);
        }
        Optional<String> left = JinjaText.string(a);
        Optional<String> right = JinjaText.string(b);
        if (left.isPresent() && right.isPresent()) {
            return JinjaText.compare(left.get(), right.get());
        }
        boolean ordered = a instanceof List && b instanceof List || a instanceof JinjaTuple && b instanceof JinjaTuple;
        if (!ordered) {
            throw new JinjaFault(
                    "'" + operator + "' does not work between '" + typeName(a) + "' and '" + typeName(b) + "'");
        }
        List<Object> first = sequence(a).orElseThrow();
        List<Object> second = sequence(b).orElseThrow();
        for (int i = 0; i < Math.min(first.size(), second.size()); i++) {
            if (!equal(first.get(i), second.get(i))) {
                return compare(operator, first.get(i), second.get(i));
            }
        }
        return Integer.compare(first.size(), second.size());
    }

    static boolean contains(Object container, Object item) {
        Optional<String> text = JinjaText.string(container);
        if (text.isPresent()) {
            return text.get()
                    .contains(JinjaText.string(item)
                            .orElseThrow(() -> new JinjaFault(
                                    "'in' a string needs a string on its left, not '" + typeName(item) + "'")));
        } else if (container instanceof Map<?, ?> map) {
            if (item instanceof List || item instanceof Map) {
                throw new JinjaFault("a value of type '" + typeName(item) + "' cannot be a key");
            }
            return map.containsKey(item);
        }
        for (Iterator<Object> items = iterate(container); items.hasNext(); ) {
            if (equal(items.next(), item)) {
                return true;
            }
        }
        return false;
    }

    @SuppressWarnings("unchecked") // every list in a template holds template values
    private static List<Object> objects(List<?> list) {
        return (List<Object>) list;
    }

    @SuppressWarnings("unchecked") // every map in a template holds template values
    private static Map<Object, Object> entries(Map<?, ?> map) {
        return (Map<Object, Object>) map;
    }
}
