package dev.plumb.reward;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Programs in completions. */
final class Programs {
    private static final Pattern FENCE = Pattern.compile("(?m)^[ \\t]*```[ \\t]*([\\w+#.-]*)[^\\n]*$");

    private Programs() {}

    /**
     * The last complete block between fences, after {@code </think>}, that names the language or none.
     *
     * @param language its name, and what else it is called by its first two letters (python, py)
     */
    static Optional<String> last(String completion, String language) {
        String text = Reasoning.answer(completion);
        Matcher fence = FENCE.matcher(text);
        Optional<String> last = Optional.empty();
        String name = "";
        int start = -1;
        while (fence.find()) {
            if (start < 0) {
                name = fence.group(1).toLowerCase(Locale.ROOT);
                start = Math.min(text.length(), fence.end() + 1);
                continue;
            }
            if (name.isEmpty() || name.equals(language) || name.equals(language + "3") || language.startsWith(name)) {
                last = Optional.of(text.substring(start, Math.max(start, fence.start())));
            }
            start = -1;
        }
        return last.filter(program -> !program.isBlank());
    }
}
