package dev.plumb.text;

import dev.plumb.text.JinjaToken.Kind;
import java.util.List;

/** Reads tokens one after the other. */
final class JinjaTokens {
    private final List<JinjaToken> tokens;
    private int next;

    JinjaTokens(List<JinjaToken> tokens) {
        this.tokens = tokens;
    }

    JinjaToken peek() {
        return tokens.get(next);
    }

    JinjaToken peekSecond() {
        return tokens.get(Math.min(next + 1, tokens.size() - 1));
    }

    JinjaToken take() {
        JinjaToken token = tokens.get(next);
        if (token.kind() != Kind.END) {
            next++;
        }
        return token;
    }

    boolean atOperator(String operator) {
        return peek().isOperator(operator);
    }

    boolean atName(String name) {
        return peek().isName(name);
    }

    boolean at(Kind kind) {
        return peek().kind() == kind;
    }

    boolean takeOperator(String operator) {
        boolean there = atOperator(operator);
        if (there) {
            take();
        }
        return there;
    }

    boolean takeName(String name) {
        boolean there = atName(name);
        if (there) {
            take();
        }
        return there;
    }

    JinjaToken expect(Kind kind, String what) {
        if (!at(kind)) {
            throw new JinjaFault("expected " + what + ", found " + peek().shown(), peek().at());
        }
        return take();
    }

    void expectOperator(String operator) {
        if (!takeOperator(operator)) {
            throw new JinjaFault("expected '" + operator + "', found " + peek().shown(), peek().at());
        }
    }

    void expectName(String name) {
        if (!takeName(name)) {
            throw new JinjaFault("expected '" + name + "', found " + peek().shown(), peek().at());
        }
    }
}
