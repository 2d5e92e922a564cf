package dev.plumb.text;

import dev.plumb.config.PlumbException;
import dev.plumb.text.ChatTemplate.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Finds what the assistant says in a rendered conversation. What comes before a turn is the text with generation prompt
 * of the messages before it; where it ends is told by the text of the messages up to it. Whatever is found must agree
 * with the whole text; a span that does not is refused, never estimated.
 */
final class AssistantSpans {
    // A word that no conversation has, with nothing in it that a template would strip or escape.
    private static final String STAND_IN = "plumbStandsHereForWhatTheAssistantSays";

    /** Renders some messages, with or without generation prompt. */
    interface Renderer {
        String render(List<Message> messages, boolean addGenerationPrompt);
    }

    private final String template;
    private final String full;
    private final List<Message> messages;
    private final boolean addGenerationPrompt;
    private final Renderer renderer;
    private final String eos;

    AssistantSpans(
            String template,
            String full,
            List<Message> messages,
            boolean addGenerationPrompt,
            Renderer renderer,
            String eos) {
        this.template = template;
        this.full = full;
        this.messages = messages;
        this.addGenerationPrompt = addGenerationPrompt;
        this.renderer = renderer;
        this.eos = eos;
    }

    List<Span> find() {
        List<Span> spans = new ArrayList<>();
        for (int i = 0; i < messages.size(); i++) {
            if (messages.get(i).role().equals("assistant")) {
                spans.add(span(
                        i, spans.isEmpty() ? 0 : spans.get(spans.size() - 1).end()));
            }
        }
        return spans;
    }

    private Span span(int i, int after) {
        String prompt = prefix(i, i, true);
        String turn = prefix(i, i + 1, false);
        if (!turn.startsWith(prompt)) {
            throw unclear(i, "its generation prompt is not how it writes the turn itself");
        } else if (!full.startsWith(prompt)) {
            throw unclear(i, "it writes the messages before in another way when more follow");
        }
        int end = end(turn, prompt)
                .or(() -> endOfRewritten(i, prompt))
                .orElseThrow(() -> unclear(
                        i,
                        "it writes that message in another way when more follow, as templates do that drop thinking"));
        if (prompt.length() < after) {
            throw unclear(i, "the turn before it would overlap");
        }
        return new Span(prompt.length(), end);
    }

    private String prefix(int i, int count, boolean prompt) {
        try {
            return renderer.render(messages.subList(0, count), prompt);
        } catch (PlumbException e) {
            throw unclear(i, "it cannot render the conversation up to there: " + e.getMessage());
        }
    }

    /** The end of a turn in the whole text, if the whole text starts with the text up to that turn. */
    private Optional<Integer> end(String turn, String prompt) {
        if (full.startsWith(turn)) {
            return Optional.of(turn.length());
        }
        // Some templates write the end token after the last message only.
        String open = withoutEos(turn);
        return open.length() > prompt.length() && open.length() < turn.length() && full.startsWith(open)
                ? Optional.of(open.length())
                : Optional.empty();
    }

    private String withoutEos(String text) {
        return !eos.isEmpty() && text.endsWith(eos) ? text.substring(0, text.length() - eos.length()) : text;
    }

    /**
     * The end of a turn that is written in another way when messages follow (Qwen3 puts an empty thinking block into
     * the last turn only). Renders with a stand-in for the content: where all around it stays as it was, the content
     * stands where the stand-in did, and its end marker is what follows when the conversation ends there.
     */
    private Optional<Integer> endOfRewritten(int i, String prompt) {
        Message message = messages.get(i);
        if (message.content().isBlank() || message.content().contains(STAND_IN) || full.contains(STAND_IN)) {
            return Optional.empty();
        }
        List<Message> changed = new ArrayList<>(messages);
        changed.set(i, new Message(message.role(), STAND_IN, message.more()));
        String around;
        String alone;
        try {
            around = renderer.render(changed, addGenerationPrompt);
            alone = renderer.render(changed.subList(0, i + 1), false);
        } catch (PlumbException e) {
            return Optional.empty();
        }
        int at = around.indexOf(STAND_IN);
        int aloneAt = alone.indexOf(STAND_IN);
        if (at < prompt.length() || at != around.lastIndexOf(STAND_IN) || aloneAt < 0) {
            return Optional.empty();
        }
        String before = around.substring(0, at);
        String after = around.substring(at + STAND_IN.length());
        if (!full.startsWith(before) || !full.endsWith(after) || full.length() < before.length() + after.length()) {
            return Optional.empty();
        }
        String said = full.substring(before.length(), full.length() - after.length());
        String marker = alone.substring(aloneAt + STAND_IN.length());
        String shown = after.startsWith(marker) ? marker : withoutEos(marker);
        boolean whole = said.strip().equals(message.content().strip());
        return whole && after.startsWith(shown) && before.startsWith(prompt)
                ? Optional.of(before.length() + said.length() + shown.length())
                : Optional.empty();
    }

    private PlumbException unclear(int i, String why) {
        return new PlumbException(template + ": what the assistant says in message " + (i + 1) + " of "
                + messages.size() + " cannot be told apart in the text of this template, because " + why
                + "; use a template with {% generation %} blocks, or end the conversation with that message");
    }
}
