package dev.plumb.train;

import dev.plumb.config.PlumbException;

/** Before the first update policy and reference are one model; a loss that says otherwise is a fault, not a start. */
final class SoundStart {
    private static final double BOUND = 1e-3;

    /** Numbers of 16 bits round otherwise where rows are laid out otherwise, or others stand beside them. */
    private static final double NARROW_BOUND = 0.05;

    private static final double MOST_APART = 0.05;

    private SoundStart() {}

    /**
     * Refuses log-probabilities of 32 bits before the first update that are not the same under both models.
     *
     * @param policy of the tokens of an answer; none if nobody asked
     * @param reference of the same tokens; none if nobody asked
     */
    static void requireSame(double[] policy, double[] reference) {
        for (int t = 0; t < Math.min(policy.length, reference.length); t++) {
            if (Math.abs(policy[t] - reference[t]) > BOUND * Math.max(1, Math.abs(reference[t]))) {
                throw new PlumbException(
                        "Before the first update policy and reference must agree, but the log-probability of a"
                                + " token is " + policy[t] + " under the one and " + reference[t]
                                + " under the other. The reference is"
                                + " not the model that is trained.");
            }
        }
    }

    /**
     * Refuses a loss before the first update that cannot be right. One that is no number is refused elsewhere.
     *
     * @param loss as it is
     * @param expected where both agree; NaN where it depends on the rows
     * @param exact whether the weights are of 32 bits
     */
    static void require(double loss, double expected, boolean exact) {
        double bound = exact ? BOUND : NARROW_BOUND;
        if (Math.abs(loss - expected) > bound * Math.max(1, expected)) {
            throw new PlumbException("Before the first update policy and reference must agree and the loss be "
                    + expected + ", but it is " + loss + ". The reference is not the model that is trained.");
        }
    }

    /**
     * Refuses to learn from tokens that were drawn from something else than the policy.
     *
     * @param apart how far log-probabilities of sampler and trainer are apart, the mean over tokens, in nats
     */
    static void requireAgreement(double apart) {
        if (apart > MOST_APART) {
            throw new PlumbException(
                    "Before the first update the log-probabilities with which answers were drawn differ"
                            + " from those that are learnt from by " + apart
                            + " nats a token, in the mean, where rounding gives"
                            + " less than 0.001: sampling and training do not compute the same model. Please report it with the"
                            + " model's config.json; it cannot be learnt from what it writes.");
        }
    }
}
