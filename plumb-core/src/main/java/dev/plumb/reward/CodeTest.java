package dev.plumb.reward;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One test of a program.
 *
 * @param kind what is done
 * @param input the program's input, or the statement, or the function's arguments
 * @param expected the output, or the function's value, where none is null; not used by a statement
 * @param visible whether the model was shown it, so that it does not score
 */
record CodeTest(Kind kind, Object input, Optional<Object> expected, boolean visible) {
    /** What a test does. */
    enum Kind {
        /** Runs the program on an input and compares its output. */
        STDIN,
        /** Runs a statement such as {@code assert f(2) == 4} behind the program. */
        ASSERT,
        /** Calls a function and compares its value. */
        FUNCTION
    }

    /**
     * The tests of a row.
     *
     * @param column a list of {@code {kind, input, expected, visible}}, or of texts, which are statements
     * @return the tests; empty if the column is none
     */
    static Optional<List<CodeTest>> of(Object column) {
        if (!(column instanceof List<?> list) || list.isEmpty()) {
            return Optional.empty();
        }
        List<CodeTest> tests = new ArrayList<>();
        for (Object item : list) {
            if (item instanceof String statement) {
                tests.add(new CodeTest(Kind.ASSERT, statement, Optional.empty(), false));
            } else if (item instanceof Map<?, ?> map && map.get("input") != null) {
                Optional<Kind> kind = kind(map.get("kind"));
                Optional<Object> expected = Optional.ofNullable(map.get("expected"));
                if (kind.isEmpty() || expected.isEmpty() && kind.get() == Kind.STDIN) {
                    return Optional.empty();
                }
                tests.add(
                        new CodeTest(kind.get(), map.get("input"), expected, Boolean.TRUE.equals(map.get("visible"))));
            } else {
                return Optional.empty();
            }
        }
        return Optional.of(tests);
    }

    private static Optional<Kind> kind(@Nullable Object name) {
        for (Kind kind : Kind.values()) {
            if (kind.name().toLowerCase(Locale.ROOT).equals(name)) {
                return Optional.of(kind);
            }
        }
        return Optional.empty();
    }
}
