package dev.plumb.config;

import dev.plumb.config.Value.Entry;
import dev.plumb.config.Value.Mapping;
import dev.plumb.config.Value.Scalar;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Makes configuration records of YAML and overrides.
 *
 * <p>A record's components are its settings, described by {@link Setting}. They are {@code int}, {@code long},
 * {@code double}, {@code boolean}, {@code String}, {@code Path}, enums, records, and {@code Optional}, {@code List} and
 * {@code Map<String, …>} of these;
 * {@code Object} takes any value. A single value is taken for a list of one. {@code null} stands for the default. The setting decides the
 * type of a value, so {@code no} is text where text is taken, and quotes make no difference but to {@code 'null'}.
 */
public final class Binder {
    private Binder() {}

    /**
     * Binds a configuration.
     *
     * @param <T> the record type
     * @param type the record type
     * @param source YAML text, overrides, or both
     * @return the record, every setting that was not given at its default
     * @throws PlumbException with one line for each fault, all of them at once, in the order of the text
     * @throws IllegalArgumentException if the record type is not fit to be a configuration
     */
    public static <T extends Record> T bind(Class<T> type, YamlSource source) {
        Faults faults = new Faults();
        return bind(type, read(source, faults), source.overrides(), faults);
    }

    /**
     * Binds one of several configurations that share a source: some of the keys at the top, and those of a section, which win
     * over them, in the text as on the command line; a word on the command line wins over all of the text.
     *
     * @param <T> the record type
     * @param type the record type
     * @param source YAML text, overrides, or both
     * @param shared which keys at the top are meant for this record
     * @param section the key at the top under which there are keys for it alone
     * @return the record
     * @throws PlumbException as {@link #bind(Class, YamlSource)}
     */
    public static <T extends Record> T bind(
            Class<T> type, YamlSource source, Predicate<String> shared, String section) {
        Faults faults = new Faults();
        Value tree = read(source, faults);
        if (tree instanceof Mapping all) {
            Mapping own = new Mapping(
                    all.place(),
                    all.entries().stream()
                            .filter(entry -> shared.test(entry.key()))
                            .toList());
            for (Entry entry : inside(all, section).entries()) {
                own = own.with(entry);
            }
            tree = own;
        }
        List<String> general = source.overrides().stream()
                .filter(word -> shared.test(first(word)))
                .toList();
        List<String> special = source.overrides().stream()
                .filter(word -> first(word).equals(section))
                .map(word -> word.substring(Math.min(word.length(), section.length() + 1)))
                .toList();
        return bind(
                type, tree, Stream.concat(general.stream(), special.stream()).toList(), faults);
    }

    /**
     * The first names of all keys that a source gives.
     *
     * @param source YAML text, overrides, or both
     * @param section the key at the top under which to look; empty for the top itself
     * @return names, each once
     * @throws PlumbException if the text is not YAML, or the section is no mapping
     */
    public static Set<String> keys(YamlSource source, Optional<String> section) {
        Set<String> keys = new LinkedHashSet<>();
        Value tree = read(source, new Faults());
        if (tree instanceof Mapping all) {
            Mapping here = section.map(name -> inside(all, name)).orElse(all);
            here.entries().forEach(entry -> keys.add(entry.key()));
        }
        source.overrides().stream()
                .filter(word -> section.isEmpty() || word.startsWith(section.get() + "."))
                .map(word -> first(
                        section.isEmpty() ? word : word.substring(section.get().length() + 1)))
                .forEach(keys::add);
        return keys;
    }

    private static Mapping inside(Mapping all, String section) {
        Value value = all.entry(section).map(Entry::value).orElseGet(() -> new Mapping(all.place(), List.of()));
        if (value.isNull()) {
            return new Mapping(value.place(), List.of());
        }
        if (!(value instanceof Mapping mapping)) {
            throw new PlumbException(value.place() + ": " + section
                    + ": expected settings, as in 'key: value', but found " + value.words());
        }
        return mapping;
    }

    /** The name before the first dot or equals sign. */
    private static String first(String override) {
        return override.split("[.=]", 2)[0].strip();
    }

    private static <T extends Record> T bind(Class<T> type, Value given, List<String> overrides, Faults faults) {
        RecordShape shape = RecordShape.of(type);
        Value tree = given instanceof Mapping || given.isNull()
                ? new Overrides(faults).apply(shape, given, overrides)
                : given;
        Optional<Object> bound = new Binding(shape, faults).record(shape, tree, "");
        faults.throwIfAny();
        return type.cast(bound.orElseThrow());
    }

    /**
     * Reads a single top-level value before a record type is chosen, as {@code method} chooses it.
     *
     * @param source YAML text, overrides, or both
     * @param key a top-level key
     * @return the text of its value; empty if it is not given or is no single value
     * @throws PlumbException if the text is not YAML
     */
    public static Optional<String> peek(YamlSource source, String key) {
        Faults faults = new Faults();
        Value tree = read(source, faults);
        List<String> given = source.overrides().stream()
                .filter(override -> override.startsWith(key + "="))
                .map(override -> override.substring(key.length() + 1))
                .toList();
        Optional<Value> value = given.isEmpty()
                ? Optional.of(tree)
                        .filter(Mapping.class::isInstance)
                        .flatMap(mapping -> ((Mapping) mapping).entry(key))
                        .map(Entry::value)
                : YamlReader.snippet(Place.COMMAND_LINE, given.get(given.size() - 1), faults);
        return value.filter(one -> one instanceof Scalar && !one.isNull()).map(one -> ((Scalar) one).text());
    }

    /**
     * Whether a top-level key is given, whatever its value.
     *
     * @param source YAML text, overrides, or both
     * @param key a top-level key
     * @return true if the text or an override has it
     * @throws PlumbException if the text is not YAML
     */
    public static boolean isGiven(YamlSource source, String key) {
        Faults faults = new Faults();
        Value tree = read(source, faults);
        faults.throwIfAny();
        return tree instanceof Mapping mapping && mapping.entry(key).isPresent()
                || source.overrides().stream()
                        .anyMatch(override -> override.startsWith(key + "=") || override.startsWith(key + "."));
    }

    static Value read(YamlSource source, Faults faults) {
        Optional<Value> tree = source.name()
                .map(name -> YamlReader.file(name, source.text(), faults))
                .orElseGet(() -> YamlReader.snippet(Place.COMMAND_LINE, source.text(), faults));
        return tree.orElseGet(() -> {
            faults.throwIfAny(); // what is not YAML has no settings to look at
            throw new IllegalStateException("unreadable without a fault");
        });
    }
}
