package dev.plumb.data;

import dev.plumb.text.Message;
import dev.plumb.text.Tokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** Rows of solutions to tokens and labels. */
final class StepEncoder {
    private final DialogueTokenizer dialogues;
    private final StepConfig config;
    private final StepTokenizer steps;
    private final LongAdder merged = new LongAdder();

    StepEncoder(Tokenizer tokenizer, DialogueTokenizer dialogues, StepConfig config) {
        this.dialogues = dialogues;
        this.config = config;
        this.steps = new StepTokenizer(tokenizer, config.format());
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
        StepTokenizer.Cut cut = steps.cut(text(solution));
        if (cut.merged()) {
            merged.increment();
        }
        if (cut.steps().isEmpty()) {
            throw new UnfitRowException(EncodingFault.NOTHING_TRAINED, "the solution has no step");
        }
        return cut.steps();
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
        return this.steps.tokens(dialogues.opened(dialogues.prompt(id, prompt, tools)), steps, labels);
    }
}
