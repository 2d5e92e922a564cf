package dev.plumb.objective;

import dev.plumb.config.Setting;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * ReMax (arXiv 2310.10505): a completion is compared with the most probable one to the same prompt, which is written and
 * rewarded too and not learnt from.
 *
 * <p>With r the reward of a completion and S its log-probability,
 *
 * <p>Â = r(y) − β (S_old − S_ref) − r(y_greedy), L = −1/B Σ Â S.
 *
 * <p>The policy must be the one that wrote the completions. Where either has no reward, the advantage is 0.
 */
public final class ReMax implements PolicyObjective {
    private final Config config;

    /**
     * The objective.
     *
     * @param config its settings
     */
    public ReMax(Config config) {
        this.config = config;
    }

    /**
     * Settings of ReMax.
     *
     * @param beta β
     */
    public record Config(
            @Setting(
                    doc = "Strength of the pull towards the reference: nats that come off the reward; 0 needs no"
                            + " reference.",
                    byDefault = "0.05",
                    min = 0,
                    source = "as RLOO")
            double beta) {}

    @Override
    public Credit credit(Experience experience, double[] memory) {
        double[] rewards = experience.rewardSums();
        double[] kl = KlEstimator.K1.sums(experience);
        double[] advantages = new double[rewards.length];
        boolean[] kept = new boolean[rewards.length];
        for (int i = 0; i < rewards.length; i++) {
            double baseline = experience.greedyRewards()[i / experience.groupSize()];
            double shaped = rewards[i] - (needsReference() ? config.beta() * kl[i] : 0) - baseline;
            advantages[i] = Double.isNaN(shaped) ? 0 : shaped;
            kept[i] = experience.length(i) > 0;
        }
        List<double[]> perToken = GroupAdvantages.spread(advantages, experience);
        List<Measure> measures = new ArrayList<>(RolloutMeasures.of(experience, perToken));
        measures.addAll(RolloutMeasures.kl(experience));
        Moments greedy = Moments.of(experience.greedyRewards());
        if (greedy.count() > 0) {
            measures.add(new Measure("reward/greedy", greedy.mean() * greedy.count(), greedy.count()));
        }
        return new Credit(perToken, List.of(), kept, memory, measures);
    }

    @Override
    public Loss loss(PolicyBatch batch, Step step) {
        Tensor share = PolicyTerms.plain(batch).sum().div(Math.max(1, step.rows()));
        return new Loss(share, List.of(PolicyTerms.share("policy_loss", share, batch, step)));
    }

    @Override
    public boolean needsReference() {
        return config.beta() > 0;
    }

    @Override
    public boolean needsGreedy() {
        return true;
    }

    @Override
    public boolean onPolicyOnly() {
        return true;
    }
}
