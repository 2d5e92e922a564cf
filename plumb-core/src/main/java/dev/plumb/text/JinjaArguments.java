package dev.plumb.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a function, filter, test or macro is called with.
 *
 * @param positional by position
 * @param named by keyword, in the order written
 */
record JinjaArguments(List<Object> positional, Map<String, Object> named) {
    static final JinjaArguments NONE = new JinjaArguments(List.of(), Map.of());

    static JinjaArguments of(Object... values) {
        return new JinjaArguments(Arrays.asList(values), Map.of());
    }

    /** These arguments without the first few positional ones. */
    JinjaArguments from(int first) {
        return new JinjaArguments(positional.subList(first, positional.size()), named);
    }

    /**
     * Matches arguments with parameters.
     *
     * @param function the name for errors
     * @param required how many of the parameters must be given
     * @param parameters the names, in order
     */
    Bound bind(String function, int required, String... parameters) {
        if (positional.size() > parameters.length) {
            throw new JinjaFault(function + " takes at most " + parameters.length + " argument(s), " + positional.size()
                    + " were given");
        }
        List<Optional<Object>> values = new ArrayList<>();
        Map<String, Object> rest = new LinkedHashMap<>(named);
        for (int i = 0; i < parameters.length; i++) {
            Optional<Object> byName = Optional.ofNullable(rest.remove(parameters[i]));
            boolean byPosition = i < positional.size();
            if (byPosition && byName.isPresent()) {
                throw new JinjaFault(function + " got two values for its argument '" + parameters[i] + "'");
            }
            values.add(byPosition ? Optional.of(positional.get(i)) : byName);
            if (i < required && values.get(i).isEmpty()) {
                throw new JinjaFault(function + " needs the argument '" + parameters[i] + "'");
            }
        }
        if (!rest.isEmpty()) {
            throw new JinjaFault(function + " takes no argument named '"
                    + rest.keySet().iterator().next() + "'");
        }
        return new Bound(function, parameters, values);
    }

    /** Arguments in the order of their parameters. */
    static final class Bound {
        private final String function;
        private final String[] parameters;
        private final List<Optional<Object>> values;

        private Bound(String function, String[] parameters, List<Optional<Object>> values) {
            this.function = function;
            this.parameters = parameters;
            this.values = values;
        }

        /** Whether the parameter was given, and not as {@code none}. */
        boolean has(int i) {
            return values.get(i).filter(v -> v != JinjaNone.NONE).isPresent();
        }

        Object get(int i) {
            return values.get(i).orElseThrow();
        }

        Object or(int i, Object otherwise) {
            return values.get(i).orElse(otherwise);
        }

        String text(int i) {
            return JinjaText.string(get(i)).orElseThrow(() -> wrong(i, "a string"));
        }

        String text(int i, String otherwise) {
            return has(i) ? text(i) : otherwise;
        }

        int integer(int i, int otherwise) {
            if (!has(i)) {
                return otherwise;
            }
            Object value = get(i);
            if (value instanceof Boolean flag) {
                return flag ? 1 : 0;
            }
            if (!(value instanceof Long number) || number != number.intValue()) {
                throw wrong(i, "an integer");
            }
            return number.intValue();
        }

        boolean flag(int i, boolean otherwise) {
            return values.get(i).map(JinjaValues::truth).orElse(otherwise);
        }

        private JinjaFault wrong(int i, String wanted) {
            return new JinjaFault("the argument '" + parameters[i] + "' of " + function + " must be " + wanted
                    + ", not " + JinjaValues.typeName(get(i)));
        }
    }
}
