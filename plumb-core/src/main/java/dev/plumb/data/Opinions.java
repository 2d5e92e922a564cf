package dev.plumb.data;

/**
 * What a row says of how a group of people is spread over beliefs about its prompt. Index is the belief's number. The arrays
 * belong to the reader: they are handed over, not copied.
 *
 * @param probabilities shares that add up to 1; empty if the row gives none
 * @param votes how many people hold each belief, from 0, also fractions; empty if the row gives none
 * @param group a number that stands for the name of the group of prompts that the row belongs to, 0 for none
 */
public record Opinions(double[] probabilities, double[] votes, long group) {
    /** How many numbers a row may give. */
    static final int MOST = 10;

    /** Checks that both speak of the same beliefs. */
    public Opinions {
        if (probabilities.length > 0 && votes.length > 0 && probabilities.length != votes.length) {
            throw new IllegalArgumentException("there are " + probabilities.length + " probabilities and "
                    + votes.length + " numbers of votes, where one a belief is due");
        }
    }

    /**
     * How many beliefs the row knows of.
     *
     * @return a count; 0 if it gives neither probabilities nor votes
     */
    public int beliefs() {
        return Math.max(probabilities.length, votes.length);
    }
}
