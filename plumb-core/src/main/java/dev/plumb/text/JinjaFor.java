package dev.plumb.text;

import dev.plumb.text.JinjaStatement.Flow;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.function.Function;

/** {@code {% for target in items if condition recursive %} body {% else %} otherwise {% endfor %}}. */
record JinjaFor(
        int at,
        JinjaTarget target,
        JinjaExpression items,
        Optional<JinjaExpression> condition,
        boolean recursive,
        List<JinjaStatement> body,
        List<JinjaStatement> otherwise)
        implements JinjaStatement {
    @Override
    public Flow execute(JinjaFrame frame, JinjaOutput out) {
        loop(frame, out, items.eval(frame), 0);
        return Flow.NEXT;
    }

    private void loop(JinjaFrame frame, JinjaOutput out, Object over, int depth) {
        Iterator<Object> chosen =
                condition.isPresent() ? new Chosen(frame, JinjaValues.iterate(over)) : JinjaValues.iterate(over);
        Optional<Function<Object, Object>> again =
                recursive ? Optional.of(deeper -> recurse(frame, deeper, depth + 1)) : Optional.empty();
        JinjaLoop loop = new JinjaLoop(chosen, depth, again);
        boolean finishedOne = false;
        while (loop.hasNext()) {
            frame.run().step();
            JinjaFrame scope = frame.nested();
            scope.set("loop", loop);
            target.assign(scope, loop.next());
            Flow flow = JinjaStatement.all(body, scope, out);
            if (flow == Flow.BREAK) {
                break;
            }
            finishedOne |= flow == Flow.NEXT;
        }
        // As in Jinja, where an iteration that ends by break or continue does not count.
        if (!finishedOne) {
            JinjaStatement.all(otherwise, frame.nested(), out);
        }
    }

    private Object recurse(JinjaFrame frame, Object over, int depth) {
        frame.run().enter();
        JinjaOutput captured = JinjaOutput.captured();
        loop(frame, captured, over, depth);
        frame.run().leave();
        return captured.text();
    }

    /** The items that meet the condition. */
    private final class Chosen implements Iterator<Object> {
        private final JinjaFrame frame;
        private final Iterator<Object> all;
        private Optional<Object> next = Optional.empty();

        Chosen(JinjaFrame frame, Iterator<Object> all) {
            this.frame = frame;
            this.all = all;
        }

        @Override
        public boolean hasNext() {
            while (next.isEmpty() && all.hasNext()) {
                Object item = all.next();
                JinjaFrame scope = frame.nested();
                target.assign(scope, item);
                if (JinjaValues.truth(condition.orElseThrow().eval(scope))) {
                    next = Optional.of(item);
                }
            }
            return next.isPresent();
        }

        @Override
        public Object next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            Object item = next.get();
            next = Optional.empty();
            return item;
        }
    }
}
