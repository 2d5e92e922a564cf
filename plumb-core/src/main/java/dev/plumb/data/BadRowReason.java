package dev.plumb.data;

import java.util.Locale;

/** Why a row cannot be learnt from. */
public enum BadRowReason {
    /** The text of the row is not JSON, or an object in it has one key twice. */
    MALFORMED_JSON,
    /** The record does not fit the header line of its CSV file. */
    MALFORMED_CSV,
    /** The row is JSON, but not an object with named columns. */
    NOT_AN_OBJECT,
    /** The bytes of the row are not UTF-8, or a JSON escape gives half of a surrogate pair. */
    NOT_UTF8,
    /** The row is larger than {@link RowSource#MAX_ROW_BYTES}. */
    TOO_LARGE,
    /** A column that the file's shape needs is absent or null. */
    MISSING_FIELD,
    /** A column holds another type than the file's shape needs. */
    WRONG_TYPE,
    /** A turn is spoken by a role that is not known. */
    UNKNOWN_ROLE,
    /** The conversation has no turn of the assistant where one is to be learnt. */
    NO_ASSISTANT_TURN,
    /** There is nothing to answer, or two answers have no prompt in common. */
    EMPTY_PROMPT,
    /** What is to be answered ends in an answer. */
    ANSWERED_PROMPT,
    /** There is nothing to learn: the answer is empty or white space. */
    EMPTY_ANSWER,
    /** The preferred and the other answer are the same. */
    CHOSEN_EQUALS_REJECTED,
    /** The numbers that speak of beliefs contradict each other or are out of range. */
    BELIEFS_DO_NOT_FIT;

    /**
     * The name in reports and JSON.
     *
     * @return the constant's name in lower case
     */
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }
}
