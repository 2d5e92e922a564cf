package dev.plumb.config;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The settings of a record type.
 *
 * @param type the record
 * @param fields one for each component, in their order
 * @param shorthand the key that a scalar or a list stands for
 */
record RecordShape(Class<? extends Record> type, List<Field> fields, Optional<String> shorthand) {
    /**
     * One component.
     *
     * @param key its name in snake case
     * @param inline whether its own settings stand beside it instead of under its key
     */
    record Field(RecordComponent component, String key, Kind kind, Optional<Setting> setting, boolean inline) {
        Range range() {
            return setting.map(Range::of).orElse(Range.ANY);
        }

        /** The default as YAML text; empty if none was declared. */
        Optional<String> byDefault() {
            return setting.map(Setting::byDefault).filter(text -> !text.isEmpty());
        }

        /** The settings that an inline component adds to its holder's. */
        RecordShape inlined() {
            return ((Kind.Nested) kind).shape();
        }

        Object read(Object record) {
            Method accessor = component.getAccessor();
            accessor.setAccessible(true); // a public record may be nested in a type that is not
            try {
                return accessor.invoke(record);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException("cannot read " + component, e);
            }
        }
    }

    RecordShape {
        fields = List.copyOf(fields);
    }

    /**
     * Reads a record type.
     *
     * @throws IllegalArgumentException if the type is not fit to be a configuration: a mistake of the programmer
     */
    static RecordShape of(Class<? extends Record> type) {
        return of(type, List.of());
    }

    static RecordShape of(Class<? extends Record> type, List<Class<?>> holders) {
        if (holders.contains(type)) {
            throw new IllegalArgumentException(type.getName() + " holds itself");
        }
        List<Class<?>> inside = Stream.concat(holders.stream(), Stream.of(type)).toList();
        List<Field> fields = new ArrayList<>();
        for (RecordComponent component : type.getRecordComponents()) {
            fields.add(field(component, inside));
        }
        Optional<String> shorthand =
                Optional.ofNullable(type.getAnnotation(Shorthand.class)).map(Shorthand::value);
        RecordShape shape = new RecordShape(type, fields, shorthand);
        Set<String> keys = new HashSet<>();
        for (Field field : shape.settings()) {
            if (!keys.add(field.key())) {
                throw new IllegalArgumentException(type.getName() + " has two settings '" + field.key() + "'");
            }
        }
        if (shorthand.isPresent() && !keys.contains(shorthand.get())) {
            throw new IllegalArgumentException(
                    type.getName() + " has no setting '" + shorthand.get() + "' for its shorthand");
        }
        return shape;
    }

    private static Field field(RecordComponent component, List<Class<?>> inside) {
        Optional<Setting> setting = Optional.ofNullable(component.getAnnotation(Setting.class));
        boolean inline = component.isAnnotationPresent(Inline.class);
        String place = component.getDeclaringRecord().getName() + "." + component.getName();
        Kind kind;
        try {
            kind = Kind.of(component.getGenericType(), inside);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(place + ": " + e.getMessage(), e);
        }
        if (inline && !(kind instanceof Kind.Nested)) {
            throw new IllegalArgumentException(place + " is inline but no record");
        }
        if (setting.isEmpty() && !inline) {
            throw new IllegalArgumentException(place + " has no @Setting");
        }
        Field field = new Field(component, snakeCase(component.getName()), kind, setting, inline);
        if (kind instanceof Kind.Maybe && field.byDefault().isPresent()) {
            throw new IllegalArgumentException(
                    place + " is Optional and has a default, so nothing could be written for none");
        }
        return field;
    }

    private static String snakeCase(String camelCase) {
        return camelCase.replaceAll("(?<=.)([A-Z])", "_$1").toLowerCase(Locale.ROOT);
    }

    /** All settings at this level, those of inline components included. */
    List<Field> settings() {
        return fields.stream()
                .flatMap(field -> field.inline() ? field.inlined().settings().stream() : Stream.of(field))
                .toList();
    }

    Optional<Field> setting(String key) {
        return settings().stream().filter(field -> field.key().equals(key)).findFirst();
    }

    List<String> keys() {
        return settings().stream().map(Field::key).toList();
    }

    /**
     * Makes the record.
     *
     * @param values one for each component
     * @throws IllegalArgumentException if the record's constructor refuses them
     * @throws PlumbException if the record's constructor refuses them
     */
    Object construct(List<Object> values) {
        try {
            Constructor<? extends Record> constructor =
                    type.getDeclaredConstructor(Arrays.stream(type.getRecordComponents())
                            .map(RecordComponent::getType)
                            .toArray(Class<?>[]::new));
            constructor.setAccessible(true); // a public record may be nested in a type that is not
            return constructor.newInstance(values.toArray());
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof IllegalArgumentException refused) {
                throw refused;
            }
            if (e.getCause() instanceof PlumbException refused) {
                throw refused;
            }
            throw new IllegalStateException("the constructor of " + type.getName() + " failed", e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot construct " + type.getName(), e);
        }
    }
}
