package dev.plumb.text;

/** What is wrong in a template or in a render of it. The innermost construct that noticed it gives the position. */
final class JinjaFault extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final int UNKNOWN = -1;

    private final int offset;

    JinjaFault(String message) {
        this(message, UNKNOWN);
    }

    JinjaFault(String message, int offset) {
        super(message, null, false, false);
        this.offset = offset;
    }

    /** This fault with a position, unless it has one already. */
    JinjaFault at(int position) {
        return offset == UNKNOWN ? new JinjaFault(text(), position) : this;
    }

    /** Where in the normalised source; the start if nothing knows. */
    int offset() {
        return Math.max(offset, 0);
    }

    String text() {
        return String.valueOf(getMessage());
    }
}
