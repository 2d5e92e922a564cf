package dev.plumb.objective;

import dev.plumb.config.Setting;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * REINFORCE (Williams 1992) with a moving baseline: completions are compared with what rewards were lately.
 *
 * <p>With r the reward of a completion, S its log-probability and b the baseline,
 *
 * <p>R = r − β (S_old − S_ref), Â = R − b, L = −mean of Â ℓ over all tokens,
 *
 * <p>or L = −1/B Σ Â S with {@code reduction: sequence}; then b ← (1 − a) b + a · mean(R). The policy must be the one that wrote
 * the completions. Completions without a reward have advantage 0 and leave b as it is.
 */
public final class Reinforce implements PolicyObjective {
    private final Config config;

    /**
     * The objective.
     *
     * @param config its settings
     */
    public Reinforce(Config config) {
        this.config = config;
    }

    /** How the loss averages. */
    public enum Reduction {
        /** Over all tokens of the step. */
        TOKEN_MEAN,
        /** Over completions, of the sums over their tokens. */
        SEQUENCE
    }

    /**
     * Settings of REINFORCE.
     *
     * @param baselineRate a
     * @param beta β
     * @param reduction how the loss averages
     */
    public record Config(
            @Setting(
                    doc =
                            "How fast the baseline follows the rewards: 1 is the mean of the batch before, 0 no baseline.",
                    byDefault = "0.1",
                    min = 0,
                    max = 1)
            double baselineRate,

            @Setting(
                    doc = "Strength of the pull towards the reference: nats that come off the reward; 0 needs no"
                            + " reference.",
                    byDefault = "0.0",
                    min = 0)
            double beta,

            @Setting(
                    doc = "token_mean: the mean over all tokens; sequence: the mean over answers of the sum over their"
                            + " tokens.",
                    byDefault = "token_mean",
                    source = "Williams 1992: sequence")
            Reduction reduction) {}

    @Override
    public double[] start() {
        return new double[] {0};
    }

    @Override
    public Credit credit(Experience experience, double[] memory) {
        double baseline = memory[0];
        double[] shaped = experience.rewardSums();
        double[] kl = KlEstimator.K1.sums(experience);
        double[] advantages = new double[shaped.length];
        boolean[] kept = new boolean[shaped.length];
        for (int i = 0; i < shaped.length; i++) {
            shaped[i] -= needsReference() ? config.beta() * kl[i] : 0;
            advantages[i] = Double.isNaN(shaped[i]) ? 0 : shaped[i] - baseline;
            kept[i] = experience.length(i) > 0;
        }
        Moments moments = Moments.of(shaped);
        double rate = moments.count() == 0 ? 0 : config.baselineRate();
        double next = (1 - rate) * baseline + rate * moments.mean();
        List<double[]> perToken = GroupAdvantages.spread(advantages, experience);
        List<Measure> measures = new ArrayList<>(RolloutMeasures.of(experience, perToken));
        measures.addAll(RolloutMeasures.kl(experience));
        measures.add(Measure.of("baseline", baseline));
        return new Credit(perToken, List.of(), kept, new double[] {next}, measures);
    }

    @Override
    public Loss loss(PolicyBatch batch, Step step) {
        long count = config.reduction() == Reduction.TOKEN_MEAN ? step.tokens() : step.rows();
        Tensor share = PolicyTerms.plain(batch).sum().div(Math.max(1, count));
        return new Loss(share, List.of(PolicyTerms.share("policy_loss", share, batch, step)));
    }

    @Override
    public boolean needsReference() {
        return config.beta() > 0;
    }

    @Override
    public boolean onPolicyOnly() {
        return true;
    }
}
