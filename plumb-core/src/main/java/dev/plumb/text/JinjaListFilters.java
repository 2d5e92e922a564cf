package dev.plumb.text;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** Filters of lists, dictionaries and whatever else can be iterated. */
final class JinjaListFilters {
    private JinjaListFilters() {}

    static Object length(Object value, JinjaArguments arguments) {
        arguments.bind("length", 0);
        return (long) JinjaValues.length(value);
    }

    static Object list(Object value, JinjaArguments arguments) {
        arguments.bind("list", 0);
        return JinjaValues.list(value);
    }

    static Object first(Object value, JinjaArguments arguments) {
        arguments.bind("first", 0);
        Iterator<Object> items = JinjaValues.iterate(value);
        return items.hasNext() ? items.next() : new JinjaUndefined("there is no first item, the sequence was empty");
    }

    static Object last(Object value, JinjaArguments arguments) {
        arguments.bind("last", 0);
        if (value instanceof JinjaOnce) {
            throw new JinjaFault("last needs a list; write '|list|last'");
        }
        List<Object> items = JinjaValues.list(value);
        return items.isEmpty()
                ? new JinjaUndefined("there is no last item, the sequence was empty")
                : items.get(items.size() - 1);
    }

    static Object reverse(Object value, JinjaArguments arguments) {
        arguments.bind("reverse", 0);
        if (JinjaText.string(value).isPresent()) {
            return new StringBuilder(JinjaText.str(value)).reverse().toString();
        }
        List<Object> items = JinjaValues.list(value);
        Collections.reverse(items);
        return new JinjaOnce(items);
    }

    static Object items(Object value, JinjaArguments arguments) {
        arguments.bind("items", 0);
        if (value instanceof JinjaUndefined) {
            return new JinjaOnce(List.of());
        }
        return new JinjaOnce(JinjaAccess.items(
                JinjaValues.dict(value).orElseThrow(() -> new JinjaFault("items needs a dictionary"))));
    }

    static Object attribute(Object value, JinjaArguments arguments) {
        String name = arguments.bind("attr", 1, "name").text(0);
        if (value instanceof JinjaUndefined undefined) {
            throw undefined.fault();
        } else if (value instanceof Map) {
            // Unlike value.name, this filter never looks up items.
            return new JinjaUndefined("a dictionary has no attribute '" + name + "'");
        }
        return JinjaAccess.attribute(value, name);
    }

    static Object join(Object value, JinjaArguments arguments) {
        JinjaArguments.Bound bound = arguments.bind("join", 0, "d", "attribute");
        UnaryOperator<Object> read = bound.has(1) ? reader(bound.get(1)) : UnaryOperator.identity();
        String separator = bound.has(0) ? JinjaText.str(bound.get(0)) : "";
        List<String> parts = new ArrayList<>();
        long size = 0;
        for (Object item : JinjaValues.list(value)) {
            parts.add(JinjaText.str(read.apply(item)));
            size += parts.get(parts.size() - 1).length() + (long) separator.length();
            JinjaRun.checkSize(size);
        }
        return String.join(separator, parts);
    }

    /** Reads an attribute as filters name it: {@code a}, {@code a.b}, {@code a.0} or a number. */
    private static UnaryOperator<Object> reader(Object attribute) {
        if (!(attribute instanceof String path)) {
            return item -> JinjaAccess.item(item, attribute);
        }
        return item -> {
            Object value = item;
            for (String step : path.split("\\.", -1)) {
                value = JinjaAccess.item(value, step.matches("\\d{1,9}") ? (Object) Long.valueOf(step) : step);
            }
            return value;
        };
    }

    /** What there is to iterate; nothing in values that are false, such as {@code none}. */
    private static Iterator<Object> iterateIfTrue(Object value) {
        return JinjaValues.truth(value) ? JinjaValues.iterate(value) : Collections.emptyIterator();
    }

    /** {@code map(attribute='name', default=value)} or {@code map('filter', arguments)}. */
    static Object map(Object value, JinjaArguments arguments) {
        List<Object> mapped = new ArrayList<>();
        UnaryOperator<Object> change = mapping(arguments);
        iterateIfTrue(value).forEachRemaining(item -> mapped.add(change.apply(item)));
        return new JinjaOnce(mapped);
    }

    private static UnaryOperator<Object> mapping(JinjaArguments arguments) {
        if (!arguments.positional().isEmpty()) {
            String filter = JinjaText.str(arguments.positional().get(0));
            return item -> JinjaFilters.apply(filter, item, arguments.from(1));
        }
        JinjaArguments.Bound bound = arguments.bind("map", 1, "attribute", "default");
        UnaryOperator<Object> read = reader(bound.get(0));
        return item -> {
            Object found = read.apply(item);
            return found instanceof JinjaUndefined && bound.has(1) ? bound.get(1) : found;
        };
    }

    /** The items, or those whose attribute, pass (or fail) a test; without a test: are true. */
    static Object select(Object value, JinjaArguments arguments, boolean byAttribute, boolean wanted) {
        int own = byAttribute ? 1 : 0;
        if (arguments.positional().size() < own) {
            throw new JinjaFault("selectattr and rejectattr need the name of an attribute");
        }
        UnaryOperator<Object> read = byAttribute ? reader(arguments.positional().get(0)) : UnaryOperator.identity();
        boolean tested = arguments.positional().size() > own;
        List<Object> chosen = new ArrayList<>();
        iterateIfTrue(value).forEachRemaining(item -> {
            Object subject = read.apply(item);
            boolean holds = tested
                    ? JinjaTests.holds(JinjaText.str(arguments.positional().get(own)), subject, arguments.from(own + 1))
                    : JinjaValues.truth(subject);
            if (holds == wanted) {
                chosen.add(item);
            }
        });
        return new JinjaOnce(chosen);
    }

    /** How values of one attribute, or of several with commas between them, are ordered. */
    private static Comparator<Object> order(Optional<Object> attribute, boolean caseSensitive) {
        Comparator<Object> plain =
                (a, b) -> JinjaValues.compare("<", folded(a, caseSensitive), folded(b, caseSensitive));
        if (attribute.isEmpty()) {
            return plain;
        }
        Comparator<Object> all = (a, b) -> 0;
        List<?> names =
                attribute.get() instanceof String text ? List.of(text.split(",", -1)) : List.of(attribute.get());
        for (Object name : names) {
            all = all.thenComparing(reader(name), plain);
        }
        return all;
    }

    private static Object folded(Object value, boolean caseSensitive) {
        return value instanceof String text && !caseSensitive ? text.toLowerCase(Locale.ROOT) : value;
    }

    private static Optional<Object> given(JinjaArguments.Bound bound, int i) {
        return bound.has(i) ? Optional.of(bound.get(i)) : Optional.empty();
    }

    static Object sort(Object value, JinjaArguments arguments) {
        JinjaArguments.Bound bound = arguments.bind("sort", 0, "reverse", "case_sensitive", "attribute");
        List<Object> items = JinjaValues.list(value);
        Comparator<Object> order = order(given(bound, 2), bound.flag(1, false));
        items.sort(bound.flag(0, false) ? order.reversed() : order);
        return items;
    }

    static Object dictSort(Object value, JinjaArguments arguments) {
        JinjaArguments.Bound bound = arguments.bind("dictsort", 0, "case_sensitive", "by", "reverse");
        String by = bound.text(1, "key");
        if (!by.equals("key") && !by.equals("value")) {
            throw new JinjaFault("dictsort sorts by 'key' or by 'value', not by '" + by + "'");
        }
        List<Object> items = JinjaAccess.items(
                JinjaValues.dict(value).orElseThrow(() -> new JinjaFault("dictsort needs a dictionary")));
        Comparator<Object> order = order(Optional.of(by.equals("key") ? 0L : 1L), bound.flag(0, false));
        items.sort(bound.flag(2, false) ? order.reversed() : order);
        return items;
    }

    static Object extreme(Object value, JinjaArguments arguments, int sign) {
        JinjaArguments.Bound bound = arguments.bind("min and max", 0, "case_sensitive", "attribute");
        Comparator<Object> order = order(given(bound, 1), bound.flag(0, false));
        List<Object> items = JinjaValues.list(value);
        if (items.isEmpty()) {
            return new JinjaUndefined("there is no smallest or largest item, the sequence was empty");
        }
        Object best = items.get(0);
        for (Object item : items) {
            best = order.compare(item, best) * sign > 0 ? item : best;
        }
        return best;
    }

    static Object unique(Object value, JinjaArguments arguments) {
        JinjaArguments.Bound bound = arguments.bind("unique", 0, "case_sensitive", "attribute");
        UnaryOperator<Object> read = bound.has(1) ? reader(bound.get(1)) : UnaryOperator.identity();
        List<Object> seen = new ArrayList<>();
        List<Object> chosen = new ArrayList<>();
        for (Object item : JinjaValues.list(value)) {
            Object key = folded(read.apply(item), bound.flag(0, false));
            if (!JinjaValues.contains(seen, key)) {
                seen.add(key);
                chosen.add(item);
            }
        }
        return new JinjaOnce(chosen);
    }

    static Object sum(Object value, JinjaArguments arguments) {
        JinjaArguments.Bound bound = arguments.bind("sum", 0, "attribute", "start");
        UnaryOperator<Object> read = bound.has(0) ? reader(bound.get(0)) : UnaryOperator.identity();
        Object total = bound.or(1, 0L);
        for (Object item : JinjaValues.list(value)) {
            total = JinjaMath.apply("+", total, read.apply(item));
        }
        return total;
    }

    static Object groupBy(Object value, JinjaArguments arguments) {
        JinjaArguments.Bound bound = arguments.bind("groupby", 1, "attribute", "default", "case_sensitive");
        UnaryOperator<Object> plain = reader(bound.get(0));
        UnaryOperator<Object> read = item -> {
            Object found = plain.apply(item);
            return found instanceof JinjaUndefined && bound.has(1) ? bound.get(1) : found;
        };
        Comparator<Object> order = Comparator.comparing(read, order(Optional.empty(), bound.flag(2, false)));
        List<Object> items = JinjaValues.list(value);
        items.sort(order);
        List<Object> groups = new ArrayList<>();
        List<Object> group = new ArrayList<>();
        for (Object item : items) {
            if (group.isEmpty() || order.compare(group.get(0), item) != 0) {
                group = new ArrayList<>();
                groups.add(new JinjaTuple(List.of(read.apply(item), group), List.of("grouper", "list")));
            }
            group.add(item);
        }
        return groups;
    }

    static Object batch(Object value, JinjaArguments arguments) {
        JinjaArguments.Bound bound = arguments.bind("batch", 1, "linecount", "fill_with");
        int size = bound.integer(0, 1);
        if (size < 1) {
            throw new JinjaFault("batch needs a size of at least 1");
        }
        JinjaRun.checkSize(size);
        List<Object> batches = new ArrayList<>();
        List<Object> batch = new ArrayList<>();
        for (Object item : JinjaValues.list(value)) {
            if (batch.isEmpty() || batch.size() == size) {
                batch = new ArrayList<>();
                batches.add(batch);
            }
            batch.add(item);
        }
        while (bound.has(1) && !batch.isEmpty() && batch.size() < size) {
            batch.add(bound.get(1));
        }
        return new JinjaOnce(batches);
    }

    /** So many lists of nearly the same length; the longer ones first. */
    static Object slice(Object value, JinjaArguments arguments) {
        JinjaArguments.Bound bound = arguments.bind("slice", 1, "slices", "fill_with");
        int slices = bound.integer(0, 1);
        if (slices < 1) {
            throw new JinjaFault("slice needs a number of at least 1");
        }
        JinjaRun.checkSize(slices);
        List<Object> items = JinjaValues.list(value);
        int size = items.size() / slices;
        int longer = items.size() % slices;
        List<Object> parts = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < slices; i++) {
            int to = from + size + (i < longer ? 1 : 0);
            List<Object> part = new ArrayList<>(items.subList(from, to));
            if (bound.has(1) && i >= longer) {
                part.add(bound.get(1));
            }
            parts.add(part);
            from = to;
        }
        return new JinjaOnce(parts);
    }
}
