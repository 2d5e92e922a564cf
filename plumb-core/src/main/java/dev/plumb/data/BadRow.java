package dev.plumb.data;

/** Says, from the depth of a row, that it cannot be used. Never leaves the package: readers turn it into a result. */
final class BadRow extends Exception {
    private static final long serialVersionUID = 1L;

    private final BadRowReason reason;

    BadRow(BadRowReason reason, String detail) {
        super(detail, null, false, false);
        this.reason = reason;
    }

    RowResult.Bad at(RowId id) {
        return new RowResult.Bad(id, reason, String.valueOf(getMessage()));
    }
}
