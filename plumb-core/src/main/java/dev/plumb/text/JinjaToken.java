package dev.plumb.text;

/**
 * A piece of template source.
 *
 * @param kind what it is
 * @param text literal text, a name, the decoded string, the digits of a number, or the operator
 * @param at where it starts in the normalised source
 */
record JinjaToken(Kind kind, String text, int at) {
    enum Kind {
        TEXT,
        PRINT_BEGIN,
        PRINT_END,
        BLOCK_BEGIN,
        BLOCK_END,
        NAME,
        STRING,
        INTEGER,
        FLOAT,
        OPERATOR,
        END
    }

    boolean isName(String name) {
        return kind == Kind.NAME && text.equals(name);
    }

    boolean isOperator(String operator) {
        return kind == Kind.OPERATOR && text.equals(operator);
    }

    /** The token in an error message. */
    String shown() {
        return switch (kind) {
            case TEXT -> "text";
            case PRINT_BEGIN -> "'{{'";
            case PRINT_END -> "'}}'";
            case BLOCK_BEGIN -> "'{%'";
            case BLOCK_END -> "'%}'";
            case STRING -> "the string '" + text + "'";
            case END -> "the end of the template";
            default -> "'" + text + "'";
        };
    }
}
