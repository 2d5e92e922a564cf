package dev.plumb.data;

import dev.plumb.text.Message;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * Decides by its prompt alone whether a row is held out for evaluation: rows with one prompt stay together, and rows that
 * are added later move none. No seed takes part, so runs with different seeds can be compared.
 */
final class HeldOut {
    private final double share;

    /**
     * A rule.
     *
     * @param share the share of prompts to hold out, 0 to 1
     */
    HeldOut(double share) {
        this.share = share;
    }

    /**
     * Whether a prompt is held out.
     *
     * @param promptHash {@link #promptHash(Row)}
     * @return true for about the given share of all prompts
     */
    boolean holds(long promptHash) {
        return (promptHash >>> 11) * 0x1p-53 < share;
    }

    /**
     * A hash of what a row answers: of its prompt, of the turns before the first answer of a whole conversation, or of the
     * whole of a plain text.
     *
     * @param row any row
     * @return the first 64 bits of a SHA-256
     */
    static long promptHash(Row row) {
        if (row instanceof Row.Preference preference) {
            return hash(preference.prompt());
        }
        if (row instanceof Row.Ranked ranked) {
            return hash(ranked.prompt());
        }
        if (row instanceof Row.Judged judged) {
            return hash(judged.prompt());
        }
        if (row instanceof Row.Prompt prompt) {
            return hash(prompt.prompt());
        }
        if (row instanceof Row.Belief belief) {
            return hash(belief.prompt());
        }
        if (row instanceof Row.Steps steps) {
            return hash(steps.prompt());
        }
        Row.Demonstration demonstration = (Row.Demonstration) row;
        return hash(demonstration.prompt().orElseGet(() -> opening(demonstration.completion())));
    }

    /**
     * A hash of all that a row says.
     *
     * @param row any row
     * @return the first 64 bits of a SHA-256
     */
    static long contentHash(Row row) {
        if (row instanceof Row.Preference preference) {
            return hash(preference.prompt(), preference.chosen(), preference.rejected());
        }
        if (row instanceof Row.Ranked ranked) {
            Stream<Content> answers = ranked.completions().stream();
            Content ranks = new Content.Plain(ranked.ranks().toString());
            return hash(
                    Stream.concat(Stream.of(ranked.prompt(), ranks), answers).toArray(Content[]::new));
        }
        if (row instanceof Row.Judged judged) {
            Content label = new Content.Plain(String.valueOf(judged.desirable()));
            return hash(judged.prompt(), judged.completion(), label);
        }
        if (row instanceof Row.Prompt prompt) {
            return hash(prompt.prompt());
        }
        if (row instanceof Row.Belief belief) {
            return hash(belief.prompt(), new Content.Plain(belief.prefix()), belief.chosen(), belief.rejected());
        }
        if (row instanceof Row.Steps steps) {
            return hash(
                    steps.prompt(),
                    new Content.Plain(steps.steps().toString()),
                    new Content.Plain(Arrays.toString(steps.labels())));
        }
        Row.Demonstration demonstration = (Row.Demonstration) row;
        return demonstration
                .prompt()
                .map(prompt -> hash(prompt, demonstration.completion()))
                .orElseGet(() -> hash(demonstration.completion()));
    }

    private static Content opening(Content content) {
        if (!(content instanceof Content.Chat chat)) {
            return content;
        }
        List<Message> before = chat.messages().stream()
                .takeWhile(message -> !message.role().equals("assistant"))
                .toList();
        return before.isEmpty() ? content : new Content.Chat(before);
    }

    private static long hash(Content... contents) {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
        for (Content content : contents) {
            if (content instanceof Content.Plain plain) {
                add(digest, plain.text());
            } else if (content instanceof Content.Chat chat) {
                for (Message message : chat.messages()) {
                    add(digest, message.role());
                    add(digest, message.content());
                    add(digest, message.more().isEmpty() ? "" : message.more().toString());
                }
            }
        }
        return ByteBuffer.wrap(digest.digest()).getLong();
    }

    private static void add(MessageDigest digest, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).flip());
        digest.update(bytes);
    }
}
