package dev.plumb.text;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** A scope: variables set here, and those of the scopes around it. */
final class JinjaFrame {
    private final JinjaRun run;
    private final Optional<JinjaFrame> outer;
    private final Map<String, Object> variables = new HashMap<>();

    private JinjaFrame(JinjaRun run, Optional<JinjaFrame> outer) {
        this.run = run;
        this.outer = outer;
    }

    /** The outermost scope of a render. */
    static JinjaFrame root(JinjaRun run, Map<String, Object> variables) {
        JinjaFrame globals = new JinjaFrame(run, Optional.empty());
        globals.variables.putAll(JinjaGlobals.functions(run));
        globals.variables.putAll(variables);
        return globals.nested();
    }

    JinjaFrame nested() {
        return new JinjaFrame(run, Optional.of(this));
    }

    JinjaRun run() {
        return run;
    }

    Object get(String name) {
        for (JinjaFrame frame = this; ; frame = frame.outer.get()) {
            Object value = frame.variables.get(name);
            if (value != null) {
                return value;
            } else if (frame.outer.isEmpty()) {
                return new JinjaUndefined("'" + name + "' is undefined");
            }
        }
    }

    void set(String name, Object value) {
        variables.put(name, value);
    }
}
