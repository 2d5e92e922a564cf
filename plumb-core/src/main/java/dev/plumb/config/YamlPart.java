package dev.plumb.config;

import dev.plumb.config.Value.Entry;
import dev.plumb.config.Value.Mapping;
import dev.plumb.config.Value.Scalar;
import dev.plumb.config.Value.Sequence;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * A part of a YAML file that holds several configurations: it is bound by itself, over settings that it shares with others,
 * and its faults are gathered with theirs, so that all of the file are reported at once.
 */
public final class YamlPart {
    private final Value value;
    private final Faults faults;

    private YamlPart(Value value, Faults faults) {
        this.value = value;
        this.faults = faults;
    }

    /**
     * Reads a whole file.
     *
     * @param source its text; overrides are left to {@link #over}
     * @return all of it
     * @throws PlumbException if it is not YAML
     */
    public static YamlPart read(YamlSource source) {
        Faults faults = new Faults();
        Value tree = Binder.read(source, faults);
        return new YamlPart(tree, faults);
    }

    private YamlPart with(Value other) {
        return new YamlPart(other, faults);
    }

    /**
     * The keys of a mapping.
     *
     * @return in the order of the file; none if this is no mapping
     */
    public List<String> keys() {
        return value instanceof Mapping mapping
                ? mapping.entries().stream().map(Entry::key).toList()
                : List.of();
    }

    /**
     * What stands under a key.
     *
     * @param key one name
     * @return its value; empty if there is no such key, or nothing behind it
     */
    public Optional<YamlPart> at(String key) {
        return Optional.of(value)
                .filter(Mapping.class::isInstance)
                .flatMap(mapping -> ((Mapping) mapping).entry(key))
                .filter(entry -> !entry.value().isNull())
                .map(entry -> with(entry.value()));
    }

    /**
     * The parts of a list.
     *
     * @return in their order; none if this is no list
     */
    public List<YamlPart> items() {
        return value instanceof Sequence list
                ? list.items().stream().map(this::with).toList()
                : List.of();
    }

    /**
     * The text of a single value.
     *
     * @return the text; empty if this is a list or a mapping
     */
    public Optional<String> text() {
        return value instanceof Scalar scalar ? Optional.of(scalar.text()) : Optional.empty();
    }

    /**
     * A mapping less some of its keys.
     *
     * @param keys those to leave out
     * @return the rest, at the same place
     */
    public YamlPart without(String... keys) {
        Collection<String> out = List.of(keys);
        return value instanceof Mapping mapping
                ? with(new Mapping(
                        mapping.place(),
                        mapping.entries().stream()
                                .filter(entry -> !out.contains(entry.key()))
                                .toList()))
                : this;
    }

    /**
     * Notes a fault at the place of this part.
     *
     * @param message what is wrong and what to do
     */
    public void fault(String message) {
        faults.add(value.place(), message);
    }

    /**
     * Notes a fault at the place of a key.
     *
     * @param key one of {@link #keys()}
     * @param message what is wrong and what to do
     */
    public void fault(String key, String message) {
        Place place = value instanceof Mapping mapping
                ? mapping.entry(key).map(Entry::place).orElse(mapping.place())
                : value.place();
        faults.add(place, message);
    }

    /**
     * Ends the reading if anything was wrong, in this part or in another of the file.
     *
     * @throws PlumbException with one line for each fault, in the order of the file
     */
    public void throwIfAny() {
        faults.throwIfAny();
    }

    /**
     * This part over shared settings. Of these are taken those that the record has; what this part says wins, and settings of
     * a nested record are laid over one another one by one.
     *
     * @param type the record that is to be bound
     * @param shared a mapping
     * @param words {@code key=value} over the shared settings
     * @param own {@code key=value} over all
     * @return the whole, at the place of this part
     */
    public YamlPart over(Class<? extends Record> type, YamlPart shared, List<String> words, List<String> own) {
        RecordShape shape = RecordShape.of(type);
        Overrides overrides = new Overrides(faults);
        Value known = shared.value instanceof Mapping mapping
                ? new Mapping(
                        mapping.place(),
                        mapping.entries().stream()
                                .filter(entry -> shape.setting(entry.key()).isPresent())
                                .toList())
                : new Mapping(value.place(), List.of());
        List<String> fitting = words.stream()
                .filter(word -> shape.setting(first(word)).isPresent())
                .toList();
        Value base = overrides.apply(shape, known, fitting);
        return with(overrides.apply(shape, lay(new Kind.Nested(shape), base, value), own));
    }

    private static Value lay(Kind kind, Value below, Value above) {
        if (kind instanceof Kind.Maybe maybe) {
            return lay(maybe.of(), below, above);
        }
        if (!(kind instanceof Kind.Nested nested) || below.isNull() || above.isNull()) {
            return above;
        }
        Optional<Mapping> low = mapping(nested.shape(), below);
        Optional<Mapping> high = mapping(nested.shape(), above);
        if (low.isEmpty() || high.isEmpty()) {
            return above;
        }
        Mapping all = new Mapping(above.place(), low.get().entries());
        for (Entry entry : high.get().entries()) {
            Value laid = all.entry(entry.key())
                    .flatMap(old -> nested.shape()
                            .setting(entry.key())
                            .map(field -> lay(field.kind(), old.value(), entry.value())))
                    .orElse(entry.value());
            all = all.with(new Entry(entry.key(), entry.place(), laid, entry.implied()));
        }
        return all;
    }

    private static Optional<Mapping> mapping(RecordShape shape, Value value) {
        if (value instanceof Mapping mapping) {
            return Optional.of(mapping);
        }
        return shape.shorthand().map(key -> Binding.expand(shape, value));
    }

    /** What a single value is replaced by. */
    @FunctionalInterface
    public interface Replacement {
        /**
         * Looks at a single value.
         *
         * @param key the key at the top under which it stands
         * @param text the value, where faults can be noted
         * @return what stands there instead; empty to leave it
         */
        Optional<String> of(String key, YamlPart text);
    }

    /**
     * The same part with some of its single values replaced.
     *
     * @param replacement is asked about each
     * @return a part at the same place
     */
    public YamlPart replacing(Replacement replacement) {
        if (!(value instanceof Mapping mapping)) {
            return this;
        }
        List<Entry> entries = new ArrayList<>();
        for (Entry entry : mapping.entries()) {
            Value changed = replaced(entry.value(), entry.key(), replacement);
            entries.add(new Entry(entry.key(), entry.place(), changed, entry.implied()));
        }
        return with(new Mapping(mapping.place(), entries));
    }

    private Value replaced(Value old, String key, Replacement replacement) {
        if (old instanceof Sequence list) {
            return new Sequence(
                    list.place(),
                    list.items().stream()
                            .map(item -> replaced(item, key, replacement))
                            .toList());
        }
        if (old instanceof Mapping mapping) {
            return new Mapping(
                    mapping.place(),
                    mapping.entries().stream()
                            .map(entry -> new Entry(
                                    entry.key(),
                                    entry.place(),
                                    replaced(entry.value(), key, replacement),
                                    entry.implied()))
                            .toList());
        }
        return replacement
                .of(key, with(old))
                .<Value>map(text -> new Scalar(old.place(), text, false))
                .orElse(old);
    }

    /**
     * Binds this part alone.
     *
     * @param <T> the record type
     * @param type the record type
     * @return the record; empty if there were faults, which {@link #throwIfAny} reports
     */
    public <T extends Record> Optional<T> bind(Class<T> type) {
        RecordShape shape = RecordShape.of(type);
        Faults found = new Faults();
        Optional<Object> bound = new Binding(shape, found).record(shape, value, "");
        faults.addAll(found);
        return found.isEmpty() ? bound.map(type::cast) : Optional.empty();
    }

    /**
     * Notes each key that none of several records has, with the nearest one.
     *
     * @param types the records
     */
    public void requireKnown(List<Class<? extends Record>> types) {
        for (String key : keys()) {
            unknown(key, types).ifPresent(clause -> fault(key, "unknown key " + Value.quote(key) + clause));
        }
    }

    /**
     * What is to be said of a key that none of several records has.
     *
     * @param key one name
     * @param types the records
     * @return a clause that names the nearest key, or nothing more to say; empty if one of them has the key
     */
    public static Optional<String> unknown(String key, List<Class<? extends Record>> types) {
        List<RecordShape> shapes = types.stream().map(RecordShape::of).toList();
        if (shapes.stream().anyMatch(shape -> shape.setting(key).isPresent())) {
            return Optional.empty();
        }
        return Optional.of(shapes.stream()
                .map(shape -> new Suggestions(shape).clause("", key, shape))
                .filter(clause -> !clause.isEmpty())
                .findFirst()
                .orElse(""));
    }

    /**
     * Whether a word of the command line is still seen in this part.
     *
     * @param word {@code key=value} that was laid below it
     * @return false if what stands above says the same thing otherwise
     */
    public boolean heeds(String word) {
        Value at = value;
        int equals = word.indexOf('=');
        List<String> names =
                List.of(word.substring(0, equals < 0 ? word.length() : equals).split("\\."));
        for (int i = 0; i < names.size(); i++) {
            if (!(at instanceof Mapping mapping)) {
                return false; // it was replaced as a whole
            }
            Optional<Entry> entry = mapping.entry(names.get(i));
            if (entry.isEmpty()) { // or a name with a dot in it
                return mapping.entry(String.join(".", names.subList(i, names.size())))
                        .filter(whole -> isOfCommandLine(whole.value()))
                        .isPresent();
            }
            at = entry.get().value();
        }
        return isOfCommandLine(at);
    }

    private static boolean isOfCommandLine(Value value) {
        return value.place().equals(Place.COMMAND_LINE)
                || value instanceof Mapping mapping
                        && mapping.entries().stream().anyMatch(entry -> isOfCommandLine(entry.value()))
                || value instanceof Sequence list && list.items().stream().anyMatch(YamlPart::isOfCommandLine);
    }

    /** The first name of the key of {@code key=value}. */
    private static String first(String word) {
        return word.split("[.=]", 2)[0].strip();
    }
}
