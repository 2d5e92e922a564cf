package dev.plumb.cli;

import dev.plumb.config.SettingInfo;
import dev.plumb.config.Settings;
import dev.plumb.train.Method;
import dev.plumb.train.Methods;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Explains methods and settings. */
@Command(
        name = "explain",
        description = "Explains a method or a setting: words, formula, what it needs, default and source.",
        footer = {
            "",
            "Examples:",
            "  plumb explain",
            "  plumb explain dpo",
            "  plumb explain dpo.beta",
            "  plumb explain dpo.data.on_bad_row"
        })
final class Explain implements Callable<Integer> {
    private static final int INDENT = 2;

    @Mixin
    private HelpOption help;

    @Parameters(
            paramLabel = "TOPIC",
            arity = "0..1",
            description = "A method, or a method or command and one of its settings. Without it, the list of methods.")
    private Optional<String> topic = Optional.empty();

    @Option(names = "--markdown", description = "Print the reference page of everything.")
    private boolean markdown;

    private Explain() {}

    @Override
    public Integer call() {
        if (markdown) {
            System.out.print(ReferencePage.text());
        } else if (topic.isEmpty()) {
            overview();
        } else {
            int dot = topic.get().indexOf('.');
            if (dot < 0) {
                whole(topic.get());
            } else {
                setting(topic.get().substring(0, dot), topic.get().substring(dot + 1));
            }
        }
        return Exit.DONE;
    }

    private static void overview() {
        System.out.println("Methods");
        for (Method<?> method : Methods.all()) {
            System.out.printf("  %-10s%s%n", method.name(), method.title());
        }
        System.out.println();
        String program = Text.program();
        System.out.println(program + " explain dpo         a method with its settings");
        System.out.println(program + " explain dpo.beta    one setting");
        System.out.println(program + " explain generate    the settings of a command");
        System.out.println(program + " explain recipe      several stages in one file");
    }

    private static void whole(String name) {
        List<SettingInfo> settings = Settings.of(Handbook.record(name));
        Optional<Method<?>> method = Methods.find(name);
        Set<SettingInfo> common = Methods.common();
        method.ifPresent(Explain::method);
        List<SettingInfo> own = method.isEmpty()
                ? settings
                : settings.stream().filter(setting -> !common.contains(setting)).toList();
        System.out.println("Settings (" + Text.program() + " explain " + name + ".KEY tells more)");
        for (SettingInfo setting : own) {
            System.out.println("  " + keyAndDefault(setting));
            String doc = setting.doc();
            int end = doc.indexOf(". ");
            paragraph(2 * INDENT + 2, end < 0 ? doc : doc.substring(0, end + 1));
        }
        if (method.isPresent()) {
            section("Settings that every run has");
            settings.stream()
                    .filter(setting ->
                            common.contains(setting) && !setting.key().contains("[]"))
                    .forEach(setting -> System.out.println("  " + keyAndDefault(setting)));
        }
    }

    private static String keyAndDefault(SettingInfo setting) {
        return setting.key() + setting.byDefault().map(Explain::given).orElse(", required");
    }

    private static void method(Method<?> method) {
        System.out.println(method.name() + ": " + method.title());
        System.out.println();
        paragraph(INDENT, method.words());
        section("Loss");
        method.formula().lines().forEach(line -> System.out.println("  " + line));
        section("Columns of the data");
        paragraph(INDENT, method.data());
        section("In memory");
        paragraph(INDENT, method.models());
        section("Source");
        paragraph(INDENT, method.source());
        section("To run it");
        System.out.println("  " + Text.program() + " train " + method.name() + " model=FOLDER data=FILE.jsonl");
        System.out.println();
    }

    private static void setting(String topic, String key) {
        SettingInfo setting = Settings.find(Handbook.record(topic), key);
        System.out.println(topic + "." + setting.key());
        System.out.println();
        paragraph(INDENT, setting.doc());
        System.out.println();
        System.out.println("  takes    " + setting.type()
                + setting.range().map(range -> ", " + range).orElse(""));
        System.out.println("  default  " + setting.byDefault().orElse("none, it must be given"));
        if (!setting.source().isEmpty()) {
            System.out.println("  source   " + setting.source());
        }
        List<SettingInfo> inside = Handbook.settings(topic).stream()
                .filter(other -> other.key().startsWith(setting.key() + ".")
                        || other.key().startsWith(setting.key() + "["))
                .toList();
        if (!inside.isEmpty()) {
            section("Inside it");
            inside.forEach(other -> System.out.println("  " + keyAndDefault(other)));
        }
    }

    /** Defaults that say no more than that nothing is given are left out. */
    private static String given(String byDefault) {
        return byDefault.equals("null") || byDefault.equals("{}") ? "" : " = " + byDefault;
    }

    private static void section(String title) {
        System.out.println();
        System.out.println(title);
    }

    private static void paragraph(int indent, String text) {
        System.out.println(Text.wrapped(text, indent, Text.columns()));
    }
}
