package dev.plumb.text;

import java.util.List;

/**
 * Notices when a completion that comes token by token holds one of some strings. They may begin and end within tokens and
 * span several; special tokens count as they are written. What the prompt ends in does not count.
 */
public final class StopStrings {
    private final List<String> strings;
    private final DecodeStream stream;
    private final int longest;
    private String tail = "";

    /**
     * Watches one completion.
     *
     * @param tokenizer the model's tokenizer
     * @param strings what to look for, none empty
     */
    public StopStrings(Tokenizer tokenizer, List<String> strings) {
        if (strings.stream().anyMatch(String::isEmpty)) {
            throw new IllegalArgumentException("a stop string must not be empty");
        }
        this.strings = List.copyOf(strings);
        this.stream = tokenizer.stream(false);
        this.longest = strings.stream().mapToInt(String::length).max().orElse(0);
    }

    /**
     * Takes the next token.
     *
     * @param id its id
     * @return whether the completion now holds one of the strings
     */
    public boolean push(int id) {
        if (strings.isEmpty()) {
            return false;
        }
        String text = tail + stream.push(id);
        tail = text.substring(Math.max(0, text.length() - longest + 1));
        return strings.stream().anyMatch(text::contains);
    }
}
