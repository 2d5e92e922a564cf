package dev.plumb.data;

/** What a way of learning asks of a data file. */
public enum RowKind {
    /** Something to imitate: {@link Row.Demonstration}. */
    DEMONSTRATION("demonstration", "prompt: question, completion: answer"),
    /** Two answers to one prompt: {@link Row.Preference}. */
    PREFERENCE("preference", "prompt: question, chosen: better, rejected: worse"),
    /** Answers to one prompt that were compared: {@link Row.Preference} or {@link Row.Ranked}, as the file's columns say. */
    COMPARISON("comparison", "prompt: question, chosen: better, rejected: worse"),
    /** An answer and whether it is good: {@link Row.Judged}. */
    UNPAIRED("judged answer", "prompt: question, completion: answer, label: thumb"),
    /** Something to answer: {@link Row.Prompt}. */
    PROMPT("prompt", "prompt: question"),
    /** A belief about a prompt, and two answers of which one voices it: {@link Row.Belief}. */
    BELIEF("belief row", "prompt: question, belief_id: stance, chosen: voices_it, rejected: voices_another"),
    /** A solution and what its steps are worth: {@link Row.Steps}, or {@link Row.Judged} by its outcome. */
    STEPS("solution with labels", "prompt: question, completions: steps, labels: ratings"),
    /** A solution of which nothing is known: {@link Row.Steps} without labels, or {@link Row.Demonstration}. */
    SOLUTION("solution", "prompt: question, completion: answer");

    private final String title;
    private final String mapping;

    RowKind(String title, String mapping) {
        this.title = title;
        this.mapping = mapping;
    }

    /** What a file without such rows may have been meant for; empty if there is nothing to say. */
    String remark() {
        return this != BELIEF
                ? ""
                : " Rows about beliefs are for Group Distributional Preference Optimization (arXiv 2412.20299). The other"
                        + " GDPO, Group reward-Decoupled Normalization Policy Optimization (arXiv 2601.05242), learns from"
                        + " prompts alone: it is method: grpo with reward_aggregation: normalize_then_sum.";
    }

    /** Whether rows of another kind serve as well. */
    boolean takes(RowKind other) {
        return other == this || this == COMPARISON && other == PREFERENCE;
    }

    /** What a row is called. */
    String title() {
        return title;
    }

    /** An example of columns under other names. */
    String mapping() {
        return mapping;
    }
}
