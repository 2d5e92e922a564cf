package dev.plumb.config;

import dev.plumb.config.Value.Entry;
import dev.plumb.config.Value.Mapping;
import dev.plumb.config.Value.Scalar;
import java.util.List;
import java.util.Optional;

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
        RecordShape shape = RecordShape.of(type);
        Faults faults = new Faults();
        Value file = read(source, faults);
        Value tree = file instanceof Mapping || file.isNull()
                ? new Overrides(faults).apply(shape, file, source.overrides())
                : file;
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
