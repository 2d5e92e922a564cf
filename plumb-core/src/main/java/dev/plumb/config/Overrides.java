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
                changed = set(changed, Optional.of(new Kind.Nested(shape)), 0, override);
            }
        }
        return changed;
    }

    /** The value at {@code depth} names into the key, changed. */
    private Value set(Value old, Optional<Kind> declared, int depth, Override override) {
        Optional<Kind> kind = declared.map(Overrides::present);
        List<String> names = override.names();
        if (depth == names.size()) {
            Optional<Value> parsed = parse(kind, override);
            if (parsed.isEmpty()) {
                return old; // the fault is on record
            }
            boolean abbreviated =
                    !(parsed.get() instanceof Mapping) && !parsed.get().isNull();
            if (abbreviated
                    && old instanceof Mapping mapping
                    && kind.flatMap(Overrides::shorthand).isPresent()) {
                String key = kind.flatMap(Overrides::shorthand).get();
                return mapping.with(new Entry(key, HERE, parsed.get(), true)); // what stands beside it stays
            }
            return parsed.get();
        }
        if (kind.isPresent() && kind.get() instanceof Kind.Many || old instanceof Sequence) {
            faults.add(
                    HERE,
                    "'" + override.key() + "' cannot be set: '" + override.upTo(depth)
                            + "' is a list, give all of it as " + override.upTo(depth) + "=[...]");
            return old;
        }
        Mapping mapping;
        if (old instanceof Mapping given) {
            mapping = given;
        } else if (kind.isPresent()
                && kind.get() instanceof Kind.Nested nested
                && shorthand(nested).isPresent()
                && !old.isNull()) {
            mapping = Binding.expand(nested.shape(), old);
        } else {
            mapping = new Mapping(depth == 0 ? old.place() : HERE, List.of());
        }
        boolean free = kind.isPresent()
                && kind.get() instanceof Kind.Named named
                && (named.of() instanceof Kind.Scalar || named.of() instanceof Kind.Choice);
        int next = free ? names.size() : depth + 1; // a free name may itself have dots
        String name = String.join(".", names.subList(depth, next));
        Optional<Entry> entry = mapping.entry(name);
        Value inner = set(
                entry.map(Entry::value).orElse(new Scalar(HERE, "", true)),
                kind.flatMap(outer -> inside(outer, name)),
                next,
                override);
        Place place = next == names.size() ? HERE : entry.map(Entry::place).orElse(HERE);
        return mapping.with(new Entry(name, place, inner, false));
    }

    private Optional<Value> parse(Optional<Kind> kind, Override override) {
        String text = override.text();
        Optional<Value> verbatim = Optional.of(new Scalar(HERE, text, true));
        Faults found = new Faults();
        Optional<Value> parsed = YamlReader.snippet(HERE, text, found);
        boolean quoted = parsed.isPresent() && parsed.get() instanceof Scalar scalar && !scalar.plain();
        if (kind.isPresent() && isText(kind.get()) && !quoted) {
            return verbatim; // a path such as *.jsonl or a text such as "a: b" needs no second pair of quotes
        }
        if (parsed.isEmpty() && kind.isPresent() && takesText(kind.get())) {
            return verbatim;
        }
        if (parsed.isEmpty()) {
            YamlReader.snippet(new Place(HERE.source() + ": " + override.key(), 0, 0), text, faults);
        }
        return parsed;
    }

    private static boolean isText(Kind kind) {
        return kind == Kind.Scalar.TEXT || kind == Kind.Scalar.PATH;
    }

    /** Whether a plain text is a whole value of this kind. */
    private static boolean takesText(Kind declared) {
        Kind kind = present(declared);
        if (kind instanceof Kind.Many many) {
            return takesText(many.of());
        }
        return isText(kind)
                || shorthand(kind)
                        .flatMap(key -> inside(kind, key))
                        .filter(Overrides::takesText)
                        .isPresent();
    }

    private static Kind present(Kind kind) {
        return kind instanceof Kind.Maybe maybe ? present(maybe.of()) : kind;
    }

    private static Optional<String> shorthand(Kind kind) {
        return kind instanceof Kind.Nested nested ? nested.shape().shorthand() : Optional.empty();
    }

    private static Optional<Kind> inside(Kind kind, String name) {
        if (kind instanceof Kind.Nested nested) {
            return nested.shape().setting(name).map(RecordShape.Field::kind);
        }
        return kind instanceof Kind.Named named ? Optional.of(named.of()) : Optional.empty();
    }
}
