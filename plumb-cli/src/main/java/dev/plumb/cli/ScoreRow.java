package dev.plumb.cli;

import dev.plumb.config.PlumbException;
import dev.plumb.data.TokenSequence;
import dev.plumb.data.TokenSteps;
import java.nio.IntBuffer;
import java.util.Arrays;
import java.util.Optional;

/**
 * A row to be scored. Padding at either end is no part of the text and is left out of the model's sight.
 *
 * @param place file and line
 * @param ids token ids as given, padding included
 * @param start where the text begins
 * @param end where it ends, exclusive
 * @param scored whether the token at a position is scored, for all of {@code ids}
 * @param steps where steps end, for a model that judges them
 * @param problem what the row answers, equal for answers to one prompt; empty if it sets no prompt apart
 */
record ScoreRow(String place, int[] ids, int start, int end, boolean[] scored, int[] steps, Optional<Object> problem) {
    private static final int UNSCORED = -100;

    static ScoreRow of(String place, TokenSequence sequence, Optional<Object> problem) {
        return new ScoreRow(place, sequence.ids(), 0, sequence.ids().length, sequence.trained(), new int[0], problem);
    }

    static ScoreRow of(String place, TokenSteps solution, Object problem) {
        int prompt = solution.prompt().length;
        int[] ids = Arrays.copyOf(solution.prompt(), solution.tokens());
        System.arraycopy(solution.completion(), 0, ids, prompt, solution.completion().length);
        int[] steps = Arrays.stream(solution.ends()).map(end -> prompt + end).toArray();
        return new ScoreRow(place, ids, 0, ids.length, new boolean[ids.length], steps, Optional.of(problem));
    }

    /** A row of token ids, in the names that Hugging Face tokenizers and collators use. */
    static ScoreRow of(JsonInput.Row row) {
        if (row.json().has("prompt_ids")) {
            int[] prompt = Json.ids(row, "prompt_ids");
            int[] completion = Json.ids(row, "completion_ids");
            int[] ids = Arrays.copyOf(prompt, prompt.length + completion.length);
            System.arraycopy(completion, 0, ids, prompt.length, completion.length);
            boolean[] scored = new boolean[ids.length];
            Arrays.fill(scored, prompt.length, ids.length, true);
            return checked(row.place(), ids, 0, ids.length, scored, Optional.of(IntBuffer.wrap(prompt)));
        }
        int[] ids = Json.ids(row, "input_ids");
        int[] mask = row.json().has("attention_mask") ? Json.ids(row, "attention_mask") : ones(ids.length);
        int[] labels = row.json().has("labels") ? Json.ids(row, "labels") : ids;
        if (mask.length != ids.length || labels.length != ids.length) {
            throw new PlumbException(row.place() + ": `attention_mask` and `labels` must be as long as `input_ids`.");
        }
        int start = 0;
        int end = ids.length;
        while (start < end && mask[start] == 0) {
            start++;
        }
        while (end > start && mask[end - 1] == 0) {
            end--;
        }
        boolean[] scored = new boolean[ids.length];
        for (int t = start; t < end; t++) {
            if (mask[t] == 0) {
                throw new PlumbException(row.place() + ": `attention_mask` may be 0 at the ends only.");
            }
            if (labels[t] != UNSCORED && labels[t] != ids[t]) {
                throw new PlumbException(row.place() + ": label " + labels[t] + " at " + t
                        + " is neither -100 nor the token there, " + ids[t] + ".");
            }
            scored[t] = labels[t] != UNSCORED;
        }
        return checked(row.place(), ids, start, end, scored, Optional.empty());
    }

    private static ScoreRow checked(
            String place, int[] ids, int start, int end, boolean[] scored, Optional<Object> problem) {
        if (start == end) {
            throw new PlumbException(place + ": the row has no token.");
        }
        scored[start] = false; // nothing predicts the first one
        return new ScoreRow(place, ids, start, end, scored, new int[0], problem);
    }

    private static int[] ones(int length) {
        int[] ones = new int[length];
        Arrays.fill(ones, 1);
        return ones;
    }

    /** The text without padding. */
    int[] text() {
        return Arrays.copyOfRange(ids, start, end);
    }

    /** The same with the marks of what is scored. */
    TokenSequence sequence() {
        return new TokenSequence(text(), Arrays.copyOfRange(scored, start, end));
    }
}
