package dev.plumb.text;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The tests: {@code value is NAME}. */
final class JinjaTests {
    private static final Set<String> WITHOUT_ARGUMENT = Set.of(
            "defined",
            "undefined",
            "none",
            "boolean",
            "true",
            "false",
            "integer",
            "float",
            "number",
            "string",
            "mapping",
            "sequence",
            "iterable",
            "callable",
            "lower",
            "upper",
            "odd",
            "even",
            "filter",
            "test",
            "escaped");
    private static final Map<String, String> COMPARISONS = Map.ofEntries(
            Map.entry("==", "=="),
            Map.entry("eq", "=="),
            Map.entry("equalto", "=="),
            Map.entry("!=", "!="),
            Map.entry("ne", "!="),
            Map.entry("<", "<"),
            Map.entry("lt", "<"),
            Map.entry("lessthan", "<"),
            Map.entry("<=", "<="),
            Map.entry("le", "<="),
            Map.entry(">", ">"),
            Map.entry("gt", ">"),
            Map.entry("greaterthan", ">"),
            Map.entry(">=", ">="),
            Map.entry("ge", ">="),
            Map.entry("in", "in"));
    private static final Set<String> WITH_ARGUMENT = Set.of("sameas", "divisibleby");

    private JinjaTests() {}

    static boolean has(String name) {
        return WITHOUT_ARGUMENT.contains(name) || COMPARISONS.containsKey(name) || WITH_ARGUMENT.contains(name);
    }

    static boolean holds(String name, Object value, JinjaArguments arguments) {
        if (WITHOUT_ARGUMENT.contains(name)) {
            arguments.bind("the test '" + name + "'", 0);
            return holds(name, value);
        }
        Object other = arguments.bind("the test '" + name + "'", 1, "other").get(0);
        if (COMPARISONS.containsKey(name)) {
            return JinjaExpression.Comparison.holds(COMPARISONS.get(name), value, other);
        } else if (name.equals("divisibleby")) {
            return !JinjaValues.truth(JinjaMath.apply("%", value, other));
        } else if (!name.equals("sameas")) {
            throw new JinjaFault("unknown test '" + name + "'");
        }
        boolean plain = value instanceof String || JinjaMath.isNumber(value);
        return plain
                ? JinjaValues.typeName(value).equals(JinjaValues.typeName(other)) && JinjaValues.equal(value, other)
                : value == other;
    }

    private static boolean holds(String name, Object value) {
        return switch (name) {
            case "defined" -> !(value instanceof JinjaUndefined);
            case "undefined" -> value instanceof JinjaUndefined;
            case "none" -> value == JinjaNone.NONE;
            case "boolean" -> value instanceof Boolean;
            case "true" -> Boolean.TRUE.equals(value);
            case "false" -> Boolean.FALSE.equals(value);
            case "integer" -> JinjaMath.isInteger(value) && !(value instanceof Boolean);
            case "float" -> value instanceof Double;
            case "number" -> JinjaMath.isNumber(value);
            case "string" -> JinjaText.string(value).isPresent();
            case "escaped" -> value instanceof JinjaMarkup;
            case "mapping" -> value instanceof Map;
            case "sequence" -> isSequence(value);
            case "iterable" ->
                isSequence(value)
                        || value instanceof JinjaView
                        || value instanceof JinjaOnce
                        || value instanceof JinjaLoop;
            case "callable" -> value instanceof JinjaCallable || value instanceof JinjaUndefined;
            case "lower" -> isCase(JinjaText.str(value), false);
            case "upper" -> isCase(JinjaText.str(value), true);
            case "odd" -> JinjaValues.equal(JinjaMath.apply("%", value, 2L), 1L);
            case "even" -> JinjaValues.equal(JinjaMath.apply("%", value, 2L), 0L);
            case "filter" -> JinjaFilters.has(JinjaText.str(value));
            default -> has(JinjaText.str(value));
        };
    }

    private static boolean isSequence(Object value) {
        Optional<List<Object>> items = JinjaValues.sequence(value);
        boolean view = value instanceof JinjaView range && !range.isRange();
        return items.isPresent() && !view
                || JinjaText.string(value).isPresent()
                || value instanceof Map
                || value instanceof JinjaUndefined;
    }

    static boolean isCase(String text, boolean upper) {
        boolean wanted = text.codePoints().anyMatch(c -> upper ? Character.isUpperCase(c) : Character.isLowerCase(c));
        boolean other = text.codePoints()
                .anyMatch(
                        c -> Character.isTitleCase(c) || (upper ? Character.isLowerCase(c) : Character.isUpperCase(c)));
        return wanted && !other;
    }
}
