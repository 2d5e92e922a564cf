package dev.plumb.reward;

import dev.plumb.text.Tokenizer;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * One completion to be scored.
 *
 * @param prompt the prompt as the model saw it, rendered
 * @param completion the completion as text, without the token that ended it
 * @param completionTokens its length in tokens, that token included
 * @param stopped whether the model ended it; false if a length limit did
 * @param row the columns of the prompt's row, as JSON: text, numbers, booleans, lists and maps
 * @param ids prompt and completion as tokens of the policy, for models that read the same; empty if they are not known
 */
public record RewardInput(
        String prompt, String completion, int completionTokens, boolean stopped, Map<String, Object> row, int[] ids) {
    /**
     * A completion whose tokens are not known.
     *
     * @param prompt the prompt as the model saw it, rendered
     * @param completion the completion as text, without the token that ended it
     * @param completionTokens its length in tokens, that token included
     * @param stopped whether the model ended it; false if a length limit did
     * @param row the columns of the prompt's row
     */
    public RewardInput(
            String prompt, String completion, int completionTokens, boolean stopped, Map<String, Object> row) {
        this(prompt, completion, completionTokens, stopped, row, new int[0]);
    }

    /**
     * What a model wrote. The token that ended it is no part of its text.
     *
     * @param tokenizer spells the tokens
     * @param prompt token ids
     * @param answer token ids
     * @param stopped whether the model ended it
     * @param row the columns of the prompt's row
     * @return the completion
     */
    public static RewardInput of(
            Tokenizer tokenizer, int[] prompt, int[] answer, boolean stopped, Map<String, Object> row) {
        int[] whole = Arrays.copyOf(prompt, prompt.length + answer.length);
        System.arraycopy(answer, 0, whole, prompt.length, answer.length);
        return new RewardInput(
                tokenizer.decode(prompt), tokenizer.decode(answer, true), answer.length, stopped, row, whole);
    }

    /** Copies the row and checks the length. */
    public RewardInput {
        row = Collections.unmodifiableMap(new LinkedHashMap<>(row));
        if (completionTokens < 0) {
            throw new IllegalArgumentException("a completion cannot have " + completionTokens + " tokens");
        }
    }

    /**
     * A column as text.
     *
     * @param name the column
     * @return its value, numbers and booleans as JSON writes them; empty if the row lacks it or has a list or map there
     */
    public Optional<String> text(String name) {
        Object value = row.get(name);
        return value instanceof String || value instanceof Number || value instanceof Boolean
                ? Optional.of(value.toString())
                : Optional.empty();
    }
}
