package dev.plumb.data;

import dev.plumb.text.Message;
import dev.plumb.text.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Rows about beliefs to tokens. All borders are indices of tokens, found here once: where the prompt ends, where the statement
 * of the belief ends. Nothing looks for a delimiter later, so an answer may hold any.
 */
final class BeliefEncoder {
    private final Tokenizer tokenizer;
    private final DialogueTokenizer dialogues;
    private final LengthLimit limit;

    BeliefEncoder(Tokenizer tokenizer, DialogueTokenizer dialogues, LengthLimit limit) {
        this.tokenizer = tokenizer;
        this.dialogues = dialogues;
        this.limit = limit;
    }

    EncodedRow encode(Row.Belief row) throws UnfitRowException {
        DialogueTokenizer.Prompt prompt = dialogues.prompt(row.id(), row.prompt(), row.tools());
        String lead = dialogues.lead(row.id(), prompt, stated(row.prefix(), row.chosen()), row.tools());
        DialogueTokenizer.Prompt begun = dialogues.begun(prompt, lead + row.prefix());
        int[] tokens = tokens(
                prompt,
                lead,
                row.opinions().beliefs() == 0 ? Opinions.MOST : row.opinions().beliefs());
        int before = prompt.ids().length;
        if (!begins(begun.ids(), prompt.ids()) || begun.ids()[before] != tokens[row.belief()]) {
            throw notOneToken(lead + row.prefix());
        }
        TokenPair pair = new TokenPair(
                dialogues.opened(begun),
                answer(row, begun, row.chosen()).answerIds(),
                answer(row, begun, row.rejected()).answerIds());
        if (Arrays.equals(pair.chosen(), pair.rejected())) {
            throw new UnfitRowException(EncodingFault.SAME_TOKENS, "chosen and rejected are the same tokens");
        }
        EncodedRow.Kept kept = limit.fit(pair, row.prompt() instanceof Content.Chat);
        TokenPair fitted = (TokenPair) kept.example();
        int prefix = begun.ids().length - before;
        int left = fitted.prompt().length - prefix;
        if (left < 1) {
            throw new UnfitRowException(EncodingFault.TOO_LONG, "no token of the prompt would be left");
        }
        TokenBelief belief = new TokenBelief(
                Arrays.copyOf(fitted.prompt(), left),
                Arrays.copyOfRange(fitted.prompt(), left, left + prefix),
                fitted.chosen(),
                fitted.rejected(),
                row.belief(),
                tokens,
                row.opinions());
        return new EncodedRow.Kept(belief, kept.conversation(), kept.cut());
    }

    private Dialogue answer(Row.Belief row, DialogueTokenizer.Prompt begun, Content answer) throws UnfitRowException {
        Dialogue dialogue = dialogues
                .joined(row.id(), begun, stated(row.prefix(), answer), row.tools(), false)
                .upToLastSpoken();
        if (dialogue.answerIds().length == 0) {
            throw new UnfitRowException(EncodingFault.NOTHING_TRAINED, "an answer has no token");
        }
        return dialogue;
    }

    /** The statement opens the assistant's turn; plain text has it at the end of what comes before already. */
    private static Content stated(String prefix, Content answer) {
        if (!(answer instanceof Content.Chat chat)) {
            return answer;
        }
        List<Message> turns = new ArrayList<>(chat.messages());
        Message first = turns.get(0);
        turns.set(0, new Message(first.role(), prefix + first.content(), first.more()));
        return new Content.Chat(turns);
    }

    /** The token of each belief behind a prompt. */
    private int[] tokens(DialogueTokenizer.Prompt prompt, String lead, int beliefs) throws UnfitRowException {
        int[] tokens = new int[beliefs];
        for (int b = 0; b < beliefs; b++) {
            int[] ids = tokenizer.encode(prompt.text() + lead + b);
            if (ids.length != prompt.ids().length + 1 || !begins(ids, prompt.ids())) {
                throw notOneToken(lead + b);
            }
            tokens[b] = ids[ids.length - 1];
        }
        return tokens;
    }

    private static boolean begins(int[] ids, int[] start) {
        return ids.length > start.length && Arrays.equals(ids, 0, start.length, start, 0, start.length);
    }

    private static UnfitRowException notOneToken(String text) {
        return new UnfitRowException(
                EncodingFault.BELIEF_NOT_ONE_TOKEN,
                "behind this prompt '" + text + "' does not begin with one token for the belief");
    }
}
