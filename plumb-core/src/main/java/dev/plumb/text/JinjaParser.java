package dev.plumb.text;

import dev.plumb.text.JinjaToken.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Parses a whole template. */
final class JinjaParser {
    // Names that a template cannot spell, so that nothing else can read or set what is stored there.
    private static final String CAPTURED = "(captured)";

    private final JinjaTokens tokens;
    private final JinjaExpressionParser expressions;
    private int loops;
    private boolean generation;

    private JinjaParser(String source) {
        tokens = new JinjaTokens(JinjaLexer.tokens(source));
        expressions = new JinjaExpressionParser(tokens);
    }

    /**
     * A parsed template.
     *
     * @param body its statements
     * @param generation whether it has a generation block
     */
    record Template(List<JinjaStatement> body, boolean generation) {}

    /** Parses a normalised source. */
    static Template parse(String source) {
        JinjaParser parser = new JinjaParser(source);
        List<JinjaStatement> body = parser.statements(Optional.empty(), Set.of());
        return new Template(body, parser.generation);
    }

    /** Statements up to, not including, the name of one of the end tags. */
    private List<JinjaStatement> statements(Optional<JinjaToken> opened, Set<String> ends) {
        List<JinjaStatement> body = new ArrayList<>();
        while (true) {
            JinjaToken token = tokens.take();
            switch (token.kind()) {
                case TEXT -> body.add(new JinjaStatement.Text(token.at(), token.text()));
                case PRINT_BEGIN -> {
                    body.add(new JinjaStatement.Print(token.at(), expressions.expressionOrTuple()));
                    tokens.expect(Kind.PRINT_END, "'}}'");
                }
                case BLOCK_BEGIN -> {
                    if (tokens.at(Kind.NAME) && ends.contains(tokens.peek().text())) {
                        return List.copyOf(body);
                    }
                    body.add(statement());
                }
                default -> {
                    opened.ifPresent(open -> {
                        throw new JinjaFault(
                                "the block '" + open.text() + "' is not closed: {% end" + open.text()
                                        + " %} is missing",
                                open.at());
                    });
                    return List.copyOf(body);
                }
            }
        }
    }

    /** The body of a block up to its end tag, which is taken too. */
    private List<JinjaStatement> body(JinjaToken opened) {
        endTag();
        List<JinjaStatement> body = statements(Optional.of(opened), Set.of("end" + opened.text()));
        tokens.take();
        endTag();
        return body;
    }

    /** A body that becomes a function of its own, which a loop around it cannot be left from. */
    private List<JinjaStatement> separateBody(JinjaToken opened) {
        int outside = loops;
        loops = 0;
        List<JinjaStatement> body = body(opened);
        loops = outside;
        return body;
    }

    private void endTag() {
        tokens.expect(Kind.BLOCK_END, "'%}'");
    }

    private JinjaStatement statement() {
        JinjaToken tag = tokens.expect(Kind.NAME, "the name of a tag");
        return switch (tag.text()) {
            case "if" -> conditional(tag);
            case "for" -> loop(tag);
            case "set" -> set(tag);
            case "macro" -> macro(tag);
            case "call" -> call(tag);
            case "filter" -> filter(tag);
            case "with" -> with(tag);
            case "generation" -> {
                generation = true;
                yield new JinjaStatement.Generation(tag.at(), separateBody(tag));
            }
            case "break", "continue" -> leave(tag);
            case "block", "extends", "include", "import", "from", "autoescape", "do", "trans" ->
                throw new JinjaFault("the tag '" + tag.text() + "' is not supported in chat templates", tag.at());
            default -> throw new JinjaFault("unknown tag '" + tag.text() + "'", tag.at());
        };
    }

    private JinjaStatement leave(JinjaToken tag) {
        if (loops == 0) {
            throw new JinjaFault("'" + tag.text() + "' outside of a loop", tag.at());
        }
        endTag();
        return tag.text().equals("break") ? new JinjaStatement.Break(tag.at()) : new JinjaStatement.Continue(tag.at());
    }

    private JinjaStatement conditional(JinjaToken tag) {
        List<JinjaStatement.Branch> branches = new ArrayList<>();
        JinjaToken current = tag;
        while (!current.text().equals("endif")) {
            JinjaExpression condition = current.text().equals("else")
                    ? new JinjaExpression.Constant(current.at(), true)
                    : expressions.plainExpressionOrTuple(Set.of());
            endTag();
            boolean last = current.text().equals("else");
            List<JinjaStatement> body =
                    statements(Optional.of(tag), last ? Set.of("endif") : Set.of("elif", "else", "endif"));
            branches.add(new JinjaStatement.Branch(condition, body));
            current = tokens.take();
        }
        endTag();
        return new JinjaStatement.If(tag.at(), branches);
    }

    private JinjaStatement loop(JinjaToken tag) {
        JinjaTarget target = target(tag.text());
        tokens.expectName("in");
        JinjaExpression items = expressions.plainExpressionOrTuple(Set.of("recursive"));
        Optional<JinjaExpression> condition =
                tokens.takeName("if") ? Optional.of(expressions.expression()) : Optional.empty();
        boolean recursive = tokens.takeName("recursive");
        endTag();
        loops++;
        List<JinjaStatement> body = statements(Optional.of(tag), Set.of("else", "endfor"));
        loops--;
        List<JinjaStatement> otherwise = List.of();
        if (tokens.take().text().equals("else")) {
            otherwise = body(tag);
        } else {
            endTag();
        }
        return new JinjaFor(tag.at(), target, items, condition, recursive, body, otherwise);
    }

    private JinjaStatement set(JinjaToken tag) {
        JinjaTarget target = target(tag.text());
        if (tokens.takeOperator("=")) {
            JinjaExpression value = expressions.expressionOrTuple();
            endTag();
            return new JinjaStatement.Set(tag.at(), target, value);
        }
        JinjaExpression filtered = expressions.filters(new JinjaExpression.Name(tag.at(), CAPTURED));
        return new JinjaStatement.Captured(tag.at(), Optional.of(target), CAPTURED, filtered, separateBody(tag));
    }

    private JinjaStatement filter(JinjaToken tag) {
        JinjaExpression first = expressions.filter(new JinjaExpression.Name(tag.at(), CAPTURED));
        JinjaExpression filtered = expressions.filters(first);
        return new JinjaStatement.Captured(tag.at(), Optional.empty(), CAPTURED, filtered, separateBody(tag));
    }

    private JinjaStatement with(JinjaToken tag) {
        Map<JinjaTarget, JinjaExpression> values = new LinkedHashMap<>();
        while (!tokens.at(Kind.BLOCK_END)) {
            if (!values.isEmpty()) {
                tokens.expectOperator(",");
            }
            JinjaTarget target = singleTarget(tag.text());
            tokens.expectOperator("=");
            values.put(target, expressions.expression());
        }
        return new JinjaStatement.With(tag.at(), values, body(tag));
    }

    private JinjaStatement macro(JinjaToken tag) {
        String name = tokens.expect(Kind.NAME, "the name of the macro").text();
        Set<String> before = expressions.collectMentions();
        Map<String, Optional<JinjaExpression>> parameters = parameters();
        List<JinjaStatement> body = separateBody(tag);
        JinjaMacro.Signature signature = new JinjaMacro.Signature(name, parameters, expressions.mentioned(before));
        return new JinjaMacro.Definition(tag.at(), signature, body);
    }

    private JinjaStatement call(JinjaToken tag) {
        Set<String> before = expressions.collectMentions();
        Map<String, Optional<JinjaExpression>> parameters = tokens.atOperator("(") ? parameters() : Map.of();
        JinjaToken start = tokens.peek();
        if (!(expressions.expression() instanceof JinjaExpression.Call call)) {
            throw new JinjaFault("'call' needs the call of a macro", start.at());
        }
        List<JinjaStatement> body = separateBody(tag);
        JinjaMacro.Signature signature = new JinjaMacro.Signature("caller", parameters, expressions.mentioned(before));
        return new JinjaMacro.CallBlock(tag.at(), call, signature, body);
    }

    private Map<String, Optional<JinjaExpression>> parameters() {
        Map<String, Optional<JinjaExpression>> parameters = new LinkedHashMap<>();
        tokens.expectOperator("(");
        while (!tokens.takeOperator(")")) {
            if (!parameters.isEmpty()) {
                tokens.expectOperator(",");
            }
            String name = tokens.expect(Kind.NAME, "the name of a parameter").text();
            parameters.put(name, tokens.takeOperator("=") ? Optional.of(expressions.expression()) : Optional.empty());
        }
        return parameters;
    }

    /** One target, or several with commas between them. */
    private JinjaTarget target(String tag) {
        List<JinjaTarget> targets = new ArrayList<>(List.of(singleTarget(tag)));
        boolean comma = false;
        while (tokens.takeOperator(",")) {
            comma = true;
            if (!tokens.at(Kind.NAME) && !tokens.atOperator("(") || tokens.atName("in")) {
                break;
            }
            targets.add(singleTarget(tag));
        }
        return comma ? new JinjaTarget.Unpack(targets) : targets.get(0);
    }

    private JinjaTarget singleTarget(String tag) {
        if (tokens.takeOperator("(")) {
            JinjaTarget inside = target(tag);
            tokens.expectOperator(")");
            return inside;
        }
        JinjaToken name = tokens.expect(Kind.NAME, "a name to assign to");
        boolean constant =
                Set.of("true", "false", "none", "True", "False", "None").contains(name.text());
        if (constant || tag.equals("for") && name.text().equals("loop")) {
            throw new JinjaFault("'" + name.text() + "' cannot be assigned to", name.at());
        } else if (tag.equals("set") && tokens.takeOperator(".")) {
            String attribute = tokens.expect(Kind.NAME, "a name after '.'").text();
            return new JinjaTarget.Member(name.text(), attribute);
        }
        return new JinjaTarget.Variable(name.text());
    }
}
