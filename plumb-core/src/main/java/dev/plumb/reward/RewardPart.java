package dev.plumb.reward;

import java.time.Duration;
import java.util.Optional;

/**
 * One of several rewards and how it enters their sum: clipped, then normalised, then weighted.
 *
 * @param name what its metrics are called
 * @param reward the reward
 * @param weight its weight
 * @param clipMin the smallest value that it may have
 * @param clipMax the largest
 * @param normalise how values are put on one scale
 * @param deadline how long one call may take
 * @param onFailure what becomes of a completion that it could not score
 */
public record RewardPart(
        String name,
        Reward reward,
        double weight,
        Optional<Double> clipMin,
        Optional<Double> clipMax,
        Normalise normalise,
        Duration deadline,
        OnFailure onFailure) {
    /** Checks bounds. */
    public RewardPart {
        if (!Double.isFinite(weight)) {
            throw new IllegalArgumentException(name + ": the weight is " + weight);
        }
        if (clipMin.isPresent() && clipMax.isPresent() && clipMin.get() > clipMax.get()) {
            throw new IllegalArgumentException(
                    name + ": clip_min " + clipMin.get() + " is above clip_max " + clipMax.get());
        }
        if (deadline.isZero() || deadline.isNegative()) {
            throw new IllegalArgumentException(name + ": the deadline is " + deadline);
        }
    }

    /** How values are put on one scale. */
    public enum Normalise {
        /** They stay as they are. */
        NONE,
        /** (r − mean) / (std + 1e-4) over the completions of the call that have one, std with n − 1. */
        BATCH
    }

    /** What becomes of a completion that a reward could not score. */
    public enum OnFailure {
        /** It has no reward at all and is not learnt from. */
        MASK,
        /** The other rewards alone make its sum. */
        SKIP
    }

    /**
     * A reward with weight 1 as it is, ten seconds a call.
     *
     * @param name what its metrics are called
     * @param reward the reward
     * @return the part
     */
    public static RewardPart of(String name, Reward reward) {
        return new RewardPart(
                name,
                reward,
                1,
                Optional.empty(),
                Optional.empty(),
                Normalise.NONE,
                Duration.ofSeconds(10),
                OnFailure.MASK);
    }

    double clip(double value) {
        return Math.min(Math.max(value, clipMin.orElse(value)), clipMax.orElse(Double.POSITIVE_INFINITY));
    }
}
