package dev.plumb.config;

import java.util.Optional;

/**
 * One setting, as {@code explain} and the reference page show it.
 *
 * @param key the keys that lead to it, with dots; {@code []} stands for each entry of a list and {@code <name>} for a
 *     free name
 * @param type what it takes, in words
 * @param byDefault the default in YAML; empty if the setting is required
 * @param range the numbers allowed, in words; empty if there is no bound
 * @param doc what it does
 * @param source where the default or the formula comes from; empty if there is nothing to cite
 */
public record SettingInfo(
        String key, String type, Optional<String> byDefault, Optional<String> range, String doc, String source) {
    /**
     * Whether the setting must be given.
     *
     * @return true if it has no default
     */
    public boolean required() {
        return byDefault.isEmpty();
    }
}
