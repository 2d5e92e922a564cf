package dev.plumb.train;

import java.io.Console;
import java.nio.charset.Charset;
import java.util.Map;

/**
 * What the text output can show.
 *
 * @param live whether a person watches it, so that a line may be redrawn
 * @param columns its width in characters
 * @param colour whether to colour it
 * @param unicode whether it shows more than ASCII
 */
public record Terminal(boolean live, int columns, boolean colour, boolean unicode) {
    private static final int USUAL_COLUMNS = 80;

    /**
     * Finds out about the terminal of this process. Heeds {@code COLUMNS}, {@code NO_COLOR} and {@code TERM=dumb}.
     *
     * @return the terminal, or the pipe or file in its place
     */
    public static Terminal detect() {
        String charset = System.getProperty("stdout.encoding", System.getProperty("native.encoding", ""));
        return of(isTerminal(System.console()), System.getenv(), charset);
    }

    static Terminal of(boolean console, Map<String, String> environment, String charset) {
        boolean live = console && !"dumb".equals(environment.get("TERM"));
        boolean colour = live && environment.getOrDefault("NO_COLOR", "").isEmpty();
        return new Terminal(live, columns(environment.getOrDefault("COLUMNS", "")), colour, isUnicode(charset));
    }

    private static int columns(String given) {
        return given.matches("\\d{1,4}") ? Math.max(20, Integer.parseInt(given)) : USUAL_COLUMNS;
    }

    private static boolean isUnicode(String charset) {
        return Charset.isSupported(charset.isEmpty() ? "US-ASCII" : charset)
                && charset.toUpperCase(java.util.Locale.ROOT).startsWith("UTF");
    }

    /** From JDK 22 on there may be a console although the output is a pipe; only then it has a method that tells. */
    private static boolean isTerminal(@org.jspecify.annotations.Nullable Console console) {
        if (console == null) {
            return false;
        }
        try {
            return (boolean) Console.class.getMethod("isTerminal").invoke(console);
        } catch (ReflectiveOperationException e) {
            return true;
        }
    }
}
