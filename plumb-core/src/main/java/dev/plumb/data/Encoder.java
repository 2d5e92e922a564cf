package dev.plumb.data;

import dev.plumb.config.PlumbException;
import dev.plumb.text.Message;
import dev.plumb.text.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Rows to tokens and masks.
 *
 * <p>Masks go by position, never by comparing ids. The token that closes an answer is a target like any other. Plain text
 * opens with BOS if the tokenizer adds one; a conversation has the BOS that its template writes and no other. The tokens
 * of prompt and answer together begin with the tokens of the prompt alone, or the row is refused: at generation the model
 * reads the prompt alone. Several threads may use one encoder.
 */
public final class Encoder {
    private final Tokenizer tokenizer;
    private final DataConfig config;
    private final SpecialTokens special;
    private final DialogueTokenizer dialogues;
    private final LengthLimit limit;
    private final BeliefEncoder beliefs;
    private final boolean hasTemplate;
    private final Optional<StepEncoder> steps;

    /**
     * An encoder of solutions in steps.
     *
     * @param tokenizer the model's tokenizer; stays the caller's
     * @param renderer renders conversations; empty if the model has no chat template
     * @param config the settings
     * @param contextLength the longest row that the model reads, in tokens
     * @param steps how solutions fall into steps; empty where rows are none
     * @throws PlumbException if the settings ask for longer rows than that
     */
    public Encoder(
            Tokenizer tokenizer,
            Optional<ChatRenderer> renderer,
            DataConfig config,
            int contextLength,
            Optional<StepConfig> steps) {
        int maxLength = config.maxLength().orElse(contextLength);
        if (maxLength > contextLength) {
            throw new PlumbException("data.max_length=" + maxLength + " is more than the model's context of "
                    + contextLength + " tokens. Lower it.");
        }
        this.tokenizer = tokenizer;
        this.config = config;
        this.hasTemplate = renderer.isPresent();
        this.special = new SpecialTokens(tokenizer);
        this.dialogues = new DialogueTokenizer(tokenizer, renderer, special, config.addEos());
        this.limit = new LengthLimit(maxLength, config.truncation(), tokenizer.bos());
        this.beliefs = new BeliefEncoder(tokenizer, dialogues, limit);
        this.steps = steps.map(how -> new StepEncoder(tokenizer, dialogues, how));
    }

    /**
     * An encoder.
     *
     * @param tokenizer the model's tokenizer; stays the caller's
     * @param renderer renders conversations; empty if the model has no chat template
     * @param config the settings
     * @param contextLength the longest row that the model reads, in tokens
     * @throws PlumbException if the settings ask for longer rows than that
     */
    public Encoder(Tokenizer tokenizer, Optional<ChatRenderer> renderer, DataConfig config, int contextLength) {
        this(tokenizer, renderer, config, contextLength, Optional.empty());
    }

    /**
     * Encodes a row.
     *
     * @param row any row
     * @return its tokens, or why it cannot be learnt from
     * @throws PlumbException if it is a conversation and there is no chat template
     */
    public EncodedRow encode(Row row) {
        try {
            if (steps.isPresent()) {
                return steps(row, steps.get());
            }
            if (row instanceof Row.Preference preference) {
                return pair(preference);
            }
            if (row instanceof Row.Ranked ranked) {
                return ranked(ranked);
            }
            if (row instanceof Row.Judged judged) {
                return judged(judged);
            }
            if (row instanceof Row.Prompt prompt) {
                return prompt(prompt);
            }
            if (row instanceof Row.Belief belief) {
                check(belief.tools(), belief.prompt(), new Content.Plain(belief.prefix()));
                check(belief.tools(), belief.chosen(), belief.rejected());
                onlyAssistant(belief.chosen());
                onlyAssistant(belief.rejected());
                return beliefs.encode(belief);
            }
            return sequence((Row.Demonstration) row);
        } catch (UnfitRowException e) {
            return new EncodedRow.Refused(e.fault(), String.valueOf(e.getMessage()));
        }
    }

    /**
     * Encodes what a model is to continue, in the way of training rows.
     *
     * @param prompt text, or a conversation that the assistant is to answer
     * @param tools tool descriptions for the chat template, empty if none
     * @return token ids
     * @throws PlumbException if it cannot be encoded
     */
    public int[] prompt(Content prompt, List<Map<String, Object>> tools) {
        try {
            check(tools, prompt);
            return dialogues.opened(dialogues.prompt(new RowId("the prompt", 1), prompt, tools));
        } catch (UnfitRowException e) {
            throw new PlumbException(
                    "The prompt cannot be encoded: " + e.getMessage() + ". "
                            + e.fault().remedy(),
                    e);
        }
    }

    Tokenizer tokenizer() {
        return tokenizer;
    }

    DataConfig config() {
        return config;
    }

    int maxLength() {
        return limit.maxLength();
    }

    boolean hasTemplate() {
        return hasTemplate;
    }

    /** How many solutions had more steps than step settings allow. */
    long stepsMerged() {
        return steps.map(StepEncoder::merged).orElse(0L);
    }

    boolean isSpecial(int id) {
        return special.is(id);
    }

    private EncodedRow pair(Row.Preference row) throws UnfitRowException {
        check(row.tools(), row.prompt(), row.chosen(), row.rejected());
        onlyAssistant(row.chosen());
        onlyAssistant(row.rejected());
        DialogueTokenizer.Prompt prompt = dialogues.prompt(row.id(), row.prompt(), row.tools());
        Dialogue chosen = dialogues
                .joined(row.id(), prompt, row.chosen(), row.tools(), false)
                .upToLastSpoken();
        Dialogue rejected = dialogues
                .joined(row.id(), prompt, row.rejected(), row.tools(), false)
                .upToLastSpoken();
        if (chosen.answerIds().length == 0 || rejected.answerIds().length == 0) {
            throw new UnfitRowException(EncodingFault.NOTHING_TRAINED, "an answer has no token");
        }
        if (Arrays.equals(chosen.ids(), rejected.ids())) {
            throw new UnfitRowException(EncodingFault.SAME_TOKENS, "chosen and rejected are the same tokens");
        }
        return limit.fit(
                new TokenPair(chosen.promptIds(), chosen.answerIds(), rejected.answerIds(), row.judgement()),
                chosen.conversation());
    }

    private EncodedRow ranked(Row.Ranked row) throws UnfitRowException {
        check(row.tools(), row.prompt());
        DialogueTokenizer.Prompt prompt = dialogues.prompt(row.id(), row.prompt(), row.tools());
        int[] promptIds = new int[0];
        boolean conversation = false;
        List<int[]> completions = new ArrayList<>();
        for (Content completion : row.completions()) {
            check(row.tools(), completion);
            onlyAssistant(completion);
            Dialogue dialogue = dialogues
                    .joined(row.id(), prompt, completion, row.tools(), false)
                    .upToLastSpoken();
            if (dialogue.answerIds().length == 0) {
                throw new UnfitRowException(EncodingFault.NOTHING_TRAINED, "an answer has no token");
            }
            promptIds = dialogue.promptIds();
            conversation = dialogue.conversation();
            completions.add(dialogue.answerIds());
        }
        int[] ranks = row.ranks().stream().mapToInt(rank -> rank).toArray();
        TokenRanked ranked = new TokenRanked(promptIds, completions, ranks);
        if (ranked.contradictsItself()) {
            throw new UnfitRowException(
                    EncodingFault.SAME_TOKENS, "two answers of different ranks are the same tokens");
        }
        return limit.fit(ranked, conversation);
    }

    private EncodedRow judged(Row.Judged row) throws UnfitRowException {
        check(row.tools(), row.prompt(), row.completion());
        onlyAssistant(row.completion());
        DialogueTokenizer.Prompt prompt = dialogues.prompt(row.id(), row.prompt(), row.tools());
        Dialogue dialogue = dialogues
                .joined(row.id(), prompt, row.completion(), row.tools(), false)
                .upToLastSpoken();
        if (dialogue.answerIds().length == 0) {
            throw new UnfitRowException(EncodingFault.NOTHING_TRAINED, "the answer has no token");
        }
        return limit.fit(
                new TokenJudged(dialogue.promptIds(), dialogue.answerIds(), row.desirable()), dialogue.conversation());
    }

    private EncodedRow prompt(Row.Prompt row) throws UnfitRowException {
        check(row.tools(), row.prompt());
        DialogueTokenizer.Prompt prompt = dialogues.prompt(row.id(), row.prompt(), row.tools());
        return limit.fit(
                new TokenPrompt(dialogues.opened(prompt), JsonText.write(row.columns())),
                row.prompt() instanceof Content.Chat);
    }

    private EncodedRow steps(Row row, StepEncoder encoder) throws UnfitRowException {
        if (row instanceof Row.Steps given) {
            check(given.tools(), given.prompt());
            check(List.of(), new Content.Plain(String.join("\n", given.steps())));
        } else if (row instanceof Row.Judged judged) {
            check(judged.tools(), judged.prompt(), judged.completion());
        } else if (row instanceof Row.Demonstration demonstration) {
            check(demonstration.tools(), demonstration.completion());
            check(List.of(), demonstration.prompt().orElseThrow());
        }
        EncodedRow.Kept kept = limit.fit(encoder.encode(row), StepEncoder.isConversation(row));
        boolean labelled = row instanceof Row.Judged
                || row instanceof Row.Steps given
                        && !Arrays.stream(given.labels()).allMatch(Double::isNaN);
        if (kept.example().trainedTokens() == 0 && labelled) {
            throw new UnfitRowException(
                    EncodingFault.NO_LABELLED_STEP, "no step with a label is left within the limit");
        }
        return kept;
    }

    private EncodedRow sequence(Row.Demonstration row) throws UnfitRowException {
        Content completion = row.completion();
        if (completion instanceof Content.Plain && config.trainOn() == TrainOn.ASSISTANT) {
            throw new UnfitRowException(
                    EncodingFault.NOT_A_CONVERSATION, "data.train_on=assistant, but the row is plain text");
        }
        check(row.tools(), completion);
        Dialogue dialogue;
        if (row.prompt().isPresent()) {
            check(row.tools(), row.prompt().get());
            DialogueTokenizer.Prompt prompt =
                    dialogues.prompt(row.id(), row.prompt().get(), row.tools());
            dialogue =
                    dialogues.joined(row.id(), prompt, completion, row.tools(), config.trainOn() == TrainOn.ASSISTANT);
        } else {
            dialogue = dialogues.alone(row.id(), completion, row.tools());
        }
        return limit.fit(dialogue.sequence(config.trainOn()), dialogue.prompt(), dialogue.conversation());
    }

    private void check(List<Map<String, Object>> tools, Content... contents) throws UnfitRowException {
        if (config.allowSpecialTokens()) {
            return;
        }
        for (Content content : contents) {
            special.refuseIn(content);
        }
        special.refuseIn(tools, "a tool description");
    }

    private static void onlyAssistant(Content answer) throws UnfitRowException {
        if (answer instanceof Content.Chat chat) {
            for (Message message : chat.messages()) {
                if (!message.role().equals("assistant")) {
                    throw new UnfitRowException(
                            EncodingFault.OTHER_TURNS_IN_ANSWER, "an answer holds a turn of the " + message.role());
                }
            }
        }
    }
}
