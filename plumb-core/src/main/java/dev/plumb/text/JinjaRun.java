package dev.plumb.text;

import java.time.LocalDateTime;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Supplier;

/** One render: what it may still spend, and the clock. */
final class JinjaRun {
    private static final int MOST_STEPS = 20_000_000;
    private static final int MOST_SIZE = 1 << 26;
    private static final int DEEPEST = 200;

    private final Supplier<LocalDateTime> clock;
    private int steps;
    private int depth;
    private OptionalInt lostGeneration = OptionalInt.empty();

    JinjaRun(Supplier<LocalDateTime> clock) {
        this.clock = clock;
    }

    /** Counts a step. */
    void step() {
        if (++steps > MOST_STEPS) {
            throw new JinjaFault("the template takes more than " + MOST_STEPS + " steps; does it loop without end?");
        }
    }

    /** A value that was computed; an error if it is too big to go on with. */
    static Object bounded(Object value) {
        if (value instanceof String text) {
            checkSize(text.length());
        } else if (value instanceof List<?> list) {
            checkSize(list.size());
        }
        return value;
    }

    /** Refuses to make a value of more characters or items than this. */
    static void checkSize(long size) {
        if (size > MOST_SIZE) {
            throw new JinjaFault("a value of " + size + " characters or items is too big for a chat template");
        }
    }

    /** Enters a macro or a level of a recursive loop. */
    void enter() {
        if (++depth > DEEPEST) {
            throw new JinjaFault("macros and recursive loops are nested more than " + DEEPEST + " deep");
        }
    }

    void leave() {
        depth--;
    }

    /** Notes a generation block inside text that became a value, so that its place in the result is not known. */
    void lostGeneration(int at) {
        lostGeneration = OptionalInt.of(at);
    }

    OptionalInt lostGeneration() {
        return lostGeneration;
    }

    LocalDateTime now() {
        return clock.get();
    }
}
