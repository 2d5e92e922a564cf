package dev.plumb.cli;

import dev.plumb.config.MarkdownReference;
import dev.plumb.config.SettingInfo;
import dev.plumb.recipe.RecipeSettings;
import dev.plumb.recipe.RejectionSampling;
import dev.plumb.train.Method;
import dev.plumb.train.Methods;
import dev.plumb.train.OnlineJob;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The page of all methods and settings, made from the same records that the settings are read by. */
final class ReferencePage {
    private ReferencePage() {}

    static String text() {
        List<String> parts = new ArrayList<>();
        parts.add("""
                # Reference

                Written by `./plumb explain --markdown`; a test holds it to that. Every setting is a key of the YAML file,
                a word `key=value` after the command, and a topic of `./plumb explain`. Dots lead into nested settings:
                `data.on_bad_row=drop`. Faults are reported all at once, with file, line and the nearest valid key.
                """);
        Set<SettingInfo> common = Methods.common();
        parts.add("## Settings that every run has\n\n" + MarkdownReference.table(List.copyOf(common)));
        Set<SettingInfo> online = ofOnlineMethods();
        online.removeAll(common);
        for (Method<?> method : Methods.all()) {
            parts.add(method(method, common, online));
        }
        parts.add("## Settings of all methods that learn from their own answers\n\n"
                + MarkdownReference.table(List.copyOf(online)));
        parts.add("## Settings of `generate`\n\n" + MarkdownReference.table(GenerateSettings.class));
        parts.add("## Settings of `chat`\n\n" + MarkdownReference.table(ChatSettings.class));
        parts.add("## Settings of `score`\n\n" + MarkdownReference.table(ScoreSettings.class));
        parts.add("## Settings of `eval`\n\n" + MarkdownReference.table(EvalSettings.class));
        parts.add("## Settings of `compare`\n\n" + MarkdownReference.table(CompareSettings.class));
        parts.add("## Settings of `merge`\n\n" + MarkdownReference.table(MergeSettings.class));
        parts.add("## A recipe: several stages in one file\n\n" + MarkdownReference.table(RecipeSettings.class));
        parts.add("## Settings of a stage `rejection_sampling`\n\n" + MarkdownReference.table(RejectionSampling.class));
        parts.add("## Settings of `bench train`\n\n" + MarkdownReference.table(BenchSettings.class));
        parts.add("## Settings of `bench generate`\n\n" + MarkdownReference.table(GenerateBenchSettings.class));
        parts.add("## Exit status\n\n| Status | Meaning |\n|---|---|\n"
                + String.join(
                        "",
                        Exit.meanings().entrySet().stream()
                                .map(entry -> "| " + entry.getKey() + " | " + entry.getValue() + " |\n")
                                .toList()));
        return String.join("\n", parts);
    }

    private static boolean isOnline(Method<?> method) {
        return OnlineJob.class.isAssignableFrom(method.job());
    }

    private static Set<SettingInfo> ofOnlineMethods() {
        List<Method<?>> methods =
                Methods.all().stream().filter(ReferencePage::isOnline).toList();
        Set<SettingInfo> all = new LinkedHashSet<>(methods.get(0).settings());
        methods.forEach(method -> all.retainAll(new HashSet<>(method.settings())));
        return all;
    }

    private static String method(Method<?> method, Set<SettingInfo> common, Set<SettingInfo> online) {
        List<SettingInfo> own = method.settings().stream()
                .filter(setting -> !common.contains(setting) && !(isOnline(method) && online.contains(setting)))
                .toList();
        return "## `" + method.name() + "`: " + method.title() + "\n\n" + method.words() + "\n\n```\n"
                + method.formula() + "\n```\n\n"
                + "- Columns of the data: " + method.data() + ".\n"
                + "- In memory: " + method.models() + ".\n"
                + "- Source: " + method.source() + ".\n"
                + (isOnline(method)
                        ? "- It also has the [settings of all methods that learn from their own answers]"
                                + "(#settings-of-all-methods-that-learn-from-their-own-answers).\n"
                        : "")
                + "\n"
                + MarkdownReference.table(own);
    }
}
