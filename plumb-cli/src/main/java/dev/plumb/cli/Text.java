package dev.plumb.cli;

import dev.plumb.train.Terminal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Text for people. */
final class Text {
    private static final int WIDEST = 100;

    private Text() {}

    /** How wide to write: the terminal, but no wider than reads well. */
    static int columns() {
        return Math.max(55, Math.min(WIDEST, Terminal.detect().columns()));
    }

    /** Breaks text between words and indents every line. */
    static String wrapped(String text, int indent, int columns) {
        String margin = " ".repeat(indent);
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        for (String word : text.strip().split("\\s+")) {
            if (line.length() > 0 && indent + line.length() + 1 + word.length() > columns) {
                lines.add(margin + line);
                line.setLength(0);
            }
            line.append(line.length() == 0 ? "" : " ").append(word);
        }
        lines.add(margin + line);
        return String.join("\n", lines);
    }

    /** A path as a word of a command line. */
    static String word(Path path) {
        String text = path.toString();
        return text.matches("[\\w./~:+@%=-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
    }

    /** The way this program was called, for commands that a person may copy. */
    static String program() {
        return System.getProperty("plumb.program", "plumb");
    }
}
