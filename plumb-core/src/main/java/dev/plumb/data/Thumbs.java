package dev.plumb.data;

/**
 * A pair as two judged answers, the chosen one good and the rejected one bad. It is made of the tokens of the pair, so that
 * methods on pairs and methods on judged answers learn from the very same tokens.
 *
 * @param up the good answer
 * @param encodedUp its tokens
 * @param down the bad answer
 * @param encodedDown its tokens
 */
record Thumbs(Row.Judged up, EncodedRow.Kept encodedUp, Row.Judged down, EncodedRow.Kept encodedDown) {
    static Thumbs of(Row.Preference row, EncodedRow.Kept kept, int maxLength) {
        TokenPair pair = (TokenPair) kept.example();
        // An answer that was cut now reaches the limit; of two such answers each is taken to have lost half.
        boolean upCut = pair.prompt().length + pair.chosen().length == maxLength;
        boolean downCut = pair.prompt().length + pair.rejected().length == maxLength;
        int lost = kept.cut().answer();
        int lostUp = upCut && downCut ? lost / 2 : upCut ? lost : 0;
        return new Thumbs(
                new Row.Judged(row.id(), row.prompt(), row.chosen(), true, row.tools()),
                kept(kept, new TokenJudged(pair.prompt(), pair.chosen(), true), lostUp),
                new Row.Judged(row.id(), row.prompt(), row.rejected(), false, row.tools()),
                kept(kept, new TokenJudged(pair.prompt(), pair.rejected(), false), lost - lostUp));
    }

    private static EncodedRow.Kept kept(EncodedRow.Kept pair, TokenJudged answer, int lost) {
        return new EncodedRow.Kept(
                answer, pair.conversation(), new EncodedRow.Cut(pair.cut().prompt(), lost));
    }
}
