package dev.plumb.text;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** The variable {@code loop}. Looks ahead only as far as it is asked to, because a loop's filter may depend on its body. */
final class JinjaLoop implements JinjaObject, JinjaCallable {
    private final Iterator<Object> items;
    private final int depth;
    private final Optional<Function<Object, Object>> recursion;
    private final Deque<Object> ahead = new ArrayDeque<>();
    private Optional<Object> previous = Optional.empty();
    private Optional<Object> current = Optional.empty();
    private Optional<List<Object>> compared = Optional.empty();
    private int index = -1;

    JinjaLoop(Iterator<Object> items, int depth, Optional<Function<Object, Object>> recursion) {
        this.items = items;
        this.depth = depth;
        this.recursion = recursion;
    }

    boolean hasNext() {
        return !ahead.isEmpty() || items.hasNext();
    }

    Object next() {
        previous = current;
        current = Optional.of(ahead.isEmpty() ? items.next() : ahead.pop());
        index++;
        return current.get();
    }

    int length() {
        items.forEachRemaining(ahead::add);
        return index + 1 + ahead.size();
    }

    @Override
    public Object attribute(String name) {
        return switch (name) {
            case "index" -> index + 1L;
            case "index0" -> (long) index;
            case "revindex" -> (long) length() - index;
            case "revindex0" -> (long) length() - index - 1;
            case "first" -> index == 0;
            case "last" -> !hasNext();
            case "length" -> (long) length();
            case "depth" -> depth + 1L;
            case "depth0" -> (long) depth;
            case "previtem" -> previous.orElseGet(() -> new JinjaUndefined("there is no previous item"));
            case "nextitem" -> nextItem();
            case "cycle" -> (JinjaCallable) this::cycle;
            case "changed" -> (JinjaCallable) this::changed;
            default -> new JinjaUndefined("the loop has no attribute '" + name + "'");
        };
    }

    private Object nextItem() {
        if (!hasNext()) {
            return new JinjaUndefined("there is no next item");
        } else if (ahead.isEmpty()) {
            ahead.add(items.next());
        }
        return ahead.element();
    }

    private Object cycle(JinjaArguments arguments) {
        List<Object> values = arguments.positional();
        if (values.isEmpty()) {
            throw new JinjaFault("loop.cycle() needs at least one value");
        }
        return values.get(index % values.size());
    }

    private Object changed(JinjaArguments arguments) {
        boolean same = compared.isPresent() && JinjaValues.equal(compared.get(), arguments.positional());
        compared = Optional.of(arguments.positional());
        return !same;
    }

    @Override
    public Object call(JinjaArguments arguments) {
        Function<Object, Object> again =
                recursion.orElseThrow(() -> new JinjaFault("the loop must be marked 'recursive' to be called"));
        return again.apply(arguments.bind("loop()", 1, "iterable").get(0));
    }
}
