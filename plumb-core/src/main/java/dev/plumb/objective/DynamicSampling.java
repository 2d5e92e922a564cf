package dev.plumb.objective;

import java.util.List;
import java.util.stream.IntStream;

/**
 * Which prompts of a rollout teach something (DAPO, arXiv 2503.14476, equation 11): those whose completions differ in reward.
 * Learning from them only changes which prompts count, so how many were kept is to be said.
 */
public final class DynamicSampling {
    private DynamicSampling() {}

    /**
     * A choice.
     *
     * @param taken the groups to learn from, in order
     * @param surplus further ones that differ, for the next step
     * @param missing how many are wanted still
     * @param keepRate share of groups that differ
     */
    public record Choice(List<Integer> taken, List<Integer> surplus, int missing, double keepRate) {
        /** Copies the lists. */
        public Choice {
            taken = List.copyOf(taken);
            surplus = List.copyOf(surplus);
        }
    }

    /**
     * Whether the completions of a prompt differ.
     *
     * @param rewards of one group; NaN where there is none
     * @return false if all rewards that there are are equal, or there is none
     */
    public static boolean informative(double[] rewards) {
        return Moments.of(rewards).std(StandardDeviation.SAMPLE) > Moments.NO_SPREAD;
    }

    /**
     * Chooses groups.
     *
     * @param rewards of all completions, those of a group next to each other
     * @param groupSize completions a group
     * @param wanted how many groups a step takes
     * @return the first of those that differ
     */
    public static Choice choose(double[] rewards, int groupSize, int wanted) {
        int groups = rewards.length / groupSize;
        List<Integer> differ = IntStream.range(0, groups)
                .filter(g ->
                        Moments.of(rewards, g * groupSize, (g + 1) * groupSize).std(StandardDeviation.SAMPLE)
                                > Moments.NO_SPREAD)
                .boxed()
                .toList();
        int taken = Math.min(wanted, differ.size());
        return new Choice(
                differ.subList(0, taken),
                differ.subList(taken, differ.size()),
                wanted - taken,
                groups == 0 ? 0 : differ.size() / (double) groups);
    }
}
