package dev.plumb.text;

import java.util.Map;

/** The filters, {@code value | NAME}: those that chat templates use, and what else of Jinja's own makes sense in them. */
final class JinjaFilters {
    /** What a filter does. */
    interface Filter {
        Object apply(Object value, JinjaArguments arguments);
    }

    private static final Map<String, Filter> FILTERS = Map.ofEntries(
            Map.entry("abs", JinjaTextFilters::abs),
            Map.entry("capitalize", JinjaTextFilters::capitalize),
            Map.entry("center", JinjaTextFilters::center),
            Map.entry("d", JinjaTextFilters::otherwise),
            Map.entry("default", JinjaTextFilters::otherwise),
            Map.entry("e", JinjaTextFilters::escape),
            Map.entry("escape", JinjaTextFilters::escape),
            Map.entry("float", JinjaTextFilters::real),
            Map.entry("format", JinjaTextFilters::format),
            Map.entry("indent", JinjaTextFilters::indent),
            Map.entry("int", JinjaTextFilters::integer),
            Map.entry("lower", JinjaTextFilters::lower),
            Map.entry("replace", JinjaTextFilters::replace),
            Map.entry("round", JinjaTextFilters::round),
            Map.entry("safe", JinjaTextFilters::safe),
            Map.entry("string", JinjaTextFilters::string),
            Map.entry("title", JinjaTextFilters::title),
            Map.entry("tojson", JinjaJson::write),
            Map.entry("trim", JinjaTextFilters::trim),
            Map.entry("truncate", JinjaTextFilters::truncate),
            Map.entry("upper", JinjaTextFilters::upper),
            Map.entry("urlencode", JinjaTextFilters::urlEncode),
            Map.entry("wordcount", JinjaTextFilters::wordCount),
            Map.entry("attr", JinjaListFilters::attribute),
            Map.entry("batch", JinjaListFilters::batch),
            Map.entry("count", JinjaListFilters::length),
            Map.entry("dictsort", JinjaListFilters::dictSort),
            Map.entry("first", JinjaListFilters::first),
            Map.entry("groupby", JinjaListFilters::groupBy),
            Map.entry("items", JinjaListFilters::items),
            Map.entry("join", JinjaListFilters::join),
            Map.entry("last", JinjaListFilters::last),
            Map.entry("length", JinjaListFilters::length),
            Map.entry("list", JinjaListFilters::list),
            Map.entry("map", JinjaListFilters::map),
            Map.entry("max", (value, arguments) -> JinjaListFilters.extreme(value, arguments, 1)),
            Map.entry("min", (value, arguments) -> JinjaListFilters.extreme(value, arguments, -1)),
            Map.entry("reject", (value, arguments) -> JinjaListFilters.select(value, arguments, false, false)),
            Map.entry("rejectattr", (value, arguments) -> JinjaListFilters.select(value, arguments, true, false)),
            Map.entry("reverse", JinjaListFilters::reverse),
            Map.entry("select", (value, arguments) -> JinjaListFilters.select(value, arguments, false, true)),
            Map.entry("selectattr", (value, arguments) -> JinjaListFilters.select(value, arguments, true, true)),
            Map.entry("slice", JinjaListFilters::slice),
            Map.entry("sort", JinjaListFilters::sort),
            Map.entry("sum", JinjaListFilters::sum),
            Map.entry("unique", JinjaListFilters::unique));

    private JinjaFilters() {}

    static boolean has(String name) {
        return FILTERS.containsKey(name);
    }

    static Object apply(String name, Object value, JinjaArguments arguments) {
        Filter filter = FILTERS.get(name);
        if (filter == null) {
            throw new JinjaFault("unknown filter '" + name + "'");
        }
        return filter.apply(value, arguments);
    }
}
