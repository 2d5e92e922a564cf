package dev.plumb.reward;

import java.util.concurrent.CancellationException;

/** A text that a regular expression cannot read for ever: once its thread is interrupted, reading throws. */
record InterruptibleText(CharSequence text) implements CharSequence {
    @Override
    public int length() {
        return text.length();
    }

    @Override
    public char charAt(int index) {
        if (Thread.currentThread().isInterrupted()) {
            throw new CancellationException("the pattern took too long");
        }
        return text.charAt(index);
    }

    @Override
    public CharSequence subSequence(int start, int end) {
        return new InterruptibleText(text.subSequence(start, end));
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
