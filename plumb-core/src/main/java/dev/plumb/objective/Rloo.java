package dev.plumb.objective;

import dev.plumb.config.Setting;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * REINFORCE leave-one-out (arXiv 2402.14740): a completion is compared with the mean of the others to its prompt.
 *
 * <p>With S the log-probability of a completion and r its reward,
 *
 * <p>R_i = r_i − β (S_old,i − S_ref,i), Â_i = R_i − mean_{j≠i} R_j,
 *
 * <ul>
 *   <li>{@code paper}: L = −1/B Σ_i Â_i S_i, for the policy that wrote the completions only;
 *   <li>{@code ratio} (TRL): L = −1/B Σ_i min(s_i Â_i, clip(s_i, 1 − ε, 1 + ε) Â_i), s_i = e^(S_i − S_old,i), of the whole
 *       sequence;
 *   <li>{@code token}: −mean over tokens of min(ρ_t Â_i, clip(ρ_t, 1 − ε, 1 + ε) Â_i), for several steps a rollout;
 *   <li>{@code seed}: {@code paper} without a KL.
 * </ul>
 *
 * <p>Only completions that have a reward are compared; the others have advantage 0. S − S_old is kept within ±20.
 */
public final class Rloo implements PolicyObjective {
    private static final double NORMALISING = 1e-4;
    private final Config config;

    /**
     * The objective.
     *
     * @param config its settings
     */
    public Rloo(Config config) {
        this.config = config;
    }

    /** Losses. */
    public enum LossType {
        /** Â S. */
        PAPER,
        /** Clipped ratio of sequences. */
        RATIO,
        /** Clipped ratio of tokens. */
        TOKEN,
        /** Â S, without a KL. */
        SEED
    }

    /**
     * Settings of RLOO.
     *
     * @param lossType which loss
     * @param beta β; always present once bound
     * @param epsilon ε below 1
     * @param epsilonHigh ε above 1; always present once bound
     * @param normalizeAdvantages whether advantages are z-scored over the rollout
     * @param rewardClipRange the least and the largest reward
     */
    public record Config(
            @Setting(
                    doc = "paper (one step a rollout), ratio (clipped ratio of whole answers), token (clipped ratio of"
                            + " tokens, for several steps a rollout), or seed (paper without a KL).",
                    byDefault = "paper",
                    source = "arXiv 2402.14740; ratio: TRL")
            LossType lossType,

            @Setting(
                    doc =
                            "Strength of the pull towards the reference: nats that come off the reward. 0.05 if not given,"
                                    + " 0 with seed.",
                    min = 0,
                    source = "TRL; arXiv 2402.14740: 0.03 to 0.1")
            Optional<Double> beta,

            @Setting(
                    doc = "How far below 1 the ratio of new to old probability may go, with ratio and token.",
                    byDefault = "0.2",
                    min = 0,
                    max = 1,
                    source = "TRL")
            double epsilon,

            @Setting(doc = "How far above 1; epsilon if not given.", min = 0, source = "TRL")
            Optional<Double> epsilonHigh,

            @Setting(
                    doc = "Divide advantages less their mean by their standard deviation, over the whole batch.",
                    byDefault = "false",
                    source = "TRL")
            boolean normalizeAdvantages,

            @Setting(
                    doc = "The least and the largest reward, as in [-10, 10]; what is beyond is clipped, before the KL"
                            + " comes off.",
                    byDefault = "[]",
                    source = "TRL")
            List<Double> rewardClipRange) {
        /** Settles what depends on another setting. */
        public Config {
            rewardClipRange = List.copyOf(rewardClipRange);
            if (lossType == LossType.SEED && beta.orElse(0.0) > 0) {
                throw new IllegalArgumentException(
                        "loss_type: seed has no KL: leave out beta, or use loss_type: paper");
            }
            boolean two = rewardClipRange.size() == 2 && rewardClipRange.get(0) < rewardClipRange.get(1);
            if (!rewardClipRange.isEmpty() && !two) {
                throw new IllegalArgumentException(
                        "reward_clip_range takes the least and the largest reward, as in [-10, 10], and not "
                                + rewardClipRange);
            }
            beta = Optional.of(beta.orElse(lossType == LossType.SEED ? 0.0 : 0.05));
            epsilonHigh = Optional.of(epsilonHigh.orElse(epsilon));
        }

        private double clipped(double reward) {
            return rewardClipRange.isEmpty()
                    ? reward
                    : Math.max(rewardClipRange.get(0), Math.min(rewardClipRange.get(1), reward)); // NaN stays
        }
    }

    @Override
    public Credit credit(Experience experience, double[] memory) {
        double[] shaped = experience.rewardSums();
        double[] kl = KlEstimator.K1.sums(experience);
        boolean[] kept = new boolean[shaped.length];
        for (int i = 0; i < shaped.length; i++) {
            shaped[i] = config.clipped(shaped[i]) - (needsReference() ? beta() * kl[i] : 0);
            kept[i] = experience.length(i) > 0;
        }
        double[] advantages = GroupAdvantages.leaveOneOut(shaped, experience.groupSize());
        if (config.normalizeAdvantages()) {
            for (int i = 0; i < shaped.length; i++) {
                advantages[i] = Double.isNaN(shaped[i]) ? Double.NaN : advantages[i];
            }
            Moments moments = Moments.of(advantages);
            for (int i = 0; i < shaped.length; i++) {
                advantages[i] = moments.standardised(advantages[i], StandardDeviation.SAMPLE, NORMALISING);
            }
        }
        List<double[]> perToken = GroupAdvantages.spread(advantages, experience);
        List<Measure> measures = new ArrayList<>(RolloutMeasures.of(experience, perToken));
        measures.addAll(RolloutMeasures.kl(experience));
        return new Credit(perToken, List.of(), kept, memory, measures);
    }

    @Override
    public Loss loss(PolicyBatch batch, Step step) {
        double low = config.epsilon();
        double high = config.epsilonHigh().orElseThrow();
        List<Measure> measures = new ArrayList<>();
        Tensor share;
        switch (config.lossType()) {
            case RATIO -> {
                Tensor ratio = PolicyTerms.sequenceLogRatios(batch).exp(); // [rows]
                Tensor advantages = PolicyTerms.means(batch.advantages(), batch);
                Tensor terms = PolicyTerms.clipped(ratio, advantages, low, high);
                if (batch.weights().isPresent()) {
                    terms = terms.mul(PolicyTerms.means(batch.weights().get(), batch));
                }
                share = terms.sum().div(Math.max(1, step.rows()));
                double[] ratios = ratio.detach().toDoubles();
                measures.addAll(PolicyTerms.clipMeasures(ratios, advantages.toDoubles(), low, high));
                measures.add(Measure.mean("ratio/mean", ratios));
            }
            case TOKEN -> {
                Tensor ratio = PolicyTerms.logRatios(batch).exp();
                Tensor terms = PolicyTerms.weighted(PolicyTerms.clipped(ratio, batch.advantages(), low, high), batch);
                share = terms.sum().div(Math.max(1, step.tokens()));
                measures.addAll(PolicyTerms.clipMeasures(batch, ratio, low, high));
                measures.add(new Measure("ratio/mean", ratio.detach().sum().item(), ratio.numel()));
            }
            default -> share = PolicyTerms.plain(batch).sum().div(Math.max(1, step.rows()));
        }
        measures.add(PolicyTerms.share("policy_loss", share, batch, step));
        return new Loss(share, measures);
    }

    private double beta() {
        return config.beta().orElseThrow();
    }

    @Override
    public boolean needsReference() {
        return beta() > 0;
    }

    @Override
    public boolean onPolicyOnly() {
        return config.lossType() == LossType.PAPER || config.lossType() == LossType.SEED;
    }

    @Override
    public int smallestGroup() {
        return 2;
    }
}
