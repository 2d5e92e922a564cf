package dev.plumb.data;

/**
 * What people said of a pair beyond that one answer is better.
 *
 * @param margin by how much the reward of the preferred answer is to exceed that of the other, 0 if nothing is said of it
 * @param probability how probable it is that the preferred answer is preferred, ½ to 1
 * @param tie whether the two were found equally good
 */
public record Judgement(double margin, double probability, boolean tie) {
    /** The first answer is better, and no more is said. */
    public static final Judgement PLAIN = new Judgement(0, 1, false);

    /** Checks the ranges. */
    public Judgement {
        if (!(margin >= 0) || !(probability >= 0.5 && probability <= 1)) {
            throw new IllegalArgumentException("margin " + margin + ", probability " + probability);
        }
    }

    /**
     * A margin and no more.
     *
     * @param margin from 0
     * @return the judgement
     */
    public static Judgement of(double margin) {
        return new Judgement(margin, 1, false);
    }
}
