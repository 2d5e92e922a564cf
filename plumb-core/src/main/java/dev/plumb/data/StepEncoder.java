package dev.plumb.data;

import dev.plumb.config.PlumbException;
import dev.plumb.text.Message;
import dev.plumb.text.Tokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/**
 * Solutions to tokens: the prompt, then each step tokenised alone and followed by the separator's tokens, as TRL's PRMTrainer
 * does, so that no token spans the end of a step. Nothing closes the last step but its separator.
 */
final class StepEncoder {
    private final Tokenizer tokenizer;
    private final DialogueTokenizer dialogues;
    private final StepConfig config;
    private final int[] separator;
    private final StepCut cut;
    private final LongAdder merged = new LongAdder();

    StepEncoder(Tokenizer tokenizer, DialogueTokenizer dialogues, StepConfig config) {
        this.tokenizer = tokenizer;
        this.dialogues = dialogues;
        this.config = config;
        this.separator = tokenizer.encode(config.stepSeparator());
        this.cut = new StepCut(config.stepSeparator(), config.maxSolutionSteps());
        if (separator.length == 0) {
            throw new PlumbException(
                    "step_separator: the tokenizer has no token for it. Take another, such as \"\\n\\n\".");
        }
    }

    /** How many solutions had more steps than are allowed. */
    long merged() {
        return merged.sum();
    }

    /** Whether a chat template renders the prompt. */
    static boolean isConversation(Row row) {
        return row instanceof Row.Steps steps
                ? steps.prompt() instanceof Content.Chat
                : row instanceof Row.Judged judged && judged.prompt() instanceof Content.Chat;
    }

    TokenSteps encode(Row row) throws UnfitRowException {
        if (row instanceof Row.Steps steps) {
            return tokens(row.id(), steps.prompt(), steps.tools(), steps.steps(), config.used(steps.labels()));
        }
        if (row instanceof Row.Judged judged) {
            List<String> steps = cut(judged.completion());
            double[] labels = new double[steps.size()];
            Arrays.fill(labels, config.outcomeLabels() == StepConfig.OutcomeLabels.ALL ? value(judged) : Double.NaN);
            labels[labels.length - 1] = value(judged);
            // Of one outcome nothing is known to be first, so no policy applies.
            return tokens(row.id(), judged.prompt(), judged.tools(), steps, labels);
        }
        Row.Demonstration plain = (Row.Demonstration) row;
        List<String> steps = cut(plain.completion());
        double[] unknown = new double[steps.size()];
        Arrays.fill(unknown, Double.NaN);
        return tokens(row.id(), plain.prompt().orElseThrow(), plain.tools(), steps, unknown);
    }

    private static double value(Row.Judged judged) {
        return judged.desirable() ? 1 : 0;
    }

    private List<String> cut(Content solution) throws UnfitRowException {
        StepCut.Cut steps = cut.of(text(solution));
        if (steps.merged()) {
            merged.increment();
        }
        if (steps.steps().isEmpty()) {
            throw new UnfitRowException(EncodingFault.NOTHING_TRAINED, "the solution has no step");
        }
        return steps.steps();
    }

    private static String text(Content solution) throws UnfitRowException {
        if (solution instanceof Content.Plain plain) {
            return plain.text();
        }
        List<Message> turns = ((Content.Chat) solution).messages();
        if (turns.size() != 1 || !turns.get(0).role().equals("assistant")) {
            throw new UnfitRowException(
                    EncodingFault.OTHER_TURNS_IN_ANSWER,
                    "a solution is one turn of the assistant, not " + turns.size());
        }
        return turns.get(0).content();
    }

    private TokenSteps tokens(
            RowId id, Content prompt, List<Map<String, Object>> tools, List<String> steps, double[] labels)
            throws UnfitRowException {
        int[] ids = dialogues.opened(dialogues.prompt(id, prompt, tools));
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
        return new TokenSteps(ids, all, ends, labels);
    }
}
