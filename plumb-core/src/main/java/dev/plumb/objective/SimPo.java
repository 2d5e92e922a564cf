package dev.plumb.objective;

import dev.plumb.config.Setting;
import dev.plumb.tensor.Functional;
import dev.plumb.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * Simple preference optimisation (arXiv 2405.14734): compares the mean log-probabilities of the two completions of a prompt, with
 * a margin, and needs no reference.
 *
 * <p>With a = S / L the log-probability of a completion over its L tokens, and w, l the chosen and the rejected completion,
 * equation 6 is
 *
 * <p>L = − E log σ(u), u = β (r(a_w) − r(a_l)) − γ, r(a) = a.
 *
 * <p>With label smoothing ε it is −(1−ε) log σ(u) − ε log σ(−u). With {@code alpha} the reward r is that of AlphaPO (arXiv
 * 2501.03884). Log-probabilities in the metrics are means over tokens, a.
 */
public final class SimPo implements PreferenceObjective {
    private static final double GAMMA = 0.5;
    private final Config config;

    /**
     * The objective.
     *
     * @param config its settings
     */
    public SimPo(Config config) {
        this.config = config;
    }

    /**
     * Settings of SimPO.
     *
     * @param beta β
     * @param gamma γ
     * @param gammaBetaRatio γ / β
     * @param labelSmoothing ε
     * @param alpha α of AlphaPO's reward
     */
    public record Config(
            @Setting(
                    doc = "Scale of the rewards, which are mean log-probabilities of tokens: a large one makes a small"
                            + " difference count.",
                    byDefault = "2.0",
                    min = 0,
                    aboveMin = true,
                    source = "arXiv 2405.14734: 2 to 2.5; later runs of its authors 10")
            double beta,

            @Setting(
                    doc = "The margin that the chosen answer is to win by; 0.5 if neither this nor gamma_beta_ratio is"
                            + " given.",
                    min = 0,
                    source = "arXiv 2405.14734 eq. 6")
            Optional<Double> gamma,

            @Setting(
                    doc =
                            "The same margin as a share of beta: a difference between mean log-probabilities. Give this or"
                                    + " gamma.",
                    min = 0,
                    source = "the authors' code; published runs 0.1 to 0.8")
            Optional<Double> gammaBetaRatio,

            @Setting(
                    doc = "Probability that a label is flipped.",
                    byDefault = "0.0",
                    min = 0,
                    max = 0.5,
                    belowMax = true,
                    source = "the authors' code; cDPO (Mitchell 2023)")
            double labelSmoothing,

            @Setting(
                    doc =
                            "Shape of the reward: above 0 improbable answers weigh more, below 0 probable ones; 0 is the mean"
                                    + " log-probability.",
                    byDefault = "0.0",
                    source = "AlphaPO, arXiv 2501.03884; TRL")
            double alpha) {
        /** Checks what single ranges cannot. */
        public Config {
            if (gamma.isPresent() && gammaBetaRatio.isPresent()) {
                throw new IllegalArgumentException("gamma and gamma_beta_ratio say the same; give one of them");
            }
        }

        double margin() {
            return gammaBetaRatio.map(ratio -> ratio * beta).or(() -> gamma).orElse(GAMMA);
        }
    }

    @Override
    public Loss loss(PreferenceBatch batch, Step step) {
        Tensor means = batch.sums(batch.policy()).div(batch.lengths()); // a, [2 pairs]
        Tensor rewards = AlphaPo.reward(means, config.alpha()).mul(config.beta());
        Tensor u = batch.chosen(rewards).sub(batch.rejected(rewards)).sub(config.margin()); // [pairs]
        Tensor losses = Functional.softplus(u.neg()).add(u.mul(config.labelSmoothing()));
        List<Measure> measures = PreferenceMeasures.of(
                means.detach().toDoubles(),
                rewards.detach().toDoubles(),
                batch.lengths().toDoubles());
        return new Loss(losses.sum().div(step.pairs()), measures);
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
