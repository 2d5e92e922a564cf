package dev.plumb.objective;

import dev.plumb.config.Setting;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Rejection-sampling fine-tuning: the policy answers each prompt several times and imitates its best answers. RAFT (arXiv
 * 2304.06767, algorithm 1) imitates the best one of each prompt; with {@code min_reward} only answers that are good enough are
 * imitated, as in STaR (arXiv 2203.14465) and in Llama 2's and DeepSeek-R1's rejection sampling.
 *
 * <p>With r the reward of a completion, S its log-probability and K the completions that are imitated, which of each prompt are at
 * most {@code keep_per_prompt} with the largest R = r − β (S_old − S_ref), all with r ≥ {@code min_reward},
 *
 * <p>L = − Σ_{i ∈ K} Σ_t ℓ_{i,t} / N,
 *
 * <p>N the tokens of K in the step; or the mean over K of the mean over tokens with {@code reduction: seq_mean_token_mean}.
 *
 * <p>Departures: without {@code min_reward} a prompt whose answers all earn the same has no best one and is left out, where RAFT
 * imitates any. Of equal answers the one drawn first is taken, and not the shortest, which would teach to be short.
 * Log-probabilities are those at the temperature of the draws.
 */
public final class Raft implements PolicyObjective {
    private final Config config;

    /**
     * The objective.
     *
     * @param config its settings
     */
    public Raft(Config config) {
        this.config = config;
    }

    /** What is averaged over. */
    public enum Reduction {
        /** All tokens weigh the same. */
        TOKEN_MEAN,
        /** All completions weigh the same. */
        SEQ_MEAN_TOKEN_MEAN
    }

    /**
     * Settings of rejection-sampling fine-tuning.
     *
     * @param keepPerPrompt completions of a prompt that are imitated at most
     * @param minReward the least reward of one
     * @param beta β
     * @param maskTruncatedCompletions whether completions that were cut off are not imitated
     * @param reduction what is averaged over
     */
    public record Config(
            @Setting(
                    doc = "How many of the answers to a prompt are imitated at most, the best ones first.",
                    byDefault = "1",
                    min = 1,
                    source = "arXiv 2304.06767 algorithm 1")
            int keepPerPrompt,

            @Setting(
                    doc =
                            "Imitate only answers that earn at least this, as 1 for a reward that is 1 for a right answer;"
                                    + " a prompt may then have none. If not given, the best answers of each prompt are"
                                    + " imitated, however bad.",
                    source = "arXiv 2203.14465, 2110.14168")
            Optional<Double> minReward,

            @Setting(
                    doc = "Strength of the pull towards the reference: nats that come off the reward before answers are"
                            + " ranked; 0 needs no reference.",
                    byDefault = "0.0",
                    min = 0,
                    source = "arXiv 2304.06767, λ of the KL penalty there")
            double beta,

            @Setting(
                    doc = "Do not imitate answers that were cut off at the length limit, which would teach not to end.",
                    byDefault = "true",
                    source = "name: TRL's GRPO")
            boolean maskTruncatedCompletions,

            @Setting(
                    doc =
                            "token_mean: every imitated token of a step weighs the same; seq_mean_token_mean: every answer"
                                    + " does.",
                    byDefault = "token_mean",
                    source = "as sft")
            Reduction reduction) {}

    @Override
    public Credit credit(Experience experience, double[] memory) {
        double[] rewards = experience.rewardSums();
        double[] kl = KlEstimator.K1.sums(experience);
        double[] ranks = new double[rewards.length];
        for (int i = 0; i < ranks.length; i++) {
            boolean out = experience.length(i) == 0
                    || config.maskTruncatedCompletions() && !experience.stopped()[i]
                    || rewards[i] < config.minReward().orElse(Double.NEGATIVE_INFINITY);
            ranks[i] = out ? Double.NaN : rewards[i] - (needsReference() ? config.beta() * kl[i] : 0);
        }
        double[] share = new double[ranks.length];
        boolean[] kept = new boolean[ranks.length];
        double earned = 0;
        double imitated = 0;
        double empty = 0;
        int groups = ranks.length / experience.groupSize();
        for (int g = 0; g < groups; g++) {
            List<Integer> best = best(ranks, rewards, g * experience.groupSize(), experience.groupSize());
            for (int i : best) {
                share[i] = 1;
                kept[i] = true;
                earned += rewards[i];
                imitated++;
            }
            empty += best.isEmpty() ? 1 : 0;
        }
        List<Measure> measures = new ArrayList<>(RolloutMeasures.of(experience, List.of()));
        measures.addAll(RolloutMeasures.kl(experience));
        measures.add(new Measure("raft/kept_frac", imitated, ranks.length));
        measures.add(new Measure("raft/prompts_without", empty, groups));
        if (imitated > 0) {
            measures.add(new Measure("reward/kept", earned, imitated));
        }
        return new Credit(GroupAdvantages.spread(share, experience), List.of(), kept, memory, measures);
    }

    /** Rows of a group that are imitated. */
    private List<Integer> best(double[] ranks, double[] rewards, int start, int size) {
        boolean same = Moments.of(rewards, start, start + size).std(StandardDeviation.POPULATION) <= Moments.NO_SPREAD;
        if (same && config.minReward().isEmpty()) {
            return List.of();
        }
        Comparator<Integer> best = Comparator.comparingDouble(i -> -ranks[i]);
        return IntStream.range(start, start + size)
                .filter(i -> !Double.isNaN(ranks[i]))
                .boxed()
                .sorted(best) // keeps the order of equal ones
                .limit(config.keepPerPrompt())
                .toList();
    }

    @Override
    public Loss loss(PolicyBatch batch, Step step) {
        Tensor nll = PolicyTerms.plain(batch); // −ℓ, as Â = 1, [tokens]
        Tensor share = switch (config.reduction()) {
            case TOKEN_MEAN -> nll.sum().div(Math.max(1, step.tokens()));
            case SEQ_MEAN_TOKEN_MEAN -> PolicyTerms.means(nll, batch).sum().div(Math.max(1, step.rows()));
        };
        return new Loss(
                share, List.of(new Measure("nll_loss", nll.detach().sum().item(), nll.numel())));
    }

    @Override
    public boolean needsReference() {
        return config.beta() > 0;
    }

    @Override
    public int smallestGroup() {
        return config.minReward().isPresent() ? 1 : config.keepPerPrompt() + 1;
    }
}
