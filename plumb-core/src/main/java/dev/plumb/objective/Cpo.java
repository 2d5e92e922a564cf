package dev.plumb.objective;

import dev.plumb.config.Setting;
import dev.plumb.tensor.Functional;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Contrastive preference optimisation (arXiv 2401.08417): DPO with a uniform reference, which drops out, and imitation of the
 * chosen completions, which holds the policy in its place.
 *
 * <p>With S the log-probability of a completion and w, l the chosen and the rejected completion of a prompt,
 *
 * <p>L = − E log σ(β (S_w − S_l)) + α NLL_w,
 *
 * <p>NLL_w the mean of −ℓ over the tokens of all chosen completions. Losses of u = β (S_w − S_l) are those of TRL: with label
 * smoothing, hinge; and with mean log-probabilities a = S / L in place of S that of IPO (arXiv 2310.12036) and that of SimPO
 * (arXiv 2405.14734), − log σ(β (r(a_w) − r(a_l)) − γ), where r is the reward of AlphaPO (arXiv 2501.03884). Log-probabilities in
 * the metrics are those that are compared, S or a.
 */
public final class Cpo implements PreferenceObjective {
    private final Config config;

    /**
     * The objective.
     *
     * @param config its settings
     */
    public Cpo(Config config) {
        this.config = config;
    }

    /** Losses of a pair. */
    public enum LossType {
        /** −(1−ε) log σ(u) − ε log σ(−u). */
        SIGMOID,
        /** max(0, 1 − u). */
        HINGE,
        /** (a_w − a_l − 1 / 2β)². */
        IPO,
        /** The sigmoid loss of β (r(a_w) − r(a_l)) − γ. */
        SIMPO;

        boolean usesSmoothing() {
            return this == SIGMOID || this == SIMPO;
        }

        boolean usesMeans() {
            return this == IPO || this == SIMPO;
        }
    }

    /**
     * Settings of CPO.
     *
     * @param beta β
     * @param lossType the loss of a pair
     * @param cpoAlpha α, the weight of imitation
     * @param labelSmoothing ε
     * @param simpoGamma γ
     * @param alpha α of AlphaPO's reward
     */
    public record Config(
            @Setting(
                    doc = "Scale of the rewards: a large one makes a small difference count. simpo wants 2 to 10.",
                    byDefault = "0.1",
                    min = 0,
                    aboveMin = true,
                    source = "arXiv 2401.08417; TRL")
            double beta,

            @Setting(
                    doc = "sigmoid, hinge, ipo or simpo; the last two compare mean log-probabilities of tokens. simpo"
                            + " with cpo_alpha is CPO-SimPO.",
                    byDefault = "sigmoid",
                    source = "arXiv 2401.08417, 2305.10425, 2310.12036, 2405.14734; TRL")
            LossType lossType,

            @Setting(
                    doc = "Weight of imitating the chosen answers; 0 leaves it out.",
                    byDefault = "1.0",
                    min = 0,
                    source = "arXiv 2401.08417; TRL")
            double cpoAlpha,

            @Setting(
                    doc = "Probability that a label is flipped, with sigmoid and simpo.",
                    byDefault = "0.0",
                    min = 0,
                    max = 0.5,
                    belowMax = true,
                    source = "TRL; cDPO (Mitchell 2023)")
            double labelSmoothing,

            @Setting(
                    doc = "The margin that the chosen answer is to win by, with simpo: about a quarter of beta.",
                    byDefault = "0.5",
                    min = 0,
                    source = "arXiv 2405.14734 eq. 6; TRL")
            double simpoGamma,

            @Setting(
                    doc =
                            "Shape of simpo's reward: above 0 improbable answers weigh more, below 0 probable ones; 0 is the"
                                    + " mean log-probability.",
                    byDefault = "0.0",
                    source = "AlphaPO, arXiv 2501.03884; TRL")
            double alpha) {
        /** Checks what single ranges cannot. */
        public Config {
            if (labelSmoothing > 0 && !lossType.usesSmoothing()) {
                throw new IllegalArgumentException(
                        "label_smoothing is used by loss_type sigmoid and simpo only, not by " + lossType);
            }
            if (alpha != 0 && lossType != LossType.SIMPO) {
                throw new IllegalArgumentException("alpha is used by loss_type simpo only, not by " + lossType);
            }
        }
    }

    @Override
    public Loss loss(PreferenceBatch batch, Step step) {
        Tensor sums = batch.sums(batch.policy()); // S, [2 pairs]
        Tensor logps = config.lossType().usesMeans() ? sums.div(batch.lengths()) : sums;
        Tensor rewards = AlphaPo.reward(logps, config.alpha()).mul(config.beta());
        Tensor u = batch.chosen(rewards).sub(batch.rejected(rewards)); // [pairs]
        Tensor share = perPair(u).sum().div(step.pairs());
        List<Measure> measures = new ArrayList<>(PreferenceMeasures.of(
                logps.detach().toDoubles(),
                rewards.detach().toDoubles(),
                batch.lengths().toDoubles()));
        if (config.cpoAlpha() > 0) {
            Tensor nll = batch.chosen(sums).sum().div(-step.chosenTokens());
            share = share.add(nll.mul(config.cpoAlpha()));
            measures.add(PreferenceMeasures.nll(batch, true));
        }
        return new Loss(share, measures);
    }

    private Tensor perPair(Tensor u) {
        return switch (config.lossType()) {
            case SIGMOID -> smoothed(u);
            case HINGE -> u.neg().add(1).relu();
            case IPO -> u.div(config.beta()).sub(1 / (2 * config.beta())).square();
            case SIMPO -> smoothed(u.sub(config.simpoGamma()));
        };
    }

    private Tensor smoothed(Tensor u) {
        return Functional.softplus(u.neg()).add(u.mul(config.labelSmoothing()));
    }

    @Override
    public boolean needsReference() {
        return false;
    }

    @Override
    public boolean needsSquaredMass() {
        return false;
    }

    @Override
    public double lossAtStart() {
        return Double.NaN;
    }
}
