package dev.plumb.objective;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Metrics of a rollout that no method computes differently: rewards, groups without a difference, lengths. */
public final class RolloutMeasures {
    private RolloutMeasures() {}

    /**
     * Of each reward function by itself.
     *
     * @param names of the functions
     * @param experience the rollout
     * @return rewards/NAME/mean and /std (sample), and of several completions a prompt frac_reward_zero_std/NAME; without what
     *     gave no reward
     */
    public static List<Measure> ofFunctions(List<String> names, Experience experience) {
        List<Measure> out = new ArrayList<>();
        for (int k = 0; k < names.size(); k++) {
            int column = k;
            double[] values = experience.rewards().stream()
                    .mapToDouble(row -> row[column])
                    .toArray();
            Moments moments = Moments.of(values);
            if (moments.count() == 0) {
                continue;
            }
            String name = "rewards/" + names.get(k);
            out.add(Measure.of(name + "/mean", moments.mean()));
            out.add(Measure.of(name + "/std", moments.std(StandardDeviation.SAMPLE)));
            if (experience.groupSize() > 1) {
                List<Moments> groups = groups(values, experience.groupSize());
                out.add(Measure.of(
                        "frac_reward_zero_std/" + names.get(k),
                        groups.stream().filter(RolloutMeasures::dead).count() / (double) groups.size()));
            }
        }
        return out;
    }

    /**
     * Of the steps of completions.
     *
     * @param steps of each completion, with their scores
     * @return prm/mean_score, over all steps; prm/min_score, the mean of each completion's least; prm/steps_per_solution and
     *     prm/tokens_per_step; none where no step was judged
     */
    public static List<Measure> ofSteps(List<Experience.Steps> steps) {
        double sum = 0;
        double least = 0;
        long all = 0;
        long solutions = 0;
        long tokens = 0;
        for (Experience.Steps own : steps) {
            int count = own.ends().length;
            if (count > 0) {
                sum += Arrays.stream(own.rewards()).sum();
                least += Arrays.stream(own.rewards()).min().orElseThrow();
                all += count;
                solutions++;
                tokens += own.ends()[count - 1] + 1;
            }
        }
        return all == 0
                ? List.of()
                : List.of(
                        new Measure("prm/mean_score", sum, all),
                        new Measure("prm/min_score", least, solutions),
                        new Measure("prm/steps_per_solution", all, solutions),
                        new Measure("prm/tokens_per_step", tokens, all));
    }

    /**
     * Of the weighted rewards, the completions' lengths and the advantages, [rows][tokens]. Where no reward has a weight, as where
     * steps alone are paid for, sums of rewards are 0 and none of their measures is given.
     */
    static List<Measure> of(Experience experience, List<double[]> advantages) {
        double[] rewards = experience.rewardSums();
        List<Measure> out = new ArrayList<>();
        long missing = rewards.length - Moments.of(rewards).count();
        out.add(new Measure("unscorable_frac", missing, rewards.length));
        lengthMeasures(experience, out);
        if (Arrays.stream(experience.weights()).anyMatch(weight -> weight != 0)) {
            rewardMeasures(rewards, experience, out);
        }
        double sum = 0;
        long tokens = 0;
        for (double[] row : advantages) {
            sum += Arrays.stream(row).map(Math::abs).sum();
            tokens += row.length;
        }
        if (tokens > 0) {
            out.add(new Measure("advantage/abs_mean", sum, tokens));
        }
        return out;
    }

    private static void rewardMeasures(double[] rewards, Experience experience, List<Measure> out) {
        Moments all = Moments.of(rewards);
        if (all.count() > 0) {
            out.add(new Measure("reward", all.mean() * all.count(), all.count()));
            out.add(Measure.of("reward_std", all.std(StandardDeviation.SAMPLE)));
        }
        if (experience.groupSize() > 1) {
            groupMeasures(rewards, experience.groupSize(), out);
        }
        double[] lengths = Arrays.stream(experience.lengths()).asDoubleStream().toArray();
        double correlation = correlation(rewards, lengths);
        if (!Double.isNaN(correlation)) {
            out.add(Measure.of("reward_length_corr", correlation));
        }
    }

    /** How far the policy that wrote is from the reference: kl, the mean of k3 over tokens, and kl_k1; none without one. */
    static List<Measure> kl(Experience experience) {
        int tokens = Arrays.stream(experience.lengths()).sum();
        if (experience.refLogps().isEmpty() || tokens == 0) {
            return List.of();
        }
        double k3 = Arrays.stream(KlEstimator.K3.sums(experience)).sum();
        double k1 = Arrays.stream(KlEstimator.K1.sums(experience)).sum();
        return List.of(new Measure("kl", k3, tokens), new Measure("kl_k1", k1, tokens));
    }

    /** Groups without a spread teach nothing: of all prompts, and by what they have in common. */
    private static void groupMeasures(double[] rewards, int groupSize, List<Measure> out) {
        double best = Arrays.stream(rewards).filter(r -> !Double.isNaN(r)).max().orElse(Double.NaN);
        double worst =
                Arrays.stream(rewards).filter(r -> !Double.isNaN(r)).min().orElse(Double.NaN);
        List<Moments> groups = groups(rewards, groupSize);
        double dead = 0;
        double allBest = 0;
        double allWorst = 0;
        double unparsed = 0;
        double spread = 0;
        for (Moments group : groups) {
            spread += group.std(StandardDeviation.SAMPLE);
            if (!dead(group)) {
                continue;
            }
            dead++;
            boolean one = best - worst <= Moments.NO_SPREAD; // all rewards are equal: 0 and less counts as bad
            if (group.count() == 0) {
                unparsed++;
            } else if (one ? best > 0 : group.mean() >= best - Moments.NO_SPREAD) {
                allBest++;
            } else if (one || group.mean() <= worst + Moments.NO_SPREAD) {
                allWorst++;
            }
        }
        int n = groups.size();
        out.add(new Measure("frac_reward_zero_std", dead, n));
        out.add(new Measure("reward/group_std_mean", spread, n));
        out.add(new Measure("dead_groups/all_best", allBest, n));
        out.add(new Measure("dead_groups/all_worst", allWorst, n));
        out.add(new Measure("dead_groups/unparsed", unparsed, n));
    }

    private static List<Moments> groups(double[] rewards, int groupSize) {
        return IntStream.range(0, rewards.length / groupSize)
                .mapToObj(g -> Moments.of(rewards, g * groupSize, (g + 1) * groupSize))
                .toList();
    }

    private static boolean dead(Moments group) {
        return group.std(StandardDeviation.SAMPLE) <= Moments.NO_SPREAD;
    }

    private static void lengthMeasures(Experience experience, List<Measure> out) {
        int[] lengths = experience.lengths();
        int[] whole = IntStream.range(0, lengths.length)
                .filter(i -> experience.stopped()[i])
                .map(i -> lengths[i])
                .toArray();
        out.add(new Measure("completions/clipped_ratio", lengths.length - whole.length, lengths.length));
        extents("length", lengths, out);
        extents("terminated_length", whole, out);
    }

    private static void extents(String what, int[] lengths, List<Measure> out) {
        if (lengths.length > 0) {
            out.add(new Measure(
                    "completions/mean_" + what, Arrays.stream(lengths).sum(), lengths.length));
            out.add(Measure.min(
                    "completions/min_" + what, Arrays.stream(lengths).min().getAsInt()));
            out.add(Measure.max(
                    "completions/max_" + what, Arrays.stream(lengths).max().getAsInt()));
        }
    }

    /** Pearson's; NaN where one of both has no spread. */
    private static double correlation(double[] rewards, double[] lengths) {
        double[] matched = lengths.clone();
        for (int i = 0; i < matched.length; i++) {
            matched[i] = Double.isNaN(rewards[i]) ? Double.NaN : matched[i];
        }
        Moments r = Moments.of(rewards);
        Moments l = Moments.of(matched);
        double products = 0;
        for (int i = 0; i < rewards.length; i++) {
            products += Double.isNaN(rewards[i]) ? 0 : (rewards[i] - r.mean()) * (lengths[i] - l.mean());
        }
        double scale = Math.sqrt(r.squares() * l.squares());
        return scale <= Moments.NO_SPREAD ? Double.NaN : products / scale;
    }
}
