package dev.plumb.config;

import java.util.ArrayList;
import java.util.List;

/** Renders settings for the reference page. */
public final class MarkdownReference {
    private MarkdownReference() {}

    /**
     * A table of all settings of a record, one row each.
     *
     * @param type a configuration record
     * @return a Markdown table that ends with a line break
     * @throws IllegalArgumentException if the record type is not fit to be a configuration
     */
    public static String table(Class<? extends Record> type) {
        return table(Settings.of(type));
    }

    /**
     * A table of some settings, one row each.
     *
     * @param settings the settings
     * @return a Markdown table that ends with a line break
     */
    public static String table(List<SettingInfo> settings) {
        List<String> lines = new ArrayList<>();
        lines.add("| Setting | Takes | Default | What it does |");
        lines.add("|---|---|---|---|");
        for (SettingInfo setting : settings) {
            String takes =
                    setting.type() + setting.range().map(range -> ", " + range).orElse("");
            String byDefault = setting.byDefault()
                    .map(text -> "`" + text.replace("|", "\\|") + "`")
                    .orElse("required");
            String source = setting.source().isEmpty() ? "" : " *Source: " + setting.source() + "*";
            lines.add(String.join(
                    " | ", "| `" + setting.key() + "`", cell(takes), byDefault, cell(setting.doc() + source) + " |"));
        }
        return String.join("\n", lines) + "\n";
    }

    /** A bar would end the cell, a line break the row, and an angle bracket would begin HTML. */
    private static String cell(String text) {
        return text.replace("|", "\\|").replace("<", "&lt;").replaceAll("\\s+", " ");
    }
}
