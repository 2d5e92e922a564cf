package dev.plumb.text;

import dev.plumb.text.JinjaExpression.Arguments;
import dev.plumb.text.JinjaToken.Kind;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Parses what operators stand between: a sign, then a name, constant or bracket, then attributes, items and calls, then
 * filters and tests.
 */
final class JinjaOperandParser {
    private static final Set<String> OPERATORS = Set.of("and", "or", "not", "in", "is", "if", "else");
    private static final Set<String> CONSTANTS = Set.of("true", "True", "false", "False", "none", "None");

    private final JinjaTokens tokens;
    private final JinjaExpressionParser expressions;

    JinjaOperandParser(JinjaTokens tokens, JinjaExpressionParser expressions) {
        this.tokens = tokens;
        this.expressions = expressions;
    }

    /** An operand with its sign, filters and tests. */
    JinjaExpression operand() {
        return unary(true);
    }

    private JinjaExpression unary(boolean withFilters) {
        JinjaExpression value;
        int at = tokens.peek().at();
        if (tokens.takeOperator("-")) {
            value = new JinjaExpression.Negative(at, unary(false));
        } else if (tokens.takeOperator("+")) {
            value = new JinjaExpression.Positive(at, unary(false));
        } else {
            value = primary();
        }
        value = postfix(value);
        return withFilters ? filtersAndTests(value) : value;
    }

    private JinjaExpression primary() {
        JinjaToken token = tokens.take();
        int at = token.at();
        return switch (token.kind()) {
            case NAME -> name(token);
            case STRING -> {
                StringBuilder text = new StringBuilder(token.text());
                while (tokens.at(Kind.STRING)) {
                    text.append(tokens.take().text());
                }
                yield new JinjaExpression.Constant(at, text.toString());
            }
            case INTEGER ->
                new JinjaExpression.Constant(at, integer(token.text().replace("_", "")));
            case FLOAT ->
                new JinjaExpression.Constant(at, Double.valueOf(token.text().replace("_", "")));
            case OPERATOR -> bracketed(token);
            default -> throw new JinjaFault("expected an expression, found " + token.shown(), at);
        };
    }

    private JinjaExpression name(JinjaToken token) {
        if (OPERATORS.contains(token.text())) {
            throw new JinjaFault("expected an expression, found " + token.shown(), token.at());
        } else if (!CONSTANTS.contains(token.text())) {
            expressions.mention(token.text());
            return new JinjaExpression.Name(token.at(), token.text());
        }
        Object value = token.text().equalsIgnoreCase("none")
                ? JinjaNone.NONE
                : token.text().equalsIgnoreCase("true");
        return new JinjaExpression.Constant(token.at(), value);
    }

    private static Object integer(String digits) {
        String lower = digits.toLowerCase(Locale.ROOT);
        int base = lower.startsWith("0x") ? 16 : lower.startsWith("0o") ? 8 : lower.startsWith("0b") ? 2 : 10;
        return JinjaMath.integer(new BigInteger(base == 10 ? lower : lower.substring(2), base));
    }

    private JinjaExpression bracketed(JinjaToken open) {
        switch (open.text()) {
            case "(" -> {
                if (tokens.takeOperator(")")) {
                    return new JinjaExpression.TupleOf(open.at(), List.of());
                }
                JinjaExpression inside = expressions.expressionOrTuple();
                tokens.expectOperator(")");
                return inside;
            }
            case "[" -> {
                List<JinjaExpression> items = new ArrayList<>();
                while (more("]", items.isEmpty())) {
                    items.add(expressions.expression());
                }
                return new JinjaExpression.ListOf(open.at(), items);
            }
            case "{" -> {
                List<JinjaExpression> keys = new ArrayList<>();
                List<JinjaExpression> values = new ArrayList<>();
                while (more("}", keys.isEmpty())) {
                    keys.add(expressions.expression());
                    tokens.expectOperator(":");
                    values.add(expressions.expression());
                }
                return new JinjaExpression.DictOf(open.at(), keys, values);
            }
            default -> throw new JinjaFault("expected an expression, found " + open.shown(), open.at());
        }
    }

    /** Whether another item follows; takes the comma before it, or the closing bracket. */
    private boolean more(String close, boolean first) {
        if (tokens.takeOperator(close)) {
            return false;
        } else if (first) {
            return true;
        }
        tokens.expectOperator(",");
        return !tokens.takeOperator(close);
    }

    private JinjaExpression postfix(JinjaExpression of) {
        JinjaExpression value = of;
        while (true) {
            int at = tokens.peek().at();
            if (tokens.takeOperator(".")) {
                value = member(at, value);
            } else if (tokens.takeOperator("[")) {
                value = item(at, value);
            } else if (tokens.atOperator("(")) {
                value = new JinjaExpression.Call(at, value, arguments());
            } else {
                return value;
            }
        }
    }

    private JinjaExpression member(int at, JinjaExpression of) {
        if (tokens.at(Kind.INTEGER)) {
            Object index = integer(tokens.take().text().replace("_", ""));
            return new JinjaExpression.Item(at, of, new JinjaExpression.Constant(at, index));
        }
        String name = tokens.expect(Kind.NAME, "a name after '.'").text();
        return new JinjaExpression.Attribute(at, of, name);
    }

    private JinjaExpression item(int at, JinjaExpression of) {
        Optional<JinjaExpression> start = sliceBound();
        if (tokens.takeOperator(":")) {
            Optional<JinjaExpression> stop = sliceBound();
            Optional<JinjaExpression> step = tokens.takeOperator(":") ? sliceBound() : Optional.empty();
            tokens.expectOperator("]");
            return new JinjaExpression.Slice(at, of, start, stop, step);
        }
        tokens.expectOperator("]");
        JinjaExpression index = start.orElseThrow(() -> new JinjaFault("expected an index between '[' and ']'", at));
        return new JinjaExpression.Item(at, of, index);
    }

    private Optional<JinjaExpression> sliceBound() {
        return tokens.atOperator(":") || tokens.atOperator("]")
                ? Optional.empty()
                : Optional.of(expressions.expression());
    }

    private JinjaExpression filtersAndTests(JinjaExpression of) {
        JinjaExpression value = of;
        while (true) {
            if (tokens.atOperator("|")) {
                value = filters(value);
            } else if (tokens.atName("is")) {
                value = test(value);
            } else if (tokens.atOperator("(")) {
                value = new JinjaExpression.Call(tokens.peek().at(), value, arguments());
            } else {
                return value;
            }
        }
    }

    /** {@code | name(arguments) | ...} */
    JinjaExpression filters(JinjaExpression of) {
        JinjaExpression value = of;
        while (tokens.takeOperator("|")) {
            value = filter(value);
        }
        return value;
    }

    /** {@code name(arguments)} after a bar. */
    JinjaExpression filter(JinjaExpression of) {
        JinjaToken name = tokens.expect(Kind.NAME, "the name of a filter");
        if (!JinjaFilters.has(name.text())) {
            throw new JinjaFault("unknown filter '" + name.text() + "'", name.at());
        }
        Arguments arguments = tokens.atOperator("(") ? arguments() : Arguments.NONE;
        return new JinjaExpression.Filter(name.at(), of, name.text(), arguments);
    }

    private JinjaExpression test(JinjaExpression of) {
        tokens.take();
        boolean negated = tokens.takeName("not");
        JinjaToken name = tokens.expect(Kind.NAME, "the name of a test");
        if (!JinjaTests.has(name.text())) {
            throw new JinjaFault("unknown test '" + name.text() + "'", name.at());
        }
        Arguments arguments = Arguments.NONE;
        if (tokens.atOperator("(")) {
            arguments = arguments();
        } else if (tokens.atName("is")) {
            throw new JinjaFault(
                    "a test cannot follow a test; put parentheses around the first one",
                    tokens.peek().at());
        } else if (atTestArgument()) {
            arguments = Arguments.of(postfix(primary()));
        }
        JinjaExpression test = new JinjaExpression.Test(name.at(), of, name.text(), arguments);
        return negated ? new JinjaExpression.Not(name.at(), test) : test;
    }

    private boolean atTestArgument() {
        JinjaToken token = tokens.peek();
        return switch (token.kind()) {
            case STRING, INTEGER, FLOAT -> true;
            case OPERATOR -> token.text().equals("[") || token.text().equals("{");
            case NAME -> !OPERATORS.contains(token.text()) && !token.text().equals("recursive");
            default -> false;
        };
    }

    Arguments arguments() {
        tokens.expectOperator("(");
        List<JinjaExpression> positional = new ArrayList<>();
        Map<String, JinjaExpression> named = new LinkedHashMap<>();
        Optional<JinjaExpression> star = Optional.empty();
        Optional<JinjaExpression> stars = Optional.empty();
        boolean first = true;
        while (more(")", first)) {
            first = false;
            JinjaToken token = tokens.peek();
            if (tokens.takeOperator("*")) {
                star = Optional.of(expressions.expression());
            } else if (tokens.takeOperator("**")) {
                stars = Optional.of(expressions.expression());
            } else if (token.kind() == Kind.NAME && tokens.peekSecond().isOperator("=")) {
                tokens.take();
                tokens.take();
                named.put(token.text(), expressions.expression());
            } else if (named.isEmpty() && star.isEmpty() && stars.isEmpty()) {
                positional.add(expressions.expression());
            } else {
                throw new JinjaFault("an argument without a name cannot follow one with a name", token.at());
            }
        }
        return new Arguments(positional, named, star, stars);
    }
}
