package dev.plumb.cli;

import dev.plumb.config.PlumbException;
import dev.plumb.config.SettingInfo;
import dev.plumb.config.Settings;
import dev.plumb.recipe.RecipeSettings;
import dev.plumb.recipe.RejectionSampling;
import dev.plumb.train.Method;
import dev.plumb.train.Methods;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What {@code explain} and the reference page can be asked about: methods, and commands that have settings. */
final class Handbook {
    private static final Map<String, Class<? extends Record>> COMMANDS = Map.of(
            "generate", GenerateSettings.class,
            "chat", ChatSettings.class,
            "score", ScoreSettings.class,
            "eval", EvalSettings.class,
            "compare", CompareSettings.class,
            "merge", MergeSettings.class,
            "bench", BenchSettings.class,
            "bench-generate", GenerateBenchSettings.class,
            "recipe", RecipeSettings.class,
            "rejection_sampling", RejectionSampling.class);

    private Handbook() {}

    /** Names of methods and commands. */
    static List<String> names() {
        List<String> names =
                new ArrayList<>(Methods.all().stream().map(Method::name).toList());
        names.addAll(List.of(
                "generate",
                "chat",
                "score",
                "eval",
                "compare",
                "merge",
                "bench",
                "bench-generate",
                "recipe",
                "rejection_sampling"));
        return names;
    }

    /** The record whose components are a topic's settings. */
    static Class<? extends Record> record(String topic) {
        Class<? extends Record> command = COMMANDS.get(topic);
        if (command != null) {
            return command;
        }
        return Methods.find(topic)
                .<Class<? extends Record>>map(Method::job)
                .orElseThrow(() -> new PlumbException("There is nothing to explain under '" + topic + "'; there are: "
                        + String.join(", ", names()) + ", and their settings, as in dpo.beta."));
    }

    /** All settings of a topic. */
    static List<SettingInfo> settings(String topic) {
        return Settings.of(record(topic));
    }
}
