package dev.plumb.data;

/** Which tokens of a demonstration are targets. */
public enum TrainOn {
    /** The completion where the row has a prompt, the assistant's turns in a conversation, all of a plain text. */
    AUTO,
    /** What follows the prompt; of a whole conversation, the assistant's last turn; of a plain text, everything. */
    COMPLETION,
    /** Every turn of the assistant, those of the prompt too. */
    ASSISTANT,
    /** Every token. */
    ALL
}
