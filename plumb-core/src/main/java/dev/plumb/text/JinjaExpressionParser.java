package dev.plumb.text;

import dev.plumb.text.JinjaToken.Kind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Parses expressions. From the loosest binding to the tightest: inline if, or, and, not, comparisons, {@code + -},
 * {@code ~}, {@code * / // %}, {@code **}, and the operands of these, which are {@link JinjaOperandParser}'s.
 */
final class JinjaExpressionParser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", ">", "<=", ">=");

    private final JinjaTokens tokens;
    private final JinjaOperandParser operands;
    private Set<String> mentions = new HashSet<>();

    JinjaExpressionParser(JinjaTokens tokens) {
        this.tokens = tokens;
        this.operands = new JinjaOperandParser(tokens, this);
    }

    /** Starts to collect the names that expressions use; returns those collected so far. */
    Set<String> collectMentions() {
        Set<String> before = mentions;
        mentions = new HashSet<>();
        return before;
    }

    /** Ends a collection: returns its names and goes on with the earlier ones, to which they are added. */
    Set<String> mentioned(Set<String> before) {
        Set<String> collected = mentions;
        mentions = before;
        mentions.addAll(collected);
        return Set.copyOf(collected);
    }

    void mention(String name) {
        mentions.add(name);
    }

    /** {@code | name(arguments) | ...} after a value. */
    JinjaExpression filters(JinjaExpression of) {
        return operands.filters(of);
    }

    /** {@code name(arguments)} after a bar. */
    JinjaExpression filter(JinjaExpression of) {
        return operands.filter(of);
    }

    /** An expression; several with commas between them are a tuple. */
    JinjaExpression expressionOrTuple() {
        return tuple(true, Set.of());
    }

    /** As {@link #expressionOrTuple} where an inline if cannot stand; the names end it. */
    JinjaExpression plainExpressionOrTuple(Set<String> endNames) {
        return tuple(false, endNames);
    }

    private JinjaExpression tuple(boolean conditional, Set<String> endNames) {
        int at = tokens.peek().at();
        List<JinjaExpression> items = new ArrayList<>();
        boolean comma = false;
        while (!atTupleEnd(endNames)) {
            items.add(conditional ? expression() : or());
            if (!tokens.takeOperator(",")) {
                break;
            }
            comma = true;
        }
        if (items.isEmpty()) {
            throw new JinjaFault(
                    "expected an expression, found " + tokens.peek().shown(), at);
        }
        return comma ? new JinjaExpression.TupleOf(at, items) : items.get(0);
    }

    private boolean atTupleEnd(Set<String> endNames) {
        JinjaToken token = tokens.peek();
        return token.kind() == Kind.PRINT_END
                || token.kind() == Kind.BLOCK_END
                || token.isOperator(")")
                || token.kind() == Kind.NAME && endNames.contains(token.text());
    }

    JinjaExpression expression() {
        JinjaExpression value = or();
        while (tokens.atName("if")) {
            int at = tokens.take().at();
            JinjaExpression condition = or();
            Optional<JinjaExpression> otherwise =
                    tokens.takeName("else") ? Optional.of(expression()) : Optional.empty();
            value = new JinjaExpression.Conditional(at, value, condition, otherwise);
        }
        return value;
    }

    private JinjaExpression or() {
        JinjaExpression left = and();
        while (tokens.atName("or")) {
            left = new JinjaExpression.Or(tokens.take().at(), left, and());
        }
        return left;
    }

    private JinjaExpression and() {
        JinjaExpression left = not();
        while (tokens.atName("and")) {
            left = new JinjaExpression.And(tokens.take().at(), left, not());
        }
        return left;
    }

    private JinjaExpression not() {
        return tokens.atName("not") ? new JinjaExpression.Not(tokens.take().at(), not()) : comparison();
    }

    private JinjaExpression comparison() {
        JinjaExpression first = sum();
        int at = tokens.peek().at();
        List<String> operators = new ArrayList<>();
        List<JinjaExpression> rest = new ArrayList<>();
        while (true) {
            JinjaToken token = tokens.peek();
            if (token.kind() == Kind.OPERATOR && COMPARISONS.contains(token.text())) {
                operators.add(tokens.take().text());
            } else if (tokens.takeName("in")) {
                operators.add("in");
            } else if (token.isName("not") && tokens.peekSecond().isName("in")) {
                tokens.take();
                tokens.take();
                operators.add("not in");
            } else {
                break;
            }
            rest.add(sum());
        }
        return rest.isEmpty() ? first : new JinjaExpression.Comparison(at, first, operators, rest);
    }

    private JinjaExpression sum() {
        JinjaExpression left = concatenation();
        while (tokens.atOperator("+") || tokens.atOperator("-")) {
            JinjaToken operator = tokens.take();
            left = new JinjaExpression.Arithmetic(operator.at(), operator.text(), left, concatenation());
        }
        return left;
    }

    private JinjaExpression concatenation() {
        int at = tokens.peek().at();
        List<JinjaExpression> parts = new ArrayList<>(List.of(product()));
        while (tokens.takeOperator("~")) {
            parts.add(product());
        }
        return parts.size() == 1 ? parts.get(0) : new JinjaExpression.Concatenation(at, parts);
    }

    private JinjaExpression product() {
        JinjaExpression left = power();
        while (tokens.atOperator("*") || tokens.atOperator("/") || tokens.atOperator("//") || tokens.atOperator("%")) {
            JinjaToken operator = tokens.take();
            left = new JinjaExpression.Arithmetic(operator.at(), operator.text(), left, power());
        }
        return left;
    }

    private JinjaExpression power() {
        JinjaExpression left = operands.operand();
        while (tokens.atOperator("**")) {
            left = new JinjaExpression.Arithmetic(tokens.take().at(), "**", left, operands.operand());
        }
        return left;
    }
}
