package dev.plumb.data;

import dev.plumb.config.PlumbException;
import dev.plumb.text.Encoded;
import dev.plumb.text.Message;
import dev.plumb.text.Rendered;
import dev.plumb.text.Tokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;

/** Prompts and answers to tokens of one text, safe at the border between them. */
final class DialogueTokenizer {
    private final Tokenizer tokenizer;
    private final Optional<ChatRenderer> renderer;
    private final SpecialTokens special;
    private final boolean addEos;

    DialogueTokenizer(
            Tokenizer tokenizer, Optional<ChatRenderer> renderer, SpecialTokens special, boolean addEos) {
        this.tokenizer = tokenizer;
        this.renderer = renderer;
        this.special = special;
        this.addEos = addEos;
    }

    /**
     * A prompt by itself, up to the point where the answer begins.
     *
     * @param id where it came from
     * @param prompt text or conversation
     * @param tools tool descriptions
     * @return token ids
     * @throws UnfitRowException if the template refuses it
     */
    int[] prompt(RowId id, Content prompt, List<Map<String, Object>> tools) throws UnfitRowException {
        if (prompt instanceof Content.Chat chat) {
            return tokenizer.encode(render(id, chat.messages(), tools, true).text());
        }
        return opened(tokenizer.encode(((Content.Plain) prompt).text()));
    }

    /**
     * A text or conversation without a prompt set apart.
     *
     * @param id where it came from
     * @param content text or conversation
     * @param tools tool descriptions
     * @return its tokens; of plain text all are spoken
     * @throws UnfitRowException if the template refuses it, or a token spans the border of a turn
     */
    Dialogue alone(RowId id, Content content, List<Map<String, Object>> tools) throws UnfitRowException {
        if (content instanceof Content.Chat chat) {
            Rendered whole = render(id, chat.messages(), tools, false);
            Encoded tokens = tokenizer.encodeWithOffsets(whole.text());
            return new Dialogue(tokens.ids(), spoken(whole, tokens), 0, true);
        }
        int[] ids = closed(opened(tokenizer.encode(((Content.Plain) content).text())));
        boolean[] spoken = new boolean[ids.length];
        Arrays.fill(spoken, true);
        return new Dialogue(ids, spoken, 0, false);
    }

    /**
     * A prompt and its answer.
     *
     * @param id where they came from
     * @param prompt text or conversation
     * @param answer of the same form
     * @param tools tool descriptions
     * @return their tokens, which begin with those of {@link #prompt}
     * @throws UnfitRowException if they cannot be joined
     */
    Dialogue joined(RowId id, Content prompt, Content answer, List<Map<String, Object>> tools)
            throws UnfitRowException {
        int[] promptIds = prompt(id, prompt, tools);
        if (promptIds.length == 0) {
            throw new UnfitRowException(EncodingFault.EMPTY_PROMPT, "the prompt has no token");
        }
        if (prompt instanceof Content.Plain asked && answer instanceof Content.Plain answered) {
            Encoded tokens = tokenizer.encodeWithOffsets(asked.text() + answered.text());
            int[] ids = opened(tokens.ids());
            checkBorder(promptIds, ids, asked.text(), asked.text() + answered.text(), tokens);
            ids = closed(ids);
            boolean[] spoken = new boolean[ids.length];
            Arrays.fill(spoken, promptIds.length, ids.length, true);
            return new Dialogue(ids, spoken, promptIds.length, false);
        }
        if (prompt instanceof Content.Chat asked && answer instanceof Content.Chat answered) {
            List<Message> all = Stream.concat(asked.messages().stream(), answered.messages().stream())
                    .toList();
            Rendered whole = render(id, all, tools, false);
            String before = render(id, asked.messages(), tools, true).text();
            if (!whole.text().startsWith(before)) {
                throw new UnfitRowException(EncodingFault.TEMPLATE_NOT_PREFIX, difference(before, whole.text()));
            }
            Encoded tokens = tokenizer.encodeWithOffsets(whole.text());
            checkBorder(promptIds, tokens.ids(), before, whole.text(), tokens);
            return new Dialogue(tokens.ids(), spoken(whole, tokens), promptIds.length, true);
        }
        throw new UnfitRowException(
                EncodingFault.MIXED_FORMS,
                prompt instanceof Content.Chat
                        ? "the prompt is a conversation, the answer plain text"
                        : "the prompt is plain text, the answer a conversation");
    }

    private Rendered render(RowId id, List<Message> messages, List<Map<String, Object>> tools, boolean toAnswer)
            throws UnfitRowException {
        ChatRenderer chat = renderer.orElseThrow(() -> new PlumbException(id
                + " is a conversation, but the model has no chat template. Set data.chat_template=plain, chatml, or the path"
                + " of a Jinja file."));
        try {
            return toAnswer ? new Rendered(chat.prompt(messages, tools), List.of()) : chat.whole(messages, tools);
        } catch (PlumbException e) {
            throw new UnfitRowException(EncodingFault.TEMPLATE_FAILED, String.valueOf(e.getMessage()));
        }
    }

    /** Marks the tokens of the assistant's spans; white space after the token that closes a turn is the template's. */
    private boolean[] spoken(Rendered rendered, Encoded tokens) throws UnfitRowException {
        int[] starts = tokens.starts();
        boolean[] spoken = new boolean[starts.length];
        for (Rendered.Span span : rendered.spans()) {
            int closing = -1;
            boolean blankSince = true;
            for (int i = 0; i < starts.length; i++) {
                boolean begins = starts[i] >= span.start() && starts[i] < span.end();
                boolean leaks = starts[i] < span.start() ? tokens.ends()[i] > span.start() : tokens.ends()[i] > span.end();
                if (leaks && starts[i] < span.end()) {
                    throw merge(rendered.text().substring(starts[i], tokens.ends()[i]), "a turn of the assistant");
                }
                if (!begins) {
                    continue;
                }
                spoken[i] = true;
                if (special.is(tokens.ids()[i])) {
                    closing = i;
                    blankSince = true;
                } else {
                    blankSince &= rendered.text().substring(starts[i], tokens.ends()[i]).isBlank();
                }
            }
            for (int i = closing + 1; closing >= 0 && blankSince && i < starts.length && starts[i] < span.end(); i++) {
                spoken[i] = false;
            }
        }
        return spoken;
    }

    private static void checkBorder(int[] prompt, int[] ids, String before, String whole, Encoded tokens)
            throws UnfitRowException {
        if (ids.length >= prompt.length && Arrays.equals(prompt, 0, prompt.length, ids, 0, prompt.length)) {
            return;
        }
        for (int i = 0; i < tokens.ids().length; i++) {
            if (tokens.starts()[i] < before.length() && tokens.ends()[i] > before.length()) {
                throw merge(whole.substring(tokens.starts()[i], tokens.ends()[i]), "the answer");
            }
        }
        throw new UnfitRowException(
                EncodingFault.BOUNDARY_MERGE, "the prompt has other tokens when the answer follows than by itself");
    }

    private static UnfitRowException merge(String token, String what) {
        return new UnfitRowException(
                EncodingFault.BOUNDARY_MERGE,
                "the token '" + token.replace("\n", "\\n") + "' lies across the border of " + what);
    }

    private static String difference(String before, String whole) {
        int at = 0;
        while (at < Math.min(before.length(), whole.length()) && before.charAt(at) == whole.charAt(at)) {
            at++;
        }
        return "the prompt that ends in '" + excerpt(before, at) + "' goes on as '" + excerpt(whole, at)
                + "' once the answer follows";
    }

    private static String excerpt(String text, int from) {
        return text.substring(from, Math.min(text.length(), from + 40)).replace("\n", "\\n");
    }

    private int[] opened(int[] ids) {
        OptionalInt bos = tokenizer.bos();
        if (!tokenizer.addsBos() || bos.isEmpty() || ids.length > 0 && ids[0] == bos.getAsInt()) {
            return ids;
        }
        int[] opened = new int[ids.length + 1];
        opened[0] = bos.getAsInt();
        System.arraycopy(ids, 0, opened, 1, ids.length);
        return opened;
    }

    private int[] closed(int[] ids) {
        OptionalInt eos = tokenizer.eos();
        if (!addEos || eos.isEmpty() || ids.length > 0 && ids[ids.length - 1] == eos.getAsInt()) {
            return ids;
        }
        int[] closed = Arrays.copyOf(ids, ids.length + 1);
        closed[ids.length] = eos.getAsInt();
        return closed;
    }
}
