package dev.plumb.objective;

import dev.plumb.config.Setting;
import dev.plumb.tensor.Functional;
import dev.plumb.tensor.Tensor;

/**
 * The reward model of Bradley and Terry (1952), as InstructGPT fits it (arXiv 2203.02155, equation 1): differences of rewards
 * are log-odds, p(w beats l) = σ(r_w − r_l).
 *
 * <p>L = E [−log σ(Δ) + c (r_w + r_l)²], Δ = r_w − r_l − μ
 *
 * <p>with a margin μ a pair (Llama 2, arXiv 2307.09288, equation 2; 0 without one) and a pull c of the mean reward towards 0,
 * which differences alone leave open (arXiv 2312.09244). A soft label, by which w is
 * preferred with probability p only, makes the first term −p log σ(Δ) − (1−p) log σ(−Δ); so do labels that are wrong with
 * probability ε = 1−p. −log σ is computed as softplus, which stays finite where the sigmoid underflows.
 *
 * <p>Of a ranking of K completions E is the mean over all pairs of which one is better, up to K choose 2, and then over
 * rankings (the same equation): a long ranking counts as much as a pair, and each completion is computed once. A tie makes
 * no pair, or, if so asked, one with p = ½.
 */
public final class BradleyTerry implements RewardObjective {
    private final Config config;
    private final boolean halfTies;

    /**
     * The objective, to which ties say nothing.
     *
     * @param config its settings
     */
    public BradleyTerry(Config config) {
        this(config, false);
    }

    /**
     * The objective.
     *
     * @param config its settings
     * @param halfTies whether a tie counts, as a pair of which either is better with probability ½
     */
    public BradleyTerry(Config config, boolean halfTies) {
        this.config = config;
        this.halfTies = halfTies;
    }

    /**
     * Settings of the reward model's loss.
     *
     * @param centerRewardsCoefficient c
     * @param labelSmoothing ε
     */
    public record Config(
            @Setting(
                    doc = "Pull of the mean reward towards 0, which pairs alone leave open; 0.01 where rewards are"
                            + " compared with a fixed number later.",
                    byDefault = "0.0",
                    min = 0,
                    source = "arXiv 2312.09244; TRL, where none stands for 0")
            double centerRewardsCoefficient,

            @Setting(
                    doc = "Probability that a label is flipped; keeps rewards of pairs that are surely told apart from"
                            + " growing without bound.",
                    byDefault = "0.0",
                    min = 0,
                    max = 0.5)
            double labelSmoothing) {}

    @Override
    public boolean counts(Ranking ranking) {
        return halfTies || ranking.tellsApart();
    }

    @Override
    public Loss loss(RewardBatch batch, Step step) {
        RankedPairs pairs = RankedPairs.of(batch, halfTies);
        Tensor better = pairs.better();
        Tensor worse = pairs.worse();
        Tensor delta = better.sub(worse).sub(pairs.margins()); // [pairs]
        double flipped = config.labelSmoothing();
        Tensor wrong = pairs.probabilities().mul(2 * flipped - 1).add(1 - flipped); // (1−p)(1−ε) + p ε
        Tensor losses = Functional.softplus(delta.neg()).add(delta.mul(wrong));
        if (config.centerRewardsCoefficient() > 0) {
            losses = losses.add(better.add(worse).square().mul(config.centerRewardsCoefficient()));
        }
        return new Loss(losses.mul(pairs.shares()).sum().div(step.rankings()), pairs.measures());
    }
}
