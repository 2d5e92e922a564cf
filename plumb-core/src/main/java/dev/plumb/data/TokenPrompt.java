package dev.plumb.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.Map;

/**
 * A prompt that the model is to answer itself, and what a reward function may know of it. The array belongs to the reader: it
 * is handed over, not copied.
 *
 * @param prompt token ids, {@code [prompt]}, at least one
 * @param row the columns of its row as a JSON object
 */
public record TokenPrompt(int[] prompt, String row) implements Example {
    /** Checks that there is a prompt. */
    public TokenPrompt {
        if (prompt.length == 0) {
            throw new IllegalArgumentException("a prompt needs at least one token");
        }
    }

    /**
     * The columns of its row.
     *
     * @return values by the file's names
     */
    public Map<String, Object> columns() {
        try {
            return JsonText.fields(JsonText.parse(row));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a row was kept as something else than JSON", e);
        }
    }

    @Override
    public int tokens() {
        return prompt.length;
    }

    /** None: what is learnt from is still to be written. */
    @Override
    public int trainedTokens() {
        return 0;
    }
}
