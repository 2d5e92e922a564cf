package dev.plumb.cli;

/**
 * A sum of a number of two digits and one of one digit in which a ten is carried, below 100.
 *
 * @param first 11 to 89
 * @param second 1 to 9
 */
record Sum(int first, int second) implements Question {
    private static final String LEAD = "The answer is ";

    /** Refuses other sums. */
    Sum {
        if (first < 10 || first > 89 || second < 1 || second > 9 || first % 10 + second < 10) {
            throw new IllegalArgumentException(first + " and " + second + " are no such sum");
        }
    }

    /** What it comes to. */
    int total() {
        return first + second;
    }

    @Override
    public String text() {
        return first + "+" + second + "=?";
    }

    @Override
    public String truth() {
        return Integer.toString(total());
    }

    /**
     * The sum worked out digit by digit, as in {@code 7+5=12, 2+1=3. The answer is 32.}
     *
     * @param carried whether the ten is carried, or forgotten as in {@code 7+5=12. The answer is 22.}
     */
    String workedOut(boolean carried) {
        int ones = first % 10 + second;
        int tens = first / 10;
        String digits = first % 10 + "+" + second + "=" + ones;
        return carried
                ? digits + ", " + tens + "+1=" + (tens + 1) + ". " + LEAD + total() + "."
                : digits + ". " + LEAD + (total() - 10) + ".";
    }

    @Override
    public boolean earns(String answer, Merit merit) {
        return merit == Merit.SUM && answer.endsWith(LEAD + total() + ".");
    }
}
