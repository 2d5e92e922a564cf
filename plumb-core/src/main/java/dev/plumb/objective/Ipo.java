package dev.plumb.objective;

import dev.plumb.config.Setting;
import dev.plumb.tensor.Tensor;
import java.util.List;

/**
 * Identity preference optimisation (arXiv 2310.12036): pulls the gap between the log-ratios of a pair to a finite size, so that
 * preferences nobody contradicts do not drive it to infinity.
 *
 * <p>With S the log-probability of a completion, D = S − S_ref its log-ratio, and w, l the chosen and the rejected completion of
 * a prompt, equation 17 is
 *
 * <p>L = E (h − 1 / 2β)², h = D_w − D_l,
 *
 * <p>where the paper writes τ for β. It pushes back where h is too large. Departure: unless {@code variant} is {@code paper},
 * h = D_w / L_w − D_l / L_l, with L the tokens of a completion. So do TRL and HALOs, and so were the published results obtained,
 * as TRL reports from the authors. A β that suits one suits the other badly. Rewards are β times what h compares.
 */
public final class Ipo implements PreferenceObjective {
    private final Config config;

    /**
     * The objective.
     *
     * @param config its settings
     */
    public Ipo(Config config) {
        this.config = config;
    }

    /** What the gap is between. */
    public enum Variant {
        /** Log-ratios a token. */
        LENGTH_MEAN,
        /** Log-ratios of whole completions. */
        PAPER
    }

    /**
     * Settings of IPO.
     *
     * @param beta β
     * @param variant what the gap is between
     */
    public record Config(
            @Setting(
                    doc = "The gap between the log-ratios of a pair is pulled to 1 / (2 beta): a large beta keeps the"
                            + " policy close to the reference.",
                    byDefault = "0.1",
                    min = 0,
                    aboveMin = true,
                    source = "arXiv 2310.12036 eq. 17 (τ there); TRL")
            double beta,

            @Setting(
                    doc = "length_mean: the gap is between log-ratios a token, as in TRL; paper: between those of whole"
                            + " answers.",
                    byDefault = "length_mean",
                    source = "TRL; paper: arXiv 2310.12036 eq. 17")
            Variant variant) {}

    @Override
    public Loss loss(PreferenceBatch batch, Step step) {
        Tensor policy = batch.sums(batch.policy()); // S, [2 pairs]
        Tensor logRatios =
                policy.sub(batch.sums(batch.reference().orElseThrow()).detach()); // D
        Tensor compared = config.variant() == Variant.LENGTH_MEAN ? logRatios.div(batch.lengths()) : logRatios;
        Tensor gap = batch.chosen(compared).sub(batch.rejected(compared)); // h, [pairs]
        Tensor share = gap.sub(target()).square().sum().div(step.pairs());
        List<Measure> measures = PreferenceMeasures.of(
                policy.detach().toDoubles(),
                logRatios.detach().toDoubles(),
                compared.detach().mul(config.beta()).toDoubles(),
                batch.lengths().toDoubles());
        return new Loss(share, measures);
    }

    private double target() {
        return 1 / (2 * config.beta());
    }

    @Override
    public boolean needsReference() {
        return true;
    }

    @Override
    public boolean needsSquaredMass() {
        return false;
    }

    @Override
    public double lossAtStart() {
        return target() * target();
    }
}
