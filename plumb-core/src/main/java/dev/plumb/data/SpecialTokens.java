package dev.plumb.data;

import dev.plumb.text.Message;
import dev.plumb.text.Tokenizer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Tells special tokens from others, and finds them in what people wrote. Several threads may use it. */
final class SpecialTokens {
    private final Tokenizer tokenizer;
    private final Map<Integer, Boolean> known = new ConcurrentHashMap<>();

    SpecialTokens(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /**
     * Whether an id is a special token, such as one that ends a turn.
     *
     * @param id a token id
     * @return true if the tokenizer says so
     */
    boolean is(int id) {
        return known.computeIfAbsent(id, token -> {
            String spelling = tokenizer.token(token);
            return tokenizer.specialTokensIn(spelling).contains(spelling);
        });
    }

    /**
     * Refuses content that spells a special token: the tokenizer would take it for one.
     *
     * @param content what people wrote
     * @throws UnfitRowException if any text in it does
     */
    void refuseIn(Content content) throws UnfitRowException {
        if (content instanceof Content.Plain plain) {
            refuse(plain.text(), "the text");
            return;
        }
        for (Message message : ((Content.Chat) content).messages()) {
            refuse(message.content(), "the " + message.role() + "'s turn");
            refuseIn(message.more(), "the " + message.role() + "'s turn");
        }
    }

    /**
     * Refuses tool descriptions and the like that spell a special token.
     *
     * @param value nested lists and maps with text
     * @param where what it is, for the report
     * @throws UnfitRowException if any text in it does
     */
    void refuseIn(Object value, String where) throws UnfitRowException {
        if (value instanceof String text) {
            refuse(text, where);
        } else if (value instanceof List<?> list) {
            for (Object item : list) {
                refuseIn(item, where);
            }
        } else if (value instanceof Map<?, ?> map) {
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                refuseIn(entry.getKey(), where);
                refuseIn(entry.getValue(), where);
            }
        }
    }

    private void refuse(String text, String where) throws UnfitRowException {
        List<String> found = tokenizer.specialTokensIn(text);
        if (!found.isEmpty()) {
            throw new UnfitRowException(
                    EncodingFault.SPECIAL_TOKEN_IN_TEXT, where + " spells " + String.join(" and ", found));
        }
    }
}
