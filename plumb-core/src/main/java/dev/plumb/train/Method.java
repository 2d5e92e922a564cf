package dev.plumb.train;

import dev.plumb.config.Binder;
import dev.plumb.config.SettingInfo;
import dev.plumb.config.Settings;
import dev.plumb.config.YamlSource;
import java.util.List;

/**
 * A way of learning, as the command line and the reference page show it.
 *
 * @param name its name in {@code method: …}
 * @param title what it is, in one line
 * @param words what it does and when to take it, in a few sentences
 * @param formula the loss, in plain text; several lines if it needs them
 * @param data the columns that its rows need
 * @param models what it holds in memory
 * @param source the paper
 * @param job its settings, a record
 * @param <J> the record of its settings
 */
public record Method<J extends Record & Job>(
        String name,
        String title,
        String words,
        String formula,
        String data,
        String models,
        String source,
        Class<J> job) {
    /**
     * Reads the settings of a run by this method.
     *
     * @param source YAML, overrides, or both; what it says about {@code method} is not heeded
     * @return the settings
     * @throws dev.plumb.config.PlumbException with one line for each fault
     */
    public J bind(YamlSource source) {
        return Binder.bind(job, source.with(List.of("method=" + name)));
    }

    /**
     * Every setting of a run by this method.
     *
     * @return the settings, in the order of declaration
     */
    public List<SettingInfo> settings() {
        return Settings.of(job);
    }
}
