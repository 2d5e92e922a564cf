package dev.plumb.data;

import java.util.Locale;

/** Why a row that was read well cannot become tokens to learn from. */
public enum EncodingFault {
    /** One token spans the end of the prompt and the start of the answer. */
    BOUNDARY_MERGE(
            "Move a space from the end of the prompt to the start of the answer, or end the prompt in a line break."),
    /** Text of the row spells a special token. */
    SPECIAL_TOKEN_IN_TEXT(
            "Take it out of the text, or set data.allow_special_tokens=true if it is meant as that token."),
    /** The row is longer than the limit. */
    TOO_LONG("Raise data.max_length, or set data.truncation to keep_end, keep_start or drop."),
    /** The preferred and the other answer are the same tokens. */
    SAME_TOKENS("Take the row out: there is nothing to prefer."),
    /** No token of the row is a target. */
    NOTHING_TRAINED("Give the row an answer, or see data.train_on."),
    /** The number of a belief is no token of its own behind the prompt. */
    BELIEF_NOT_ONE_TOKEN(
            "End the prompt in a space or a line break, not in a digit; the number of a belief must be one token."),
    /** No step of the solution has a label that is used. */
    NO_LABELLED_STEP("Give one of its steps a label, see label_policy, or set data.on_bad_row=drop."),
    /** The prompt gives no token. */
    EMPTY_PROMPT("Give the row a prompt."),
    /** The chat template refuses the conversation. */
    TEMPLATE_FAILED("Mend the conversation, or choose another template with data.chat_template."),
    /** The rendered prompt is not the beginning of the rendered prompt and answer. */
    TEMPLATE_NOT_PREFIX("Choose another template with data.chat_template, or see data.template_kwargs."),
    /** The prompt is a conversation and the answer plain text, or the other way round. */
    MIXED_FORMS("Write prompt and answer both as messages or both as text."),
    /** An answer of a pair holds turns that are not the assistant's. */
    OTHER_TURNS_IN_ANSWER("Move all but the last turns of the assistant into the prompt."),
    /** Only the assistant's turns are to be learnt, but the row is plain text. */
    NOT_A_CONVERSATION("Set data.train_on to auto, completion or all.");

    private final String remedy;

    EncodingFault(String remedy) {
        this.remedy = remedy;
    }

    /**
     * The name in reports and JSON.
     *
     * @return the constant's name in lower case
     */
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * What to do about it.
     *
     * @return a sentence
     */
    public String remedy() {
        return remedy;
    }
}
