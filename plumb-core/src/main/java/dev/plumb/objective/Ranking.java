package dev.plumb.objective;

/**
 * What people said of some completions of one prompt: a pair is a ranking of two.
 *
 * @param items which rewards of the batch are theirs
 * @param ranks the rank of each, 1 for the best; completions of one rank are equally good
 * @param probability how probable it is that a better one is better, ½ to 1: a soft label
 * @param weight what it counts, 1 as a rule
 * @param margin by how much the reward of a better one is to exceed that of a worse one, μ; 0 where nothing is said of it
 */
public record Ranking(int[] items, int[] ranks, double probability, double weight, double margin) {
    /** Checks that there is something to compare. */
    public Ranking {
        if (items.length < 2 || items.length != ranks.length) {
            throw new IllegalArgumentException(items.length + " completions with " + ranks.length + " ranks");
        }
    }

    /**
     * A ranking of which no more is said.
     *
     * @param items as above
     * @param ranks as above
     */
    public Ranking(int[] items, int[] ranks) {
        this(items, ranks, 1, 1, 0);
    }

    /**
     * A pair.
     *
     * @param better which reward is that of the better completion
     * @param worse which is that of the other
     * @param margin as above
     * @return the ranking of the two
     */
    public static Ranking pair(int better, int worse, double margin) {
        return new Ranking(new int[] {better, worse}, new int[] {1, 2}, 1, 1, margin);
    }

    /**
     * The same with another weight.
     *
     * @param other the weight
     * @return the ranking
     */
    public Ranking weighing(double other) {
        return new Ranking(items, ranks, probability, other, margin);
    }

    /**
     * Whether one completion is better than another.
     *
     * @return false if all have one rank
     */
    public boolean tellsApart() {
        for (int rank : ranks) {
            if (rank != ranks[0]) {
                return true;
            }
        }
        return false;
    }
}
