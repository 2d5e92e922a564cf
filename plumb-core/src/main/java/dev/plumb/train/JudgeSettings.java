package dev.plumb.train;

import dev.plumb.config.Setting;
import dev.plumb.config.Shorthand;
import java.nio.file.Path;

/**
 * A language model that is asked which of two answers to a prompt is better.
 *
 * @param model its folder
 * @param criteria what it is to judge by
 * @param verdict how what it says in the two orders becomes one
 */
@Shorthand("model")
public record JudgeSettings(
        @Setting(
                doc = "Checkpoint folder of the judge, a language model that follows instructions and has the chat"
                        + " template it was taught with; best a larger one than the policy, and of another family.")
        Path model,

        @Setting(
                doc = "What it is to judge by, in words that stand in the question to it.",
                byDefault = "how well the answer does what is asked for, and whether it is correct, clear and honest")
        String criteria,

        @Setting(
                doc =
                        "How what it says in the two orders becomes one: both_orders: an answer wins that it prefers wherever"
                                + " it stands, else it is a tie; average: the answer wins that it finds the more probably better in"
                                + " the mean of both, which leaves fewer ties, and says something where a judge often prefers the"
                                + " same place.",
                byDefault = "both_orders",
                source = "arXiv 2306.05685, section 3.4; average: 2212.08073")
        Verdict verdict) {
    /** How two orders become one verdict. */
    public enum Verdict {
        /** The same winner in both, or a tie. */
        BOTH_ORDERS,
        /** The winner by the mean probability. */
        AVERAGE
    }

    /** Refuses a judge without anything to judge by. */
    public JudgeSettings {
        if (criteria.isBlank()) {
            throw new IllegalArgumentException("criteria: say what makes an answer the better one, or leave it out");
        }
    }
}
