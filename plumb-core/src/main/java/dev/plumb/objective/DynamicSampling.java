package dev.plumb.objective;

/**
 * Which prompts of a rollout teach something (DAPO, arXiv 2503.14476, equation 11): those whose completions differ in reward.
 * Learning from them only changes which prompts count, so how many were kept is to be said.
 */
public final class DynamicSampling {
    private DynamicSampling() {}

    /**
     * Whether the completions of a prompt differ.
     *
     * @param rewards of one group; NaN where there is none
     * @return false if all rewards that there are are equal, or there is none
     */
    public static boolean informative(double[] rewards) {
        return Moments.of(rewards).std(StandardDeviation.SAMPLE) > Moments.NO_SPREAD;
    }
}
