package dev.plumb.config;

/** A fault that its user can mend. The message is one or more whole sentences that name the place and the remedy. */
public final class PlumbException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * A fault.
     *
     * @param message what is wrong, where, and what to do
     */
    public PlumbException(String message) {
        super(message);
    }

    /**
     * A fault with its cause.
     *
     * @param message what is wrong, where, and what to do
     * @param cause what the fault was noticed by
     */
    public PlumbException(String message, Throwable cause) {
        super(message, cause);
    }
}
