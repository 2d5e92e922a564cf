package dev.plumb.config;

import dev.plumb.config.Value.Entry;
import dev.plumb.config.Value.Mapping;
import dev.plumb.config.Value.Scalar;
import dev.plumb.config.Value.Sequence;
import java.util.List;
import java.util.Optional;

/** Lays {@code key=value} of a command line over the values of a file. */
final class Overrides {
    private static final Place HERE = Place.COMMAND_LINE;
    private static final Value NOTHING = new Scalar(HERE, "", true);

    /** One of them. */
    private record Override(String key, String text) {
        /** The first {@code depth} names of the key. */
        String upTo(int depth) {
            return String.join(".", names().subList(0, depth));
        }

        List<String> names() {
            return List.of(key.split("\\.", -1));
        }
    }

    private final Faults faults;

    Overrides(Faults faults) {
        this.faults = faults;
    }

    /**
     * Applies overrides one after the other.
     *
     * @param shape tells what the keys take, so that {@code data.on_bad_row=drop} keeps the file of {@code data: file}
     * @param tree the values of the file
     * @return the values with the overrides in their places, even where no such setting exists: binding reports it
     */
    Value apply(RecordShape shape, Value tree, List<String> overrides) {
        Value changed = tree;
        for (String text : overrides) {
            int equals = text.indexOf('=');
            String key = equals < 0 ? "" : text.substring(0, equals).strip();
            if (key.isEmpty() || List.of(key.split("\\.", -1)).contains("")) {
                faults.add(HERE, Value.quote(text) + " is not key=value");
            } else {
                Override override = new Override(key, text.substring(equals + 1).strip());
                changed = set(changed, new Kind.Nested(shape), 0, override);
            }
        }
        return changed;
    }

    /** The value at {@code depth} names into the key, changed. */
    private Value set(Value old, Kind kind, int depth, Override override) {
        if (depth == override.names().size()) {
            return replace(old, kind, override);
        }
        if (kind instanceof Kind.Many || old instanceof Sequence) {
            String list = override.upTo(depth);
            faults.add(
                    HERE,
                    "'" + override.key() + "' cannot be set: '" + list + "' is a list, give all of it as " + list
                            + "=[...]");
            return old;
        }
        Mapping mapping = opened(old, kind, depth);
        // the names of a flat map are the user's own and may have dots
        boolean free = kind instanceof Kind.Named named
                && !(named.of() instanceof Kind.Nested || named.of() instanceof Kind.Free);
        int next = free ? override.names().size() : depth + 1;
        String name = String.join(".", override.names().subList(depth, next));
        Optional<Entry> entry = mapping.entry(name);
        Value changed = set(entry.map(Entry::value).orElse(NOTHING), inside(kind, name), next, override);
        boolean last = next == override.names().size();
        return mapping.with(
                new Entry(name, last ? HERE : entry.map(Entry::place).orElse(HERE), changed, false));
    }

    /** The value that the override gives, in place of the old one. */
    private Value replace(Value old, Kind kind, Override override) {
        Optional<Value> parsed = parse(kind, override);
        if (parsed.isEmpty()) {
            return old; // the fault is on record
        }
        boolean abbreviated =
                !(parsed.get() instanceof Mapping) && !parsed.get().isNull();
        Optional<String> shorthand = shorthand(kind);
        if (abbreviated && old instanceof Mapping mapping && shorthand.isPresent()) {
            return mapping.with(new Entry(shorthand.get(), HERE, parsed.get(), true)); // what stands beside it stays
        }
        return parsed.get();
    }

    /** The mapping into which a longer key leads. */
    private static Mapping opened(Value old, Kind kind, int depth) {
        if (old instanceof Mapping mapping) {
            return mapping;
        }
        if (kind instanceof Kind.Nested nested && nested.shape().shorthand().isPresent() && !old.isNull()) {
            return Binding.expand(nested.shape(), old);
        }
        return new Mapping(depth == 0 ? old.place() : HERE, List.of());
    }

    private Optional<Value> parse(Kind kind, Override override) {
        Optional<Value> verbatim = Optional.of(new Scalar(HERE, override.text(), true));
        Faults found = new Faults();
        Optional<Value> parsed = YamlReader.snippet(HERE, override.text(), found);
        boolean quoted = parsed.isPresent() && parsed.get() instanceof Scalar scalar && !scalar.plain();
        if (isText(kind) && !quoted || parsed.isEmpty() && takesText(kind)) {
            return verbatim; // a path such as *.jsonl or a text such as "a: b" needs no second pair of quotes
        }
        faults.addAll(override.key(), found);
        return parsed;
    }

    private static boolean isText(Kind kind) {
        return kind == Kind.Scalar.TEXT || kind == Kind.Scalar.PATH;
    }

    /** Whether a plain text is a whole value of this kind. */
    private static boolean takesText(Kind kind) {
        if (kind instanceof Kind.Many many) {
            return takesText(present(many.of()));
        }
        return isText(kind)
                || shorthand(kind).filter(key -> takesText(inside(kind, key))).isPresent();
    }

    private static Optional<String> shorthand(Kind kind) {
        return kind instanceof Kind.Nested nested ? nested.shape().shorthand() : Optional.empty();
    }

    /** What a name takes; anything, if there is no such setting, which binding reports. */
    private static Kind inside(Kind kind, String name) {
        if (kind instanceof Kind.Nested nested) {
            return nested.shape()
                    .setting(name)
                    .map(field -> present(field.kind()))
                    .orElse(new Kind.Free());
        }
        return kind instanceof Kind.Named named ? present(named.of()) : new Kind.Free();
    }

    private static Kind present(Kind kind) {
        return kind instanceof Kind.Maybe maybe ? present(maybe.of()) : kind;
    }
}
