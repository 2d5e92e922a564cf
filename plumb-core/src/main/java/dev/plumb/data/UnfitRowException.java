package dev.plumb.data;

/** A row that cannot become tokens to learn from; caught where rows are encoded and turned into a result. */
final class UnfitRowException extends Exception {
    private static final long serialVersionUID = 1L;

    private final EncodingFault fault;

    UnfitRowException(EncodingFault fault, String detail) {
        super(detail, null, false, false);
        this.fault = fault;
    }

    EncodingFault fault() {
        return fault;
    }
}
