package dev.plumb.cli;

import dev.plumb.config.PlumbException;
import dev.plumb.data.Content;
import dev.plumb.data.Encoder;
import dev.plumb.text.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What was said, as far as the model's context holds it. When it is full, the oldest exchanges are forgotten first. */
final class Conversation {
    private final Encoder encoder;
    private final int context;
    private final int answerLength;
    private final List<Message> said = new ArrayList<>(); // user and assistant by turns
    private Optional<String> system;

    /**
     * A conversation in which nothing has been said.
     *
     * @param encoder with the model's chat template
     * @param context tokens that the model reads
     * @param maxNewTokens tokens of an answer at most
     * @param system what the model is told first
     */
    Conversation(Encoder encoder, int context, int maxNewTokens, Optional<String> system) {
        this.encoder = encoder;
        this.context = context;
        this.answerLength =
                Math.min(maxNewTokens, Math.max(1, context / 2)); // half of the context at most is kept free
        this.system = system;
    }

    /**
     * What the model is to answer.
     *
     * @param ids the conversation up to where the answer begins
     * @param room tokens that the answer may have
     * @param forgotten exchanges that no longer fitted
     */
    record Turn(int[] ids, int room, int forgotten) {}

    /**
     * The user says something. It counts as said only with {@link #answered}.
     *
     * @throws PlumbException if it cannot be put to the model: then nothing has changed
     */
    Turn ask(String text) {
        List<Message> kept = new ArrayList<>(said);
        kept.add(new Message("user", text));
        int[] ids = ids(kept);
        int forgotten = 0;
        while (ids.length + answerLength > context && kept.size() > 1) {
            kept.subList(0, 2).clear();
            forgotten++;
            ids = ids(kept);
        }
        if (ids.length >= context) {
            throw new PlumbException("This message has " + ids.length + " tokens with the template"
                    + (system.isPresent() ? " and the system's turn" : "") + ", and the model reads " + context
                    + " with its answer: shorten it.");
        }
        said.subList(0, 2 * forgotten).clear();
        return new Turn(ids, context - ids.length, forgotten);
    }

    private int[] ids(List<Message> turns) {
        List<Message> all = new ArrayList<>();
        system.ifPresent(text -> all.add(new Message("system", text)));
        all.addAll(turns);
        return encoder.prompt(new Content.Chat(all), List.of());
    }

    /** The assistant has answered. */
    void answered(String question, String answer) {
        said.add(new Message("user", question));
        said.add(new Message("assistant", answer));
    }

    /** Forgets all but what the system says. */
    void reset() {
        said.clear();
    }

    /** Begins anew with another system's turn, or without one. */
    void system(Optional<String> text) {
        system = text;
        said.clear();
    }
}
