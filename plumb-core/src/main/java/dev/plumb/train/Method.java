package dev.plumb.train;

import dev.plumb.config.Binder;
import dev.plumb.config.PlumbException;
import dev.plumb.config.SettingInfo;
import dev.plumb.config.Settings;
import dev.plumb.config.YamlSource;
import java.util.List;
import java.util.Optional;

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
     * @param source YAML, overrides, or both; it need not say {@code method}
     * @return the settings
     * @throws PlumbException with one line for each fault, or if it names another method
     */
    public J bind(YamlSource source) {
        Optional<String> given = Binder.peek(source, "method");
        if (given.isPresent() && !given.get().equals(name)) {
            throw new PlumbException("The settings say method: " + given.get() + ", but " + name
                    + " was asked for; leave one of them out.");
        }
        if (name.equals("gdpo")) {
            OtherGdpo.refuse(source);
        }
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
