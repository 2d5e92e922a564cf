package dev.plumb.cli;

/** What an exam asks, and what a good answer to it is. */
interface Question {
    /** The question, as the user's turn of a conversation. */
    String text();

    /** The right answer, for people. */
    String truth();

    /**
     * Whether an answer that ended by itself has a merit.
     *
     * @param answer without space around it
     * @param merit one of those that the exam marks
     */
    boolean earns(String answer, Merit merit);
}
