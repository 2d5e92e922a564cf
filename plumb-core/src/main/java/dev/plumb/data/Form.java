package dev.plumb.data;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A set of columns that makes a row, as the tools that people come from name them. The first that fits is taken. */
enum Form {
    MESSAGES(RowKind.DEMONSTRATION, "language modelling", List.of("messages"), List.of("system", "tools")),
    SHARE_GPT(RowKind.DEMONSTRATION, "ShareGPT conversation", List.of("conversations"), List.of("system", "tools")),
    COMPLETION(
            RowKind.DEMONSTRATION,
            "prompt and completion",
            List.of("prompt", "completion"),
            List.of("system", "tools")),
    ALPACA(
            RowKind.DEMONSTRATION,
            "Alpaca instruction",
            List.of("instruction", "output"),
            List.of("input", "history", "system", "tools")),
    TEXT(RowKind.DEMONSTRATION, "language modelling", List.of("text"), List.of()),
    PAIR(
            RowKind.PREFERENCE,
            "preference",
            List.of("prompt", "chosen", "rejected"),
            List.of("system", "tools", "margin", "preference_probability", "tie")),
    SHARE_GPT_PAIR(
            RowKind.PREFERENCE,
            "ShareGPT preference",
            List.of("conversations", "chosen", "rejected"),
            List.of("system", "tools", "margin", "preference_probability", "tie")),
    ALPACA_PAIR(
            RowKind.PREFERENCE,
            "Alpaca preference",
            List.of("instruction", "chosen", "rejected"),
            List.of("input", "history", "system", "tools", "margin", "preference_probability", "tie")),
    MESSAGES_PAIR(
            RowKind.PREFERENCE,
            "preference after a conversation",
            List.of("messages", "chosen", "rejected"),
            List.of("system", "tools", "margin", "preference_probability", "tie")),
    IMPLICIT_PAIR(
            RowKind.PREFERENCE,
            "preference with the prompt inside both answers",
            List.of("chosen", "rejected"),
            List.of("system", "tools", "margin", "preference_probability", "tie")),
    RANKS(RowKind.COMPARISON, "ranked answers", List.of("prompt", "completions", "ranks"), List.of("system", "tools")),
    SCORES(
            RowKind.COMPARISON,
            "scored answers",
            List.of("prompt", "completions", "scores"),
            List.of("system", "tools")),
    JUDGED(
            RowKind.UNPAIRED,
            "prompt, completion and label",
            List.of("prompt", "completion", "label"),
            List.of("system", "tools")),
    MESSAGES_JUDGED(
            RowKind.UNPAIRED, "conversation with a label", List.of("messages", "label"), List.of("system", "tools")),
    SHARE_GPT_JUDGED(
            RowKind.UNPAIRED,
            "ShareGPT conversation with a label",
            List.of("conversations", "label"),
            List.of("system", "tools")),
    ALPACA_JUDGED(
            RowKind.UNPAIRED,
            "Alpaca instruction with a label",
            List.of("instruction", "output", "label"),
            List.of("input", "history", "system", "tools")),
    PROMPT(RowKind.PROMPT, "prompt", List.of("prompt"), List.of("system", "tools")),
    MESSAGES_PROMPT(RowKind.PROMPT, "conversation to go on with", List.of("messages"), List.of("system", "tools")),
    ALPACA_PROMPT(
            RowKind.PROMPT,
            "Alpaca instruction to answer",
            List.of("instruction"),
            List.of("input", "history", "system", "tools")),
    BELIEF(
            RowKind.BELIEF,
            "belief with two answers",
            List.of("prompt", "belief_id", "chosen", "rejected"),
            List.of(
                    "context",
                    "belief_text",
                    "rejected_belief_id",
                    "belief_probs",
                    "votes",
                    "group",
                    "system",
                    "tools")),
    STEPWISE(
            RowKind.STEPS,
            "steps and their labels",
            List.of("prompt", "completions", "labels"),
            List.of("system", "tools")),
    OUTCOME(
            RowKind.STEPS,
            "solution with the label of its outcome",
            List.of("prompt", "completion", "label"),
            List.of("system", "tools")),
    STEPS(RowKind.SOLUTION, "steps", List.of("prompt", "completions"), List.of("system", "tools")),
    SOLUTION(RowKind.SOLUTION, "prompt and solution", List.of("prompt", "completion"), List.of("system", "tools"));

    /** Our names of all columns that some form reads. */
    static final List<String> COLUMNS = columns();

    private final RowKind kind;
    private final String title;
    private final List<String> required;
    private final List<String> optional;

    Form(RowKind kind, String title, List<String> required, List<String> optional) {
        this.kind = kind;
        this.title = title;
        this.required = required;
        this.optional = optional;
    }

    RowKind kind() {
        return kind;
    }

    String title() {
        return title;
    }

    List<String> required() {
        return required;
    }

    List<String> optional() {
        return optional;
    }

    boolean isPair() {
        return kind == RowKind.PREFERENCE;
    }

    /** Whether a row has a list of answers. */
    boolean isRanking() {
        return this == RANKS || this == SCORES;
    }

    /** The column of the answer, or the last one if there are two. */
    String answer() {
        int last = required.size() - 1;
        boolean judged = kind == RowKind.UNPAIRED || kind == RowKind.STEPS || kind == RowKind.COMPARISON;
        return required.get(judged ? last - 1 : last);
    }

    /** The first form of a kind whose columns are there and which has a use for every column that was mapped. */
    static Optional<Form> find(RowKind kind, Set<String> columns, Set<String> mapped) {
        for (Form form : values()) {
            Set<String> used = new LinkedHashSet<>(form.required);
            used.addAll(form.optional);
            if (kind.takes(form.kind) && columns.containsAll(form.required) && used.containsAll(mapped)) {
                return Optional.of(form);
            }
        }
        return Optional.empty();
    }

    /** The columns of each form of a kind, in words. */
    static String accepted(RowKind kind) {
        StringBuilder text = new StringBuilder();
        for (Form form : values()) {
            if (kind.takes(form.kind)) {
                text.append(text.isEmpty() ? "" : "; or ").append(String.join(", ", form.required));
            }
        }
        return text.toString();
    }

    private static List<String> columns() {
        Set<String> columns = new LinkedHashSet<>();
        for (Form form : values()) {
            columns.addAll(form.required);
            columns.addAll(form.optional);
        }
        return List.copyOf(columns);
    }
}
