package dev.plumb.config;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What a setting takes, read from the type of its record component. */
sealed interface Kind {
    /** The kind in words, as in "takes …". */
    String words();

    /** A single value. */
    enum Scalar implements Kind {
        INT("a whole number", int.class, Integer.class),
        LONG("a whole number", long.class, Long.class),
        DOUBLE("a number", double.class, Double.class),
        BOOLEAN("true or false", boolean.class, Boolean.class),
        TEXT("text", String.class),
        PATH("a path", Path.class);

        private final String words;
        private final Set<Class<?>> types;

        Scalar(String words, Class<?>... types) {
            this.words = words;
            this.types = Set.of(types);
        }

        @Override
        public String words() {
            return words;
        }
    }

    /** One of the constants of an enum, written in lower case. */
    record Choice(List<Enum<?>> constants) implements Kind {
        public Choice {
            constants = List.copyOf(constants);
        }

        static String name(Enum<?> constant) {
            return constant.name().toLowerCase(Locale.ROOT);
        }

        List<String> names() {
            return constants.stream().map(Choice::name).toList();
        }

        @Override
        public String words() {
            return "one of " + String.join(", ", names());
        }
    }

    /** Whatever YAML can say but null: text, true or false, a number, a list or a mapping of these. */
    record Free() implements Kind {
        @Override
        public String words() {
            return "any value";
        }
    }

    /** A value or none. */
    record Maybe(Kind of) implements Kind {
        @Override
        public String words() {
            return of.words();
        }
    }

    /** A list. */
    record Many(Kind of) implements Kind {
        @Override
        public String words() {
            return "a list, each " + of.words();
        }
    }

    /** A mapping with free names. */
    record Named(Kind of) implements Kind {
        @Override
        public String words() {
            return "a mapping of names, each to " + of.words();
        }
    }

    /** A record with settings of its own. */
    record Nested(RecordShape shape) implements Kind {
        @Override
        public String words() {
            return "settings"
                    + shape.shorthand()
                            .map(key -> ", or its '" + key + "' alone")
                            .orElse("");
        }
    }

    /**
     * The kind of a Java type.
     *
     * @param type the generic type of a record component
     * @param holders the records around it, to notice one that holds itself
     * @throws IllegalArgumentException if settings of this type are not supported
     */
    static Kind of(Type type, List<Class<?>> holders) {
        if (type instanceof ParameterizedType generic) {
            Type[] arguments = generic.getActualTypeArguments();
            if (generic.getRawType() == Optional.class) {
                return new Maybe(of(arguments[0], holders));
            }
            if (generic.getRawType() == List.class) {
                return new Many(of(arguments[0], holders));
            }
            if (generic.getRawType() == Map.class && arguments[0] == String.class) {
                return new Named(of(arguments[1], holders));
            }
        }
        if (type instanceof Class<?> plain) {
            for (Scalar scalar : Scalar.values()) {
                if (scalar.types.contains(plain)) {
                    return scalar;
                }
            }
            if (plain == Object.class) {
                return new Free();
            }
            if (plain.isEnum()) {
                return new Choice(Arrays.stream(plain.getEnumConstants())
                        .<Enum<?>>map(constant -> (Enum<?>) constant)
                        .toList());
            }
            if (plain.isRecord()) {
                return new Nested(RecordShape.of(plain.asSubclass(Record.class), holders));
            }
        }
        throw new IllegalArgumentException("a setting cannot have the type " + type.getTypeName());
    }
}
