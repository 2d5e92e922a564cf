package dev.plumb.data;

/** What came of encoding a row. */
public sealed interface EncodedRow {
    /**
     * A row that can be trained on.
     *
     * @param example its tokens
     * @param conversation whether a chat template rendered it
     * @param cut what the length limit took away
     */
    record Kept(Example example, boolean conversation, Cut cut) implements EncodedRow {}

    /**
     * A row that cannot.
     *
     * @param fault the kind of fault
     * @param detail the fault in words, without the place
     */
    record Refused(EncodingFault fault, String detail) implements EncodedRow {}

    /**
     * Tokens that the length limit took away.
     *
     * @param prompt of the prompt, or of what else is no target
     * @param answer of the answers, or of what else is a target
     */
    record Cut(int prompt, int answer) {
        static final Cut NONE = new Cut(0, 0);

        boolean any() {
            return prompt > 0 || answer > 0;
        }
    }
}
