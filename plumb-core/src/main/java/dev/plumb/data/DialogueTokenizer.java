package dev.plumb.data;

import dev.plumb.config.PlumbException;
import dev.plumb.text.ChatTemplate.Rendered;
import dev.plumb.text.ChatTemplate.Span;
import dev.plumb.text.Encoded;
import dev.plumb.text.Message;
import dev.plumb.text.Tokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Prompts and answers to tokens of one text, safe at the borders between them. */
final class DialogueTokenizer {
    private final Tokenizer tokenizer;
    private final Optional<ChatRenderer> renderer;
    private final SpecialTokens special;
    private final boolean addEos;

    DialogueTokenizer(Tokenizer tokenizer, Optional<ChatRenderer> renderer, SpecialTokens special, boolean addEos) {
        this.tokenizer = tokenizer;
        this.renderer = renderer;
        this.special = special;
        this.addEos = addEos;
    }

    /**
     * A prompt by itself, up to the point where the answer begins.
     *
     * @param content text or conversation
     * @param text as the tokenizer reads it
     * @param ids its tokens, without what opens plain text
     */
    record Prompt(Content content, String text, int[] ids) {}

    /**
     * A prompt by itself.
     *
     * @param id where it came from
     * @param content text or conversation
     * @param tools tool descriptions
     * @return it as tokens
     * @throws UnfitRowException if the template refuses it, or it has no token
     */
    Prompt prompt(RowId id, Content content, List<Map<String, Object>> tools) throws UnfitRowException {
        String text = content instanceof Content.Plain plain
                ? plain.text()
                : text(id, ((Content.Chat) content).messages(), tools, true);
        int[] ids = tokenizer.encode(text);
        if (ids.length == 0) {
            throw new UnfitRowException(EncodingFault.EMPTY_PROMPT, "the prompt has no token");
        }
        return new Prompt(content, text, ids);
    }

    /**
     * The white space that a template writes between what opens the assistant's turn and what it says.
     *
     * @param id where the row came from
     * @param prompt the prompt
     * @param answer the answer
     * @param tools tool descriptions
     * @return white space; empty for plain text
     * @throws UnfitRowException if the template refuses the conversation
     */
    String lead(RowId id, Prompt prompt, Content answer, List<Map<String, Object>> tools) throws UnfitRowException {
        if (!(prompt.content() instanceof Content.Chat asked && answer instanceof Content.Chat answered)) {
            return "";
        }
        List<Message> all = Stream.concat(asked.messages().stream(), answered.messages().stream())
                .toList();
        String whole = text(id, all, tools, false);
        int start = prompt.text().length();
        int end = start;
        while (whole.startsWith(prompt.text()) && end < whole.length() && Character.isWhitespace(whole.charAt(end))) {
            end++;
        }
        return whole.substring(Math.min(start, end), end);
    }

    /**
     * A prompt with the beginning of an answer, which the model is given too.
     *
     * @param prompt the prompt
     * @param start what every answer begins with
     * @return both as what comes before the rest of an answer
     */
    Prompt begun(Prompt prompt, String start) {
        String text = prompt.text() + start;
        return new Prompt(prompt.content(), text, tokenizer.encode(text));
    }

    /**
     * The tokens that a model is given to continue.
     *
     * @param prompt the prompt
     * @return token ids
     */
    int[] opened(Prompt prompt) {
        int[] ids = prompt.ids();
        boolean conversation = prompt.content() instanceof Content.Chat;
        return opened(new Dialogue(ids, new boolean[ids.length], ids.length, conversation))
                .ids();
    }

    /**
     * A text or conversation without a prompt set apart.
     *
     * @param id where it came from
     * @param content text or conversation
     * @param tools tool descriptions
     * @return its tokens; of plain text all are spoken
     * @throws UnfitRowException if the template refuses it, or a token lies across the border of a turn
     */
    Dialogue alone(RowId id, Content content, List<Map<String, Object>> tools) throws UnfitRowException {
        boolean conversation = content instanceof Content.Chat;
        Rendered text = content instanceof Content.Chat chat
                ? whole(id, chat.messages(), tools)
                : spokenFrom(0, ((Content.Plain) content).text());
        Encoded tokens = tokenizer.encodeWithOffsets(text.text());
        return closed(opened(new Dialogue(tokens.ids(), spoken(text, tokens), 0, conversation)));
    }

    /**
     * A prompt and its answer.
     *
     * @param id where they came from
     * @param prompt the prompt
     * @param answer of the same form
     * @param tools tool descriptions
     * @param everyTurn whether the assistant's turns in the prompt count as spoken too
     * @return their tokens, which begin with those of the prompt
     * @throws UnfitRowException if they cannot be joined
     */
    Dialogue joined(RowId id, Prompt prompt, Content answer, List<Map<String, Object>> tools, boolean everyTurn)
            throws UnfitRowException {
        String before = prompt.text();
        Rendered text;
        if (prompt.content() instanceof Content.Chat asked && answer instanceof Content.Chat answered) {
            List<Message> all = Stream.concat(asked.messages().stream(), answered.messages().stream())
                    .toList();
            // Where the answer is one piece the prompt tells where it begins, also for templates that rewrite old
            // turns.
            text = !everyTurn && onlyAssistant(answered)
                    ? spokenFrom(before.length(), text(id, all, tools, false))
                    : whole(id, all, tools);
        } else if (prompt.content() instanceof Content.Plain && answer instanceof Content.Plain answered) {
            text = spokenFrom(before.length(), before + answered.text());
        } else {
            throw new UnfitRowException(
                    EncodingFault.MIXED_FORMS,
                    prompt.content() instanceof Content.Chat
                            ? "the prompt is a conversation, the answer plain text"
                            : "the prompt is plain text, the answer a conversation");
        }
        if (!text.text().startsWith(before)) {
            throw new UnfitRowException(EncodingFault.TEMPLATE_NOT_PREFIX, difference(before, text.text()));
        }
        Encoded tokens = tokenizer.encodeWithOffsets(text.text());
        checkBorder(prompt.ids(), before.length(), text.text(), tokens);
        return closed(opened(new Dialogue(
                tokens.ids(), spoken(text, tokens), prompt.ids().length, prompt.content() instanceof Content.Chat)));
    }

    private String text(RowId id, List<Message> messages, List<Map<String, Object>> tools, boolean toAnswer)
            throws UnfitRowException {
        ChatRenderer chat = renderer(id);
        try {
            return chat.text(messages, tools, toAnswer);
        } catch (PlumbException e) {
            throw new UnfitRowException(EncodingFault.TEMPLATE_FAILED, String.valueOf(e.getMessage()));
        }
    }

    private Rendered whole(RowId id, List<Message> messages, List<Map<String, Object>> tools) throws UnfitRowException {
        ChatRenderer chat = renderer(id);
        try {
            return chat.spans(messages, tools);
        } catch (PlumbException e) {
            throw new UnfitRowException(EncodingFault.TEMPLATE_FAILED, String.valueOf(e.getMessage()));
        }
    }

    private static boolean onlyAssistant(Content.Chat answer) {
        return answer.messages().stream().allMatch(message -> message.role().equals("assistant"));
    }

    private ChatRenderer renderer(RowId id) {
        return renderer.orElseThrow(() -> new PlumbException(id
                + " is a conversation, but the model has no chat template. Set data.chat_template=plain, chatml, or the path"
                + " of a Jinja file."));
    }

    private static Rendered spokenFrom(int start, String text) {
        return new Rendered(text, List.of(new Span(Math.min(start, text.length()), text.length())));
    }

    /** Marks the tokens of the assistant's spans; white space behind the token that closes a turn is not spoken. */
    private boolean[] spoken(Rendered text, Encoded tokens) throws UnfitRowException {
        int[] starts = tokens.starts();
        int[] ends = tokens.ends();
        boolean[] spoken = new boolean[starts.length];
        for (Span span : text.assistant()) {
            int closing = -1;
            boolean blankSince = true;
            for (int i = 0; i < starts.length; i++) {
                if (ends[i] <= span.start() || starts[i] >= span.end()) {
                    continue;
                }
                String piece = text.text().substring(starts[i], ends[i]);
                if (starts[i] < span.start() || ends[i] > span.end()) {
                    throw merged(piece, "the assistant's turn");
                }
                spoken[i] = true;
                if (special.is(tokens.ids()[i])) {
                    closing = i;
                    blankSince = true;
                } else {
                    blankSince &= piece.isBlank();
                }
            }
            for (int i = closing + 1; closing >= 0 && blankSince && i < starts.length && ends[i] <= span.end(); i++) {
                spoken[i] = false;
            }
        }
        return spoken;
    }

    private static void checkBorder(int[] prompt, int border, String text, Encoded tokens) throws UnfitRowException {
        int[] ids = tokens.ids();
        if (ids.length >= prompt.length && Arrays.equals(prompt, 0, prompt.length, ids, 0, prompt.length)) {
            return;
        }
        for (int i = 0; i < ids.length; i++) {
            if (tokens.starts()[i] < border && tokens.ends()[i] > border) {
                throw merged(text.substring(tokens.starts()[i], tokens.ends()[i]), "the answer");
            }
        }
        throw new UnfitRowException(
                EncodingFault.BOUNDARY_MERGE, "the prompt has other tokens when the answer follows than by itself");
    }

    private static UnfitRowException merged(String token, String what) {
        return new UnfitRowException(
                EncodingFault.BOUNDARY_MERGE,
                "the token '" + token.replace("\n", "\\n") + "' lies across the border of " + what);
    }

    private static String difference(String before, String whole) {
        int at = 0;
        while (at < Math.min(before.length(), whole.length()) && before.charAt(at) == whole.charAt(at)) {
            at++;
        }
        return "the prompt goes on with '" + excerpt(before, at) + "' by itself, but with '" + excerpt(whole, at)
                + "' once the answer follows";
    }

    private static String excerpt(String text, int from) {
        return text.substring(from, Math.min(text.length(), from + 40)).replace("\n", "\\n");
    }

    /** The template of a conversation writes its own opening. */
    private Dialogue opened(Dialogue dialogue) {
        return dialogue.conversation()
                        || !tokenizer.addsBos()
                        || tokenizer.bos().isEmpty()
                ? dialogue
                : dialogue.openedBy(tokenizer.bos().getAsInt());
    }

    private Dialogue closed(Dialogue dialogue) {
        return dialogue.conversation() || !addEos || tokenizer.eos().isEmpty()
                ? dialogue
                : dialogue.closedBy(tokenizer.eos().getAsInt());
    }
}
