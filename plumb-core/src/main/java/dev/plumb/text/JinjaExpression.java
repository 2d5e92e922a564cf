package dev.plumb.text;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** An expression of a template. {@code at} is where it starts in the source, for errors. */
sealed interface JinjaExpression {
    int at();

    /** The value, without the care that {@link #eval} takes. */
    Object compute(JinjaFrame frame);

    /** The value. A fault gets the position of the innermost expression that raised it. */
    default Object eval(JinjaFrame frame) {
        try {
            frame.run().step();
            return JinjaRun.bounded(compute(frame));
        } catch (JinjaFault fault) {
            throw fault.at(at());
        }
    }

    private static List<Object> all(List<JinjaExpression> expressions, JinjaFrame frame) {
        List<Object> values = new ArrayList<>(expressions.size());
        expressions.forEach(expression -> values.add(expression.eval(frame)));
        return values;
    }

    record Constant(int at, Object value) implements JinjaExpression {
        @Override
        public Object compute(JinjaFrame frame) {
            return value;
        }
    }

    record Name(int at, String name) implements JinjaExpression {
        @Override
        public Object compute(JinjaFrame frame) {
            return frame.get(name);
        }
    }

    record ListOf(int at, List<JinjaExpression> items) implements JinjaExpression {
        @Override
        public Object compute(JinjaFrame frame) {
            return all(items, frame);
        }
    }

    record TupleOf(int at, List<JinjaExpression> items) implements JinjaExpression {
        @Override
        public Object compute(JinjaFrame frame) {
            return new JinjaTuple(all(items, frame));
        }
    }

    record DictOf(int at, List<JinjaExpression> keys, List<JinjaExpression> values) implements JinjaExpression {
        @Override
        public Object compute(JinjaFrame frame) {
            Map<Object, Object> dict = new LinkedHashMap<>();
            for (int i = 0; i < keys.size(); i++) {
                dict.put(keys.get(i).eval(frame), values.get(i).eval(frame));
            }
            return dict;
        }
    }

    /** {@code of.name}. */
    record Attribute(int at, JinjaExpression of, String name) implements JinjaExpression {
        @Override
        public Object compute(JinjaFrame frame) {
            return JinjaAccess.attribute(of.eval(frame), name);
        }
    }

    /** {@code of[index]}. */
    record Item(int at, JinjaExpression of, JinjaExpression index) implements JinjaExpression {
        @Override
        public Object compute(JinjaFrame frame) {
            return JinjaAccess.item(of.eval(frame), index.eval(frame));
        }
    }

    /** {@code of[start:stop:step]}. */
    record Slice(
            int at,
            JinjaExpression of,
            Optional<JinjaExpression> start,
            Optional<JinjaExpression> stop,
            Optional<JinjaExpression> step)
            implements JinjaExpression {
        @Override
        public Object compute(JinjaFrame frame) {
            return JinjaAccess.slice(of.eval(frame), bound(start, frame), bound(stop, frame), bound(step, frame));
        }

        private static Object bound(Optional<JinjaExpression> expression, JinjaFrame frame) {
            return expression.map(e -> e.eval(frame)).orElse(JinjaNone.NONE);
        }
    }

    record Call(int at, JinjaExpression callee, Arguments arguments) implements JinjaExpression {
        @Override
        public Object compute(JinjaFrame frame) {
            return call(frame, arguments.eval(frame));
        }

        Object call(JinjaFrame frame, JinjaArguments values) {
            Object function = callee.eval(frame);
            if (function instanceof JinjaUndefined undefined) {
                throw undefined.fault();
            } else if (function instanceof JinjaCallable callable) {
                return callable.call(values);
            }
            throw new JinjaFault("a value of type '" + JinjaValues.typeName(function) + "' cannot be called");
        }
    }

    record Filter(int at, JinjaExpression of, String name, Arguments arguments) implements JinjaExpression {
        @Override
        public Object compute(JinjaFrame frame) {
            return JinjaFilters.apply(name, of.eval(frame), arguments.eval(frame));
        }
    }

    record Test(int at, JinjaExpression of, String name, Arguments arguments) implements JinjaExpression {
        @Override
        public Object compute(JinjaFrame frame) {
            return JinjaTests.holds(name, of.eval(frame), arguments.eval(frame));
        }
    }

    record Negative(int at, JinjaExpression of) implements JinjaExpression {
        @Override
        public Object compute(JinjaFrame frame) {
            return JinjaMath.negate(of.eval(frame));
        }
    }

    record Positive(int at, JinjaExpression of) implements JinjaExpression {
        @Override
        public Object compute(JinjaFrame frame) {
            return JinjaMath.plus(of.eval(frame));
        }
    }

    record Not(int at, JinjaExpression of) implements JinjaExpression {
        @Override
        public Object compute(JinjaFrame frame) {
            return !JinjaValues.truth(of.eval(frame));
        }
    }

    record And(int at, JinjaExpression left, JinjaExpression right) implements JinjaExpression {
        @Override
        public Object compute(JinjaFrame frame) {
            Object value = left.eval(frame);
            return JinjaValues.truth(value) ? right.eval(frame) : value;
        }
    }

    record Or(int at, JinjaExpression left, JinjaExpression right) implements JinjaExpression {
        @Override
        public Object compute(JinjaFrame frame) {
            Object value = left.eval(frame);
            return JinjaValues.truth(value) ? value : right.eval(frame);
        }
    }

    record Arithmetic(int at, String operator, JinjaExpression left, JinjaExpression right) implements JinjaExpression {
        @Override
        public Object compute(JinjaFrame frame) {
            return JinjaMath.apply(operator, left.eval(frame), right.eval(frame));
        }
    }

    /** {@code a ~ b ~ c}: the operands as text. */
    record Concatenation(int at, List<JinjaExpression> parts) implements JinjaExpression {
        @Override
        public Object compute(JinjaFrame frame) {
            StringBuilder text = new StringBuilder();
            parts.forEach(part -> text.append(JinjaText.str(part.eval(frame))));
            return text.toString();
        }
    }

    /** {@code first < second <= third}: operators between operands, each pair of neighbours compared. */
    record Comparison(int at, JinjaExpression first, List<String> operators, List<JinjaExpression> rest)
            implements JinjaExpression {
        @Override
        public Object compute(JinjaFrame frame) {
            Object left = first.eval(frame);
            for (int i = 0; i < operators.size(); i++) {
                Object right = rest.get(i).eval(frame);
                if (!holds(operators.get(i), left, right)) {
                    return false;
                }
                left = right;
            }
            return true;
        }

        static boolean holds(String operator, Object a, Object b) {
            return switch (operator) {
                case "==" -> JinjaValues.equal(a, b);
                case "!=" -> !JinjaValues.equal(a, b);
                case "in" -> JinjaValues.contains(b, a);
                case "not in" -> !JinjaValues.contains(b, a);
                case "<" -> !nan(a, b) && JinjaValues.compare(operator, a, b) < 0;
                case "<=" -> !nan(a, b) && JinjaValues.compare(operator, a, b) <= 0;
                case ">" -> !nan(a, b) && JinjaValues.compare(operator, a, b) > 0;
                default -> !nan(a, b) && JinjaValues.compare(operator, a, b) >= 0;
            };
        }

        private static boolean nan(Object a, Object b) {
            return JinjaMath.isNan(a) || JinjaMath.isNan(b);
        }
    }

    /** {@code then if condition else otherwise}. */
    record Conditional(int at, JinjaExpression then, JinjaExpression condition, Optional<JinjaExpression> otherwise)
            implements JinjaExpression {
        @Override
        public Object compute(JinjaFrame frame) {
            if (JinjaValues.truth(condition.eval(frame))) {
                return then.eval(frame);
            } else if (otherwise.isPresent()) {
                return otherwise.get().eval(frame);
            }
            return new JinjaUndefined("the inline 'if' was false and has no 'else'");
        }
    }

    /** Arguments of a call, filter or test, with those of {@code *star} and {@code **stars} after the others. */
    record Arguments(
            List<JinjaExpression> positional,
            Map<String, JinjaExpression> named,
            Optional<JinjaExpression> star,
            Optional<JinjaExpression> stars) {
        static final Arguments NONE = new Arguments(List.of(), Map.of(), Optional.empty(), Optional.empty());

        static Arguments of(JinjaExpression only) {
            return new Arguments(List.of(only), Map.of(), Optional.empty(), Optional.empty());
        }

        JinjaArguments eval(JinjaFrame frame) {
            if (equals(NONE)) {
                return JinjaArguments.NONE;
            }
            List<Object> values = all(positional, frame);
            star.ifPresent(list -> JinjaValues.iterate(list.eval(frame)).forEachRemaining(values::add));
            Map<String, Object> byName = new LinkedHashMap<>();
            named.forEach((name, expression) -> byName.put(name, expression.eval(frame)));
            stars.ifPresent(expression -> JinjaValues.dict(expression.eval(frame))
                    .orElseThrow(() -> new JinjaFault("the value after '**' must be a dictionary", expression.at()))
                    .forEach((name, value) -> byName.put(JinjaText.str(name), value)));
            return new JinjaArguments(values, byName);
        }
    }
}
