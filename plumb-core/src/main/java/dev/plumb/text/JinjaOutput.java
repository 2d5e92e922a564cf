package dev.plumb.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Where a render writes. Only the outermost output knows positions in the final text. */
final class JinjaOutput {
    private final StringBuilder text = new StringBuilder();
    private final Optional<List<ChatTemplate.Span>> generated;

    private JinjaOutput(Optional<List<ChatTemplate.Span>> generated) {
        this.generated = generated;
    }

    static JinjaOutput outermost() {
        return new JinjaOutput(Optional.of(new ArrayList<>()));
    }

    /** For a macro or a block whose text becomes a value. */
    static JinjaOutput captured() {
        return new JinjaOutput(Optional.empty());
    }

    void write(String piece) {
        JinjaRun.checkSize((long) text.length() + piece.length());
        text.append(piece);
    }

    int position() {
        return text.length();
    }

    String text() {
        return text.toString();
    }

    /** The spans of generation blocks; empty for captured text. */
    Optional<List<ChatTemplate.Span>> generated() {
        return generated;
    }
}
