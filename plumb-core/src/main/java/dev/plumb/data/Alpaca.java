package dev.plumb.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.plumb.text.Message;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The prompt of Alpaca's columns, put together as LLaMA-Factory does: earlier rounds, then instruction and input in one turn. */
final class Alpaca {
    private Alpaca() {}

    static List<Message> prompt(Cells cells) throws BadRow {
        List<Message> turns = new ArrayList<>();
        for (Object round : rounds(cells)) {
            if (!(round instanceof List<?> pair)
                    || pair.size() != 2
                    || !(pair.get(0) instanceof String asked)
                    || !(pair.get(1) instanceof String answered)) {
                throw Turns.wrong(cells.title("history") + " has to hold pairs of texts, question and answer");
            }
            turns.add(new Message("user", asked));
            turns.add(new Message("assistant", answered));
        }
        String instruction = cells.text("instruction");
        String input = cells.textOrEmpty("input");
        if (instruction.isBlank() && input.isBlank()) {
            throw new BadRow(BadRowReason.EMPTY_PROMPT, cells.title("instruction") + " is empty");
        }
        String between = instruction.isBlank() || input.isBlank() ? "" : "\n";
        turns.add(new Message(
                "user", (instruction.isBlank() ? "" : instruction) + between + (input.isBlank() ? "" : input)));
        return turns;
    }

    private static List<?> rounds(Cells cells) throws BadRow {
        @Nullable Object history = cells.find("history");
        if (history instanceof String text && !text.isBlank()) {
            try {
                history = JsonText.parse(text);
            } catch (JsonProcessingException e) {
                throw Turns.wrong(cells.title("history") + " holds text that is not JSON");
            }
        }
        if (history == null || history instanceof String) {
            return List.of();
        }
        if (history instanceof List<?> list) {
            return list;
        }
        throw Turns.wrong(
                cells.title("history") + " holds " + JsonText.kind(history) + " where a list of pairs is due");
    }
}
