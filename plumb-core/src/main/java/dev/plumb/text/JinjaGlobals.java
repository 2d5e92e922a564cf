package dev.plumb.text;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The functions that every template can call. */
final class JinjaGlobals {
    private static final long LONGEST_RANGE = 100_000; // the limit of Jinja's sandbox

    private JinjaGlobals() {}

    static Map<String, JinjaCallable> functions(JinjaRun run) {
        return Map.of(
                "range", JinjaGlobals::range,
                "dict", JinjaGlobals::dict,
                "namespace", JinjaNamespace::new,
                "cycler", Cycler::new,
                "joiner", JinjaGlobals::joiner,
                "raise_exception", JinjaGlobals::raise,
                "strftime_now",
                        arguments -> JinjaDate.format(
                                run.now(),
                                arguments.bind("strftime_now()", 1, "format").text(0)));
    }

    private static Object raise(JinjaArguments arguments) {
        throw new JinjaFault(
                JinjaText.str(arguments.bind("raise_exception()", 1, "message").get(0)));
    }

    private static Object range(JinjaArguments arguments) {
        int count = arguments.positional().size();
        if (count < 1 || count > 3 || !arguments.named().isEmpty()) {
            throw new JinjaFault("range() takes one, two or three integers");
        }
        JinjaArguments.Bound bound = arguments.bind("range()", 1, "start", "stop", "step");
        int start = count == 1 ? 0 : bound.integer(0, 0);
        int stop = count == 1 ? bound.integer(0, 0) : bound.integer(1, 0);
        int step = bound.integer(2, 1);
        if (step == 0) {
            throw new JinjaFault("the step of range() cannot be zero");
        }
        List<Object> items = new ArrayList<>();
        for (long i = start; step > 0 ? i < stop : i > stop; i += step) {
            items.add(i);
            if (items.size() > LONGEST_RANGE) {
                throw new JinjaFault("range() of more than " + LONGEST_RANGE + " numbers");
            }
        }
        String shown = "range(" + start + ", " + stop + (step == 1 ? ")" : ", " + step + ")");
        return new JinjaView("range", shown, items);
    }

    static Map<Object, Object> dict(JinjaArguments arguments) {
        Map<Object, Object> dict = new LinkedHashMap<>();
        for (Object given : arguments.positional()) {
            JinjaValues.dict(given).ifPresentOrElse(dict::putAll, () -> {
                for (Object pair : JinjaValues.list(given)) {
                    List<Object> entry = JinjaValues.list(pair);
                    if (entry.size() != 2) {
                        throw new JinjaFault("dict() needs a dictionary or pairs of key and value");
                    }
                    dict.put(entry.get(0), entry.get(1));
                }
            });
        }
        dict.putAll(arguments.named());
        return dict;
    }

    /** Gives nothing when called first, and a separator each time after that. */
    private static Object joiner(JinjaArguments arguments) {
        String separator = arguments.bind("joiner()", 0, "sep").text(0, ", ");
        Iterator<String> first = List.of("").iterator();
        return (JinjaCallable) none -> first.hasNext() ? first.next() : separator;
    }

    /** Gives values in turn. */
    private static final class Cycler implements JinjaObject, JinjaCallable {
        private final List<Object> values;
        private int position;

        Cycler(JinjaArguments arguments) {
            values = arguments.positional();
            if (values.isEmpty()) {
                throw new JinjaFault("cycler() needs at least one value");
            }
        }

        @Override
        public Object attribute(String name) {
            return switch (name) {
                case "current" -> values.get(position);
                case "next" -> (JinjaCallable) this;
                case "reset" ->
                    (JinjaCallable) arguments -> {
                        position = 0;
                        return JinjaNone.NONE;
                    };
                default -> new JinjaUndefined("the cycler has no attribute '" + name + "'");
            };
        }

        @Override
        public Object call(JinjaArguments arguments) {
            Object value = values.get(position);
            position = (position + 1) % values.size();
            return value;
        }
    }
}
