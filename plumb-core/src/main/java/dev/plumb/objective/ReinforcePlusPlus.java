package dev.plumb.objective;

import dev.plumb.config.Setting;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * REINFORCE++ (arXiv 2501.03262): PPO's clipped loss without a critic; advantages are compared over the whole batch, so that one
 * completion a prompt will do.
 *
 * <p>{@code paper}: r_t = −β (ℓ_old,t − ℓ_ref,t), the score of the completion added at its last token, A_t = Σ_{s≥t} γ^(s−t)
 * r_s; Â is A less its mean, over its standard deviation, over all tokens of the rollout, and
 *
 * <p>L = −mean over tokens of min(ρ_t Â_t, clip(ρ_t, 1 − ε, 1 + ε_high) Â_t).
 *
 * <p>{@code baseline}: A is the score less the mean of its group, given to each token and standardised likewise; the KL is a term
 * of the loss instead, + β · mean over tokens of k2(ℓ − ℓ_ref).
 *
 * <p>Standard deviations are over n − 1, with 1e-8 added to the variance, as in verl. Completions without a reward have advantage
 * 0 and count in no mean.
 */
public final class ReinforcePlusPlus implements PolicyObjective {
    private final Config config;

    /**
     * The objective.
     *
     * @param config its settings
     */
    public ReinforcePlusPlus(Config config) {
        this.config = config;
    }

    /** Forms. */
    public enum Variant {
        /** Return to go, KL in the reward. */
        PAPER,
        /** Less the mean of the group, KL in the loss. */
        BASELINE
    }

    /**
     * Settings of REINFORCE++.
     *
     * @param variant which form
     * @param beta β
     * @param klEstimator of the KL in the loss or in the reward; always present once bound
     * @param gamma γ
     * @param epsilon ε below 1
     * @param epsilonHigh ε above 1; always present once bound
     */
    public record Config(
            @Setting(
                    doc =
                            "paper (one answer a prompt will do), or baseline (answers are compared in their group first).",
                    byDefault = "paper",
                    source = "arXiv 2501.03262")
            Variant variant,

            @Setting(
                    doc = "Strength of the pull towards the reference, a KL in nats; 0 needs no reference.",
                    byDefault = "0.01",
                    min = 0,
                    source = "OpenRLHF")
            double beta,

            @Setting(
                    doc =
                            "Estimator of the KL: k1 if not given, k2 with baseline, where it is a term of the loss and k1"
                                    + " is refused.",
                    source = "arXiv 2501.03262")
            Optional<KlEstimator> klEstimator,

            @Setting(
                    doc = "What a reward counts one token earlier, with paper; below 1 answers become shorter.",
                    byDefault = "1.0",
                    min = 0,
                    max = 1,
                    source = "arXiv 2501.03262")
            double gamma,

            @Setting(
                    doc = "How far below 1 the ratio of new to old probability may go.",
                    byDefault = "0.2",
                    min = 0,
                    max = 1,
                    source = "arXiv 1707.06347")
            double epsilon,

            @Setting(doc = "How far above 1; epsilon if not given.", min = 0, source = "arXiv 2503.14476")
            Optional<Double> epsilonHigh) {
        /** Settles what depends on another setting. */
        public Config {
            boolean inLoss = variant == Variant.BASELINE;
            if (inLoss && klEstimator.equals(Optional.of(KlEstimator.K1))) {
                throw new IllegalArgumentException("kl_estimator: k1 in the loss has gradient 0 in the mean and holds"
                        + " nothing: use k2 or k3, or variant: paper");
            }
            if (inLoss && gamma < 1) {
                throw new IllegalArgumentException(
                        "gamma is used by variant: paper only: leave it out, or use variant: paper");
            }
            klEstimator = Optional.of(klEstimator.orElse(inLoss ? KlEstimator.K2 : KlEstimator.K1));
            epsilonHigh = Optional.of(epsilonHigh.orElse(epsilon));
        }
    }

    @Override
    public Credit credit(Experience experience, double[] memory) {
        double[] scores = experience.rewardSums();
        List<double[]> raw = new ArrayList<>();
        if (config.variant() == Variant.BASELINE) {
            for (int i = 0; i < scores.length; i++) {
                int start = i - i % experience.groupSize();
                double mean = Moments.of(experience.rewardSums(), start, start + experience.groupSize())
                        .mean();
                double[] row = new double[experience.length(i)];
                Arrays.fill(row, scores[i] - mean); // NaN where there is no reward
                raw.add(row);
            }
        } else {
            List<double[]> rewards = TokenRewards.shaped(
                    experience, scores, config.beta(), config.klEstimator().orElseThrow());
            rewards.forEach(row -> raw.add(TokenRewards.toGo(row, config.gamma())));
        }
        List<double[]> advantages = Moments.whitened(raw, false);
        boolean[] kept = new boolean[scores.length];
        for (int i = 0; i < kept.length; i++) {
            kept[i] = experience.length(i) > 0;
        }
        List<Measure> measures = new ArrayList<>(RolloutMeasures.of(experience, advantages));
        if (config.variant() == Variant.PAPER) {
            measures.addAll(RolloutMeasures.kl(experience));
        }
        return new Credit(advantages, List.of(), kept, memory, measures);
    }

    @Override
    public Loss loss(PolicyBatch batch, Step step) {
        double high = config.epsilonHigh().orElseThrow();
        double tokens = Math.max(1, step.tokens());
        Tensor ratio = PolicyTerms.logRatios(batch).exp();
        Tensor terms =
                PolicyTerms.weighted(PolicyTerms.clipped(ratio, batch.advantages(), config.epsilon(), high), batch);
        Tensor share = terms.sum().div(tokens);
        List<Measure> measures = new ArrayList<>(PolicyTerms.clipMeasures(batch, ratio, config.epsilon(), high));
        measures.add(new Measure("ratio/mean", ratio.detach().sum().item(), ratio.numel()));
        measures.add(PolicyTerms.share("policy_loss", share, batch, step));
        if (config.variant() == Variant.BASELINE && needsReference()) {
            Tensor x = batch.logps().sub(batch.refLogps().orElseThrow());
            Tensor kl = config.klEstimator().orElseThrow().of(x).sum().div(tokens);
            share = share.add(kl.mul(config.beta()));
            measures.addAll(PolicyTerms.klMeasures(batch));
        }
        return new Loss(share, measures);
    }

    @Override
    public boolean needsReference() {
        return config.beta() > 0;
    }

    @Override
    public boolean creditNeedsLogps() {
        return needsReference() && config.variant() == Variant.PAPER;
    }

    @Override
    public int smallestGroup() {
        return config.variant() == Variant.BASELINE ? 2 : 1;
    }
}
