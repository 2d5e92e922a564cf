package dev.plumb.text;

import java.util.LinkedHashMap;
import java.util.Map;

/** The one value that a template can change: {@code namespace(...)}. */
final class JinjaNamespace implements JinjaObject {
    private final Map<Object, Object> values = new LinkedHashMap<>();

    JinjaNamespace(JinjaArguments arguments) {
        if (arguments.positional().size() > 1) {
            throw new JinjaFault("namespace() takes at most one positional argument");
        }
        values.putAll(JinjaGlobals.dict(arguments));
    }

    void set(String name, Object value) {
        values.put(name, value);
    }

    @Override
    public Object attribute(String name) {
        Object value = values.get(name);
        return value == null ? new JinjaUndefined("the namespace has no attribute '" + name + "'") : value;
    }

    String shown() {
        return "<Namespace " + JinjaText.repr(values) + ">";
    }
}
