package dev.plumb.config;

import dev.plumb.config.Value.Entry;
import dev.plumb.config.Value.Mapping;
import dev.plumb.config.Value.Scalar;
import dev.plumb.config.Value.Sequence;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** Makes records of values. What cannot be bound is empty and has left a fault; the rest is bound on, to find more. */
final class Binding {
    private final Faults faults;
    private final Suggestions suggestions;

    Binding(RecordShape root, Faults faults) {
        this.faults = faults;
        this.suggestions = new Suggestions(root);
    }

    /**
     * Binds a record.
     *
     * @param path the keys that lead to it, with dots; empty for the whole configuration
     */
    Optional<Object> record(RecordShape shape, Value value, String path) {
        Mapping mapping;
        if (value instanceof Mapping given) {
            mapping = given;
        } else if (value.isNull()) {
            mapping = new Mapping(value.place(), List.of());
        } else if (shape.shorthand().isPresent()) {
            mapping = expand(shape, value);
        } else {
            faults.add(
                    value.place(), about(path) + "expected settings, as in 'key: value', but found " + value.words());
            return Optional.empty();
        }
        for (Entry entry : mapping.entries()) {
            if (shape.setting(entry.key()).isEmpty()) {
                faults.add(
                        entry.place(),
                        "unknown key " + Value.quote(join(path, entry.key()))
                                + suggestions.clause(path, entry.key(), shape));
            }
        }
        return construct(shape, mapping, path);
    }

    /** The mapping that a scalar or a list stands for. */
    static Mapping expand(RecordShape shape, Value value) {
        String key = shape.shorthand().orElseThrow();
        return new Mapping(value.place(), List.of(new Entry(key, value.place(), value, true)));
    }

    private Optional<Object> construct(RecordShape shape, Mapping mapping, String path) {
        List<Object> values = new ArrayList<>();
        for (RecordShape.Field field : shape.fields()) {
            Optional<Object> value =
                    field.inline() ? construct(field.inlined(), mapping, path) : setting(field, mapping, path);
            value.ifPresent(values::add);
        }
        if (values.size() < shape.fields().size()) {
            return Optional.empty();
        }
        try {
            return Optional.of(shape.construct(values));
        } catch (IllegalArgumentException | PlumbException e) {
            faults.add(
                    mapping.place(),
                    about(path) + Objects.requireNonNullElse(e.getMessage(), "these values are refused"));
            return Optional.empty();
        }
    }

    private Optional<Object> setting(RecordShape.Field field, Mapping mapping, String path) {
        String full = join(path, field.key());
        Optional<Entry> entry = mapping.entry(field.key());
        if (entry.isPresent() && !entry.get().value().isNull()) {
            String shown = entry.get().implied() ? path : full; // name what the user wrote
            return bind(field.kind(), field.range(), entry.get().value(), shown);
        }
        Place place = entry.map(given -> given.value().place()).orElse(mapping.place());
        return byDefault(field, place, full);
    }

    /** The value of a setting that was not given. */
    Optional<Object> byDefault(RecordShape.Field field, Place place, String path) {
        if (field.byDefault().isPresent()) {
            Place declared = new Place("the default of '" + path + "'", 0, 0);
            return YamlReader.snippet(declared, field.byDefault().get(), faults)
                    .flatMap(value -> bind(field.kind(), field.range(), value, path));
        }
        if (field.kind() instanceof Kind.Maybe) {
            return Optional.of(Optional.empty());
        }
        if (field.kind() instanceof Kind.Many) {
            return Optional.of(List.of());
        }
        if (field.kind() instanceof Kind.Named) {
            return Optional.of(Map.of());
        }
        if (field.kind() instanceof Kind.Nested nested) {
            return record(nested.shape(), new Mapping(place, List.of()), path);
        }
        String doc = field.setting()
                .map(setting -> ": " + setting.doc().split("(?<=[.!?])\\s", 2)[0]) // its first sentence
                .orElse("");
        faults.add(place, "missing required key '" + path + "'" + doc);
        return Optional.empty();
    }

    private Optional<Object> bind(Kind kind, Range range, Value value, String path) {
        if (kind instanceof Kind.Maybe maybe) {
            return bind(maybe.of(), range, value, path).map(Optional::of);
        }
        if (kind instanceof Kind.Many many) {
            return list(many, range, value, path);
        }
        if (kind instanceof Kind.Named named) {
            return map(named, range, value, path);
        }
        if (kind instanceof Kind.Nested nested) {
            return record(nested.shape(), value, path);
        }
        if (kind instanceof Kind.Free && value instanceof Sequence) {
            return list(new Kind.Many(kind), range, value, path);
        }
        if (kind instanceof Kind.Free && value instanceof Mapping) {
            return map(new Kind.Named(kind), range, value, path);
        }
        if (!(value instanceof Scalar scalar) || scalar.isNull()) {
            faults.add(value.place(), about(path) + "expected " + kind.words() + ", but found " + value.words());
            return Optional.empty();
        }
        if (kind instanceof Kind.Choice choice) {
            return choice(choice, scalar, path);
        }
        try {
            Object parsed =
                    kind instanceof Kind.Scalar typed ? Scalars.parse(typed, scalar.text()) : Scalars.guess(scalar);
            if (parsed instanceof Number number && !range.allows(number.doubleValue())) {
                throw new IllegalArgumentException(Value.quote(scalar.text()) + " is out of range, allowed is "
                        + range.words().orElseThrow());
            }
            return Optional.of(parsed);
        } catch (IllegalArgumentException e) {
            faults.add(value.place(), about(path) + e.getMessage());
            return Optional.empty();
        }
    }

    private Optional<Object> choice(Kind.Choice choice, Scalar value, String path) {
        for (Enum<?> constant : choice.constants()) {
            if (Kind.Choice.name(constant).equals(value.text())) {
                return Optional.of(constant);
            }
        }
        String hint = Suggestions.nearest(value.text(), choice.names())
                .map(name -> ", did you mean '" + name + "'?")
                .orElse("");
        faults.add(value.place(), about(path) + value.words() + " is not " + choice.words() + hint);
        return Optional.empty();
    }

    private Optional<Object> list(Kind.Many many, Range range, Value value, String path) {
        if (!(value instanceof Sequence sequence)) {
            return bind(many.of(), range, value, path).map(List::of);
        }
        List<Object> items = new ArrayList<>();
        for (int i = 0; i < sequence.items().size(); i++) {
            item(many.of(), range, sequence.items().get(i), path + "[" + i + "]")
                    .ifPresent(items::add);
        }
        return items.size() < sequence.items().size() ? Optional.empty() : Optional.of(List.copyOf(items));
    }

    private Optional<Object> map(Kind.Named named, Range range, Value value, String path) {
        if (!(value instanceof Mapping mapping)) {
            faults.add(value.place(), about(path) + "expected " + named.words() + ", but found " + value.words());
            return Optional.empty();
        }
        Map<String, Object> entries = new LinkedHashMap<>();
        for (Entry entry : mapping.entries()) {
            item(named.of(), range, entry.value(), join(path, entry.key()))
                    .ifPresent(item -> entries.put(entry.key(), item));
        }
        return entries.size() < mapping.entries().size()
                ? Optional.empty()
                : Optional.of(Collections.unmodifiableMap(entries)); // Map.copyOf would lose the order
    }

    private Optional<Object> item(Kind kind, Range range, Value value, String path) {
        if (value.isNull()) {
            faults.add(value.place(), about(path) + "expected " + kind.words() + ", but found nothing");
            return Optional.empty();
        }
        return bind(kind, range, value, path);
    }

    private static String about(String path) {
        return path.isEmpty() ? "" : path + ": ";
    }

    private static String join(String path, String key) {
        return path.isEmpty() ? key : path + "." + key;
    }
}
