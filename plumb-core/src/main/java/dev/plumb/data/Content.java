package dev.plumb.data;

import dev.plumb.text.Message;
import java.util.List;

/** A text as the row gives it: plain, or as turns of a conversation that the chat template renders. */
public sealed interface Content {
    /**
     * Text that goes to the tokenizer as it is.
     *
     * @param text the text
     */
    record Plain(String text) implements Content {}

    /**
     * Turns that the chat template renders.
     *
     * @param messages the turns in order
     */
    record Chat(List<Message> messages) implements Content {
        /** Copies the turns. */
        public Chat {
            messages = List.copyOf(messages);
        }
    }
}
