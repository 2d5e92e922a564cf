package dev.plumb.text;

import dev.plumb.text.JinjaStatement.Flow;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A macro, or the body of a {@code call} block, bound to the scope that it was written in. */
final class JinjaMacro implements JinjaCallable {
    private final Signature signature;
    private final List<JinjaStatement> body;
    private final JinjaFrame definedIn;

    private JinjaMacro(Signature signature, List<JinjaStatement> body, JinjaFrame definedIn) {
        this.signature = signature;
        this.body = body;
        this.definedIn = definedIn;
    }

    /**
     * What a macro takes.
     *
     * @param name its name, for errors
     * @param parameters names and default values, in order
     * @param mentions the names that the body uses; {@code varargs}, {@code kwargs} and {@code caller} are taken only
     *     by macros that mention them
     */
    record Signature(String name, Map<String, Optional<JinjaExpression>> parameters, Set<String> mentions) {}

    /** {@code {% macro name(parameters) %} body {% endmacro %}}. */
    record Definition(int at, Signature signature, List<JinjaStatement> body) implements JinjaStatement {
        @Override
        public Flow execute(JinjaFrame frame, JinjaOutput out) {
            frame.set(signature.name(), new JinjaMacro(signature, body, frame));
            return Flow.NEXT;
        }
    }

    /** {@code {% call(parameters) macro(arguments) %} body {% endcall %}}. */
    record CallBlock(int at, JinjaExpression.Call call, Signature signature, List<JinjaStatement> body)
            implements JinjaStatement {
        @Override
        public Flow execute(JinjaFrame frame, JinjaOutput out) {
            JinjaArguments given = call.arguments().eval(frame);
            Map<String, Object> named = new LinkedHashMap<>(given.named());
            named.put("caller", new JinjaMacro(signature, body, frame));
            out.write(JinjaText.str(call.call(frame, new JinjaArguments(given.positional(), named))));
            return Flow.NEXT;
        }
    }

    @Override
    public Object call(JinjaArguments arguments) {
        JinjaFrame scope = definedIn.nested();
        List<Object> positional = new ArrayList<>(arguments.positional());
        Map<String, Object> named = new LinkedHashMap<>(arguments.named());
        signature.parameters().forEach((name, otherwise) -> {
            if (!positional.isEmpty()) {
                scope.set(name, positional.remove(0));
            } else if (named.containsKey(name)) {
                scope.set(name, named.remove(name));
            } else {
                scope.set(
                        name,
                        otherwise
                                .map(e -> e.eval(scope))
                                .orElseGet(() -> new JinjaUndefined("the parameter '" + name + "' of macro '"
                                        + signature.name() + "' was not given")));
            }
        });
        takeRest(scope, positional, named);
        scope.run().enter();
        String text = JinjaStatement.capture(body, scope);
        scope.run().leave();
        return text;
    }

    private void takeRest(JinjaFrame scope, List<Object> positional, Map<String, Object> named) {
        boolean declaresCaller = signature.parameters().containsKey("caller");
        if (signature.mentions().contains("caller") && !declaresCaller) {
            Object caller = named.remove("caller");
            scope.set("caller", caller == null ? new JinjaUndefined("there is no caller") : caller);
        }
        if (signature.mentions().contains("kwargs")) {
            scope.set("kwargs", new LinkedHashMap<Object, Object>(named));
        } else if (!named.isEmpty()) {
            throw new JinjaFault("the macro '" + signature.name() + "' takes no argument named '"
                    + named.keySet().iterator().next() + "'");
        }
        if (signature.mentions().contains("varargs")) {
            scope.set("varargs", new JinjaTuple(List.copyOf(positional)));
        } else if (!positional.isEmpty()) {
            throw new JinjaFault("the macro '" + signature.name() + "' takes at most "
                    + signature.parameters().size() + " argument(s)");
        }
    }
}
