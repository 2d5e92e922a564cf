package dev.plumb.text;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A statement, or literal text. {@code at} is where it starts in the source, for errors. */
sealed interface JinjaStatement permits JinjaFor, JinjaMacro.Definition, JinjaMacro.CallBlock, JinjaStatement.Simple {
    /** What to go on with. */
    enum Flow {
        NEXT,
        BREAK,
        CONTINUE
    }

    int at();

    /** Does it, without the care that {@link #run} takes. */
    Flow execute(JinjaFrame frame, JinjaOutput out);

    /** Does it. A fault gets the position of the innermost construct that raised it. */
    default Flow run(JinjaFrame frame, JinjaOutput out) {
        try {
            frame.run().step();
            return execute(frame, out);
        } catch (JinjaFault fault) {
            throw fault.at(at());
        }
    }

    static Flow all(List<JinjaStatement> body, JinjaFrame frame, JinjaOutput out) {
        for (JinjaStatement statement : body) {
            Flow flow = statement.run(frame, out);
            if (flow != Flow.NEXT) {
                return flow;
            }
        }
        return Flow.NEXT;
    }

    /** The text of a body, in a scope of its own. */
    static String capture(List<JinjaStatement> body, JinjaFrame frame) {
        JinjaOutput captured = JinjaOutput.captured();
        all(body, frame.nested(), captured);
        return captured.text();
    }

    /** The statements that need little explanation. */
    sealed interface Simple extends JinjaStatement {}

    record Text(int at, String text) implements Simple {
        @Override
        public Flow execute(JinjaFrame frame, JinjaOutput out) {
            out.write(text);
            return Flow.NEXT;
        }
    }

    record Print(int at, JinjaExpression expression) implements Simple {
        @Override
        public Flow execute(JinjaFrame frame, JinjaOutput out) {
            out.write(JinjaText.str(expression.eval(frame)));
            return Flow.NEXT;
        }
    }

    /** One branch of an {@code if}; {@code else} is a branch whose condition is true. */
    record Branch(JinjaExpression condition, List<JinjaStatement> body) {}

    record If(int at, List<Branch> branches) implements Simple {
        @Override
        public Flow execute(JinjaFrame frame, JinjaOutput out) {
            for (Branch branch : branches) {
                if (JinjaValues.truth(branch.condition().eval(frame))) {
                    return all(branch.body(), frame, out);
                }
            }
            return Flow.NEXT;
        }
    }

    record Set(int at, JinjaTarget target, JinjaExpression value) implements Simple {
        @Override
        public Flow execute(JinjaFrame frame, JinjaOutput out) {
            target.assign(frame, value.eval(frame));
            return Flow.NEXT;
        }
    }

    /** {@code set} or {@code filter} with a body: its text goes through filters, then to the target or the output. */
    record Captured(
            int at, Optional<JinjaTarget> target, String variable, JinjaExpression filtered, List<JinjaStatement> body)
            implements Simple {
        @Override
        public Flow execute(JinjaFrame frame, JinjaOutput out) {
            JinjaFrame scope = frame.nested();
            scope.set(variable, capture(body, frame));
            Object value = filtered.eval(scope);
            target.ifPresentOrElse(t -> t.assign(frame, value), () -> out.write(JinjaText.str(value)));
            return Flow.NEXT;
        }
    }

    record With(int at, Map<JinjaTarget, JinjaExpression> values, List<JinjaStatement> body) implements Simple {
        @Override
        public Flow execute(JinjaFrame frame, JinjaOutput out) {
            JinjaFrame scope = frame.nested();
            values.forEach((target, value) -> target.assign(scope, value.eval(frame)));
            return all(body, scope, out);
        }
    }

    /** Marks what the assistant says. */
    record Generation(int at, List<JinjaStatement> body) implements Simple {
        @Override
        public Flow execute(JinjaFrame frame, JinjaOutput out) {
            int start = out.position();
            Flow flow = all(body, frame.nested(), out);
            if (out.generated().isPresent()) {
                if (out.position() > start) {
                    out.generated().get().add(new ChatTemplate.Span(start, out.position()));
                }
            } else {
                frame.run().lostGeneration(at);
            }
            return flow;
        }
    }

    record Break(int at) implements Simple {
        @Override
        public Flow execute(JinjaFrame frame, JinjaOutput out) {
            return Flow.BREAK;
        }
    }

    record Continue(int at) implements Simple {
        @Override
        public Flow execute(JinjaFrame frame, JinjaOutput out) {
            return Flow.CONTINUE;
        }
    }
}
