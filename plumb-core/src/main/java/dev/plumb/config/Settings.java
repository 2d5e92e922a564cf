package dev.plumb.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Lists the settings of a configuration record: the one source of help texts and the reference page. */
public final class Settings {
    private final Binding binding;
    private final List<SettingInfo> all = new ArrayList<>();

    private Settings(Binding binding) {
        this.binding = binding;
    }

    /**
     * All settings, in the order of declaration; those of nested records follow the setting that holds them.
     *
     * @param type a configuration record
     * @return the settings
     * @throws IllegalArgumentException if the record type is not fit to be a configuration
     */
    public static List<SettingInfo> of(Class<? extends Record> type) {
        RecordShape shape = RecordShape.of(type);
        Faults faults = new Faults();
        Settings settings = new Settings(new Binding(shape, faults));
        settings.collect("", shape);
        try {
            faults.throwIfAny();
        } catch (PlumbException e) {
            throw new IllegalArgumentException(type.getName() + " declares a wrong default: " + e.getMessage(), e);
        }
        return List.copyOf(settings.all);
    }

    /**
     * One setting.
     *
     * @param type a configuration record
     * @param key the keys that lead to the setting, with dots
     * @return the setting
     * @throws PlumbException if there is none, naming the nearest
     */
    public static SettingInfo find(Class<? extends Record> type, String key) {
        List<SettingInfo> all = of(type);
        return all.stream().filter(info -> info.key().equals(key)).findFirst().orElseThrow(() -> {
            RecordShape shape = RecordShape.of(type);
            String clause = Suggestions.nearest(
                            key, all.stream().map(SettingInfo::key).toList())
                    .filter(near -> key.contains("."))
                    .map(near -> ", did you mean '" + near + "'?")
                    .orElseGet(() -> new Suggestions(shape).clause("", key, shape));
            return new PlumbException("unknown setting " + Value.quote(key) + clause);
        });
    }

    private void collect(String path, RecordShape shape) {
        for (RecordShape.Field field : shape.settings()) {
            String key = path.isEmpty() ? field.key() : path + "." + field.key();
            field.setting()
                    .ifPresent(setting -> all.add(new SettingInfo(
                            key,
                            field.kind().words(),
                            byDefault(field),
                            field.range().words(),
                            setting.doc(),
                            setting.source())));
            if (field.byDefault().isPresent()) {
                binding.byDefault(field, Place.COMMAND_LINE, key); // a default that does not bind is a fault
            }
            inside(key, field.kind());
        }
    }

    private void inside(String key, Kind kind) {
        if (kind instanceof Kind.Maybe maybe) {
            inside(key, maybe.of());
        } else if (kind instanceof Kind.Many many) {
            inside(key + "[]", many.of());
        } else if (kind instanceof Kind.Named named) {
            inside(key + ".<name>", named.of());
        } else if (kind instanceof Kind.Nested nested) {
            collect(key, nested.shape());
        }
    }

    private static Optional<String> byDefault(RecordShape.Field field) {
        if (field.byDefault().isPresent()) {
            return field.byDefault();
        }
        if (field.kind() instanceof Kind.Maybe) {
            return Optional.of("null");
        }
        if (field.kind() instanceof Kind.Many) {
            return Optional.of("[]");
        }
        if (field.kind() instanceof Kind.Named || field.kind() instanceof Kind.Nested) {
            return Optional.of("{}");
        }
        return Optional.empty();
    }
}
