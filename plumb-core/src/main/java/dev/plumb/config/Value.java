package dev.plumb.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A value as it was written, with its place, before a type is known for it. */
sealed interface Value {
    /**
     * Where the value begins.
     *
     * @return file, line and column, or the command line
     */
    Place place();

    /**
     * How a fault calls the value.
     *
     * @return a noun phrase
     */
    String words();

    /** A text in quotes, short and on one line, as a fault shows it. */
    static String quote(String text) {
        String line = text.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r");
        return "'" + (line.length() > 80 ? line.substring(0, 77) + "..." : line) + "'";
    }

    /** Whether the value says that the default is meant. */
    default boolean isNull() {
        return false;
    }

    /**
     * A single value; which type it has is decided by the setting that takes it, not by its looks.
     *
     * @param plain whether it stands without quotes
     */
    record Scalar(Place place, String text, boolean plain) implements Value {
        private static final Set<String> NULLS = Set.of("", "~", "null", "Null", "NULL"); // YAML 1.2, section 10.3.2

        @Override
        public boolean isNull() {
            return plain && NULLS.contains(text);
        }

        @Override
        public String words() {
            return isNull() ? "nothing" : quote(text);
        }
    }

    /** A list. */
    record Sequence(Place place, List<Value> items) implements Value {
        public Sequence {
            items = List.copyOf(items);
        }

        @Override
        public String words() {
            return "a list";
        }
    }

    /** Keys with values, in the order of the file, each key once. */
    record Mapping(Place place, List<Entry> entries) implements Value {
        public Mapping {
            entries = List.copyOf(entries);
        }

        Optional<Entry> entry(String key) {
            return entries.stream().filter(entry -> entry.key().equals(key)).findFirst();
        }

        /** The same mapping with one entry replaced where it stands, or added at the end. */
        Mapping with(Entry replacement) {
            List<Entry> changed = new ArrayList<>(entries);
            changed.replaceAll(entry -> entry.key().equals(replacement.key()) ? replacement : entry);
            if (entry(replacement.key()).isEmpty()) {
                changed.add(replacement);
            }
            return new Mapping(place, changed);
        }

        @Override
        public String words() {
            return "a mapping";
        }
    }

    /**
     * A key with its value.
     *
     * @param place where the key begins
     * @param implied whether the key was left out, by {@link Shorthand}
     */
    record Entry(String key, Place place, Value value, boolean implied) {}
}
