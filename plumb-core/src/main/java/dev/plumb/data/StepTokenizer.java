package dev.plumb.data;

import dev.plumb.config.PlumbException;
import dev.plumb.text.Tokenizer;
import java.util.Arrays;
import java.util.List;

/**
 * Solutions as a process reward model reads them: each step tokenised alone and followed by the separator's tokens, as TRL's
 * PRMTrainer does, so that no token spans the end of a step. Nothing closes the last step but its separator. Rows of training,
 * rows to be scored and answers of a policy all go this way.
 */
public final class StepTokenizer {
    private final Tokenizer tokenizer;
    private final StepCut cut;
    private final int[] separator;

    /**
     * A tokenizer of steps.
     *
     * @param tokenizer the model's tokenizer; stays the caller's
     * @param format how a text falls into steps
     * @throws PlumbException if the tokenizer cannot write the separator
     */
    public StepTokenizer(Tokenizer tokenizer, StepFormat format) {
        this.tokenizer = tokenizer;
        this.cut = new StepCut(format);
        this.separator = tokenizer.encode(format.stepSeparator());
        if (separator.length == 0) {
            throw new PlumbException(
                    "step_separator: the tokenizer has no token for it. Take another, such as \"\\n\\n\".");
        }
    }

    /**
     * What a text was cut into.
     *
     * @param steps at least one unless the text says nothing
     * @param ends how far each reaches in the text, with all that stands before the next; the last to the text's end, {@code
     *     [steps]}
     * @param merged whether there would have been more
     * @param closed whether the separator follows the last
     */
    public record Cut(List<String> steps, int[] ends, boolean merged, boolean closed) {}

    /**
     * Cuts a text into steps.
     *
     * @param text a solution
     * @return its steps
     */
    public Cut cut(String text) {
        return cut.of(text);
    }

    /**
     * Steps as tokens.
     *
     * @param prompt token ids, at least one
     * @param steps at least one
     * @param labels what is known of each, NaN where nothing is
     * @return both, and where steps end
     */
    public TokenSteps tokens(int[] prompt, List<String> steps, double[] labels) {
        int[] ends = new int[steps.size()];
        int[] all = new int[0];
        for (int j = 0; j < ends.length; j++) {
            int[] step = tokenizer.encode(steps.get(j));
            int from = all.length;
            all = Arrays.copyOf(all, from + step.length + separator.length);
            System.arraycopy(step, 0, all, from, step.length);
            System.arraycopy(separator, 0, all, from + step.length, separator.length);
            ends[j] = all.length - 1;
        }
        return new TokenSteps(prompt, all, ends, labels);
    }
}
