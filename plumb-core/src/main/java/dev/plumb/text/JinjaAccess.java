package dev.plumb.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reading parts of values: {@code value.name}, {@code value[index]}, {@code value[start:stop:step]}. */
final class JinjaAccess {
    // transformers renders templates in a sandbox where lists and dictionaries cannot be changed.
    private static final Set<String> CHANGES_LIST =
            Set.of("append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse");
    private static final Set<String> CHANGES_DICT =
            Set.of("pop", "popitem", "clear", "update", "setdefault", "fromkeys");

    private JinjaAccess() {}

    /** {@code of.name}: an attribute or method if there is one, otherwise an item. */
    static Object attribute(Object of, String name) {
        if (of instanceof JinjaUndefined undefined) {
            throw undefined.fault();
        }
        return method(of, name).or(() -> entry(of, name)).orElseGet(() -> missing(of, name));
    }

    /** {@code of[index]}: an item if there is one, otherwise an attribute or method. */
    static Object item(Object of, Object index) {
        if (of instanceof JinjaUndefined undefined) {
            throw undefined.fault();
        } else if (index instanceof Long || index instanceof Boolean) {
            Optional<Object> found = of instanceof Map
                    ? entry(of, index)
                    : element(of, JinjaMath.big(index).longValue());
            return found.orElseGet(
                    () -> new JinjaUndefined("the " + kind(of) + " has no element " + JinjaText.repr(index)));
        } else if (JinjaText.string(index).isPresent()) {
            String name = JinjaText.str(index);
            return entry(of, name).or(() -> method(of, name)).orElseGet(() -> missing(of, name));
        }
        return entry(of, index)
                .orElseGet(() -> new JinjaUndefined("the " + kind(of) + " has no element " + JinjaText.repr(index)));
    }

    private static Optional<Object> entry(Object of, Object key) {
        return JinjaValues.dict(of).flatMap(map -> Optional.ofNullable(map.get(key)));
    }

    private static Optional<Object> element(Object of, long index) {
        List<Object> items = sliceable(of).orElse(List.of());
        long i = index < 0 ? index + items.size() : index;
        return i < 0 || i >= items.size() ? Optional.empty() : Optional.of(items.get((int) i));
    }

    /** The items that an index or a slice can pick from; a dictionary's views have no order to pick by. */
    private static Optional<List<Object>> sliceable(Object of) {
        if (JinjaText.string(of).isPresent()) {
            return Optional.of(JinjaValues.list(of));
        }
        return of instanceof JinjaView view && !view.isRange() ? Optional.empty() : JinjaValues.sequence(of);
    }

    private static JinjaUndefined missing(Object of, String name) {
        return new JinjaUndefined("the " + kind(of) + " has no attribute '" + name + "'");
    }

    private static String kind(Object of) {
        return of == JinjaNone.NONE ? "value none" : JinjaValues.typeName(of);
    }

    private static Optional<Object> method(Object of, String name) {
        if (of instanceof JinjaObject object) {
            Object value = object.attribute(name);
            return value instanceof JinjaUndefined ? Optional.empty() : Optional.of(value);
        } else if (name.startsWith("__") && !(of instanceof Map)) {
            throw new JinjaFault("the attribute '" + name + "' is not open to templates");
        }
        Optional<JinjaCallable> found = Optional.empty();
        if (JinjaText.string(of).isPresent()) {
            found = JinjaStrings.method(JinjaText.str(of), name);
        } else if (of instanceof Map) {
            found = dictMethod(JinjaValues.dict(of).orElseThrow(), name);
        } else if (of instanceof List || of instanceof JinjaTuple) {
            found = sequenceMethod(of, name);
        }
        return found.map(callable -> (Object) callable).or(() -> named(of, name));
    }

    private static Optional<Object> named(Object of, String name) {
        if (!(of instanceof JinjaTuple tuple) || !tuple.names().contains(name)) {
            return Optional.empty();
        }
        return Optional.of(tuple.items().get(tuple.names().indexOf(name)));
    }

    private static Optional<JinjaCallable> dictMethod(Map<Object, Object> dict, String name) {
        return switch (name) {
            case "get" ->
                Optional.of(arguments -> {
                    JinjaArguments.Bound bound = arguments.bind("get()", 1, "key", "default");
                    return entry(dict, bound.get(0)).orElseGet(() -> bound.or(1, JinjaNone.NONE));
                });
            case "items" -> Optional.of(arguments -> JinjaView.of("dict_items", items(dict)));
            case "keys" -> Optional.of(arguments -> JinjaView.of("dict_keys", List.copyOf(dict.keySet())));
            case "values" -> Optional.of(arguments -> JinjaView.of("dict_values", List.copyOf(dict.values())));
            case "copy" -> Optional.of(arguments -> dict);
            default -> changing(name, "dict", CHANGES_DICT);
        };
    }

    private static Optional<JinjaCallable> changing(String name, String type, Set<String> methods) {
        if (!methods.contains(name)) {
            return Optional.empty();
        }
        return Optional.of(arguments -> {
            throw new JinjaFault(type + "." + name + "() is not open to templates, because it changes the " + type
                    + "; build a new one or use a namespace");
        });
    }

    static List<Object> items(Map<Object, Object> dict) {
        List<Object> items = new ArrayList<>();
        dict.forEach((key, value) -> items.add(new JinjaTuple(List.of(key, value))));
        return items;
    }

    private static Optional<JinjaCallable> sequenceMethod(Object of, String name) {
        List<Object> items = JinjaValues.sequence(of).orElseThrow();
        return switch (name) {
            case "index" -> Optional.of(arguments -> indexOf(items, arguments));
            case "count" ->
                Optional.of(arguments -> {
                    Object wanted = arguments.bind("count()", 1, "value").get(0);
                    return items.stream()
                            .filter(item -> JinjaValues.equal(item, wanted))
                            .count();
                });
            case "copy" -> of instanceof List ? Optional.of(arguments -> items) : Optional.empty();
            default -> of instanceof List ? changing(name, "list", CHANGES_LIST) : Optional.empty();
        };
    }

    private static long indexOf(List<Object> items, JinjaArguments arguments) {
        JinjaArguments.Bound bound = arguments.bind("index()", 1, "value", "start", "stop");
        int from = bound.integer(1, 0);
        int to = bound.integer(2, items.size());
        int last = Math.min(to < 0 ? to + items.size() : to, items.size());
        for (int i = Math.max(from < 0 ? from + items.size() : from, 0); i < last; i++) {
            if (JinjaValues.equal(items.get(i), bound.get(0))) {
                return i;
            }
        }
        throw new JinjaFault(JinjaText.repr(bound.get(0)) + " is not in the list");
    }

    /** {@code of[start:stop:step]}. */
    static Object slice(Object of, Object start, Object stop, Object step) {
        if (of instanceof JinjaUndefined undefined) {
            throw undefined.fault();
        }
        List<Object> all = sliceable(of)
                .orElseThrow(
                        () -> new JinjaFault("a value of type '" + JinjaValues.typeName(of) + "' cannot be sliced"));
        List<Object> items = pick(all, start, stop, step);
        if (JinjaText.string(of).isPresent()) {
            StringBuilder text = new StringBuilder();
            items.forEach(text::append);
            return text.toString();
        }
        return of instanceof JinjaTuple ? new JinjaTuple(items) : items;
    }

    private static List<Object> pick(List<Object> items, Object start, Object stop, Object step) {
        long by = index(step, 1);
        if (by == 0) {
            throw new JinjaFault("the step of a slice cannot be zero");
        }
        int size = items.size();
        long low = by > 0 ? 0 : -1;
        long high = by > 0 ? size : size - 1;
        long from = start == JinjaNone.NONE ? (by > 0 ? low : high) : clamp(index(start, 0), size, low, high);
        long to = stop == JinjaNone.NONE ? (by > 0 ? high : low) : clamp(index(stop, 0), size, low, high);
        List<Object> picked = new ArrayList<>();
        for (long i = from; by > 0 ? i < to : i > to; i += by) {
            picked.add(items.get((int) i));
        }
        return picked;
    }

    private static long clamp(long index, int size, long low, long high) {
        return Math.min(Math.max(index < 0 ? index + size : index, low), high);
    }

    private static long index(Object value, long otherwise) {
        if (value == JinjaNone.NONE) {
            return otherwise;
        } else if (!(value instanceof Long || value instanceof Boolean)) {
            throw new JinjaFault("slice bounds must be integers, not '" + JinjaValues.typeName(value) + "'");
        }
        return JinjaMath.big(value).longValue();
    }
}
