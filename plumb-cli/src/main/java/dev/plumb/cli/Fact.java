package dev.plumb.cli;

import java.util.Arrays;
import java.util.regex.Pattern;

/**
 * One thing that is true of one villager.
 *
 * @param name the villager
 * @param topic what it is about
 * @param value one of the topic's values
 */
record Fact(String name, Topic topic, String value) {

    /** A pattern with this fact's name and value in it. */
    String in(String pattern) {
        return pattern.replace("NAME", name).replace("VALUE", value);
    }

    /** The fact as an answer, without a full stop and in small letters. */
    String statement() {
        return in(topic.statement());
    }

    /** Whether a text tells this fact and nothing else: it has the value, and no other value of any topic. */
    boolean isToldBy(String text) {
        return has(text, value)
                && Arrays.stream(Topic.values())
                        .flatMap(other -> other.choices().stream())
                        .noneMatch(other -> !other.equals(value) && has(text, other));
    }

    /** Whether a text is what the preference asks for: one sentence that ends by naming the right book. */
    boolean isSourcedBy(String text) {
        return text.matches("[^.!?,]+, says " + Pattern.quote(topic.book()) + "\\.");
    }

    private static boolean has(String text, String words) {
        return Pattern.compile("\\b" + Pattern.quote(words) + "\\b")
                .matcher(text)
                .find();
    }
}
