package dev.plumb.cli;

/** What an exam marks an answer for. */
enum Merit {
    /** The answer tells the asked fact. */
    RIGHT("right answers", "the asked fact, no other, and an end"),
    /** The answer is given as preferred. */
    PREFERRED("answers as preferred", "one sentence that names the right book"),
    /** The answer is the sum. */
    SUM("right sums", "the answer is the sum, and an end");

    private final String title;
    private final String note;

    Merit(String title, String note) {
        this.title = title;
        this.note = note;
    }

    /** What is counted. */
    String title() {
        return title;
    }

    /** What an answer needs to count. */
    String note() {
        return note;
    }
}
