package dev.plumb.evaluate;

/** What a comparison says, in the same words everywhere. */
public enum Verdict {
    /** More than 0 beyond doubt. */
    BETTER("better"),
    /** Less than 0 beyond doubt. */
    WORSE("worse"),
    /** As good as the other, within a margin that was set beforehand. */
    EQUIVALENT("equivalent"),
    /** Neither: the data do not tell. */
    NO_EVIDENCE("no evidence of a difference");

    private final String words;

    Verdict(String words) {
        this.words = words;
    }

    /**
     * Judges a difference. Better or worse needs both: an interval without 0, and a p-value below 0.05 after all tests that were
     * made together were allowed for; the interval alone allows for none of the others.
     *
     * @param low lower end of its 95 % interval
     * @param high upper end
     * @param adjusted its p-value among those of all comparisons, see {@link Holm}
     * @param margin what counts as no difference, at least 0
     * @return the verdict
     */
    public static Verdict of(double low, double high, double adjusted, double margin) {
        boolean sure = adjusted < 0.05;
        if (sure && low > 0) {
            return BETTER;
        }
        if (sure && high < 0) {
            return WORSE;
        }
        return low >= -margin && high <= margin ? EQUIVALENT : NO_EVIDENCE;
    }

    /**
     * The verdict for people.
     *
     * @return a few words
     */
    public String words() {
        return words;
    }
}
