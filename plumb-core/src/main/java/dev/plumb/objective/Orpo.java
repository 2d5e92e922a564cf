package dev.plumb.objective;

import dev.plumb.config.Setting;
import dev.plumb.tensor.Functional;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Odds ratio preference optimisation (arXiv 2403.07691): fine-tunes on the chosen completions and, in the same stage and without a
 * reference, keeps the rejected ones improbable.
 *
 * <p>With a = S / L the log-probability of a completion over its L tokens, P = e^a, odds(P) = P / (1 − P), and w, l the chosen and
 * the rejected completion of a prompt, equations 6 and 7 are
 *
 * <p>L = NLL_w − λ E log σ(log odds(P_w) − log odds(P_l)).
 *
 * <p>NLL_w is the mean of −ℓ over the tokens of all chosen completions. Departures: TRL has the prompt's tokens in NLL_w too, here
 * they are not, as in the authors' code with {@code disable_prompt_loss}; a is at most −1e-7, since the odds of certainty are
 * infinite. The variant {@code seed} leaves out 1 − P and the division by L, log σ(S_w − S_l), and takes the mean over completions
 * of −a_w. Log-probabilities in the metrics are a; rewards are λ a, or λ S with
 * {@code seed}.
 */
public final class Orpo implements PreferenceObjective {
    private static final double CERTAIN = -1e-7;
    private static final double NEARLY_CERTAIN = -1e-3;
    private final Config config;

    /**
     * The objective.
     *
     * @param config its settings
     */
    public Orpo(Config config) {
        this.config = config;
    }

    /** What the two completions are compared by. */
    public enum Variant {
        /** Odds of the geometric mean of the tokens' probabilities. */
        PAPER,
        /** Probabilities of whole completions. */
        SEED
    }

    /**
     * Settings of ORPO.
     *
     * @param beta λ
     * @param variant what the two completions are compared by
     */
    public record Config(
            @Setting(
                    doc = "Weight of the comparison beside the likelihood of the chosen answers.",
                    byDefault = "0.1",
                    min = 0,
                    source = "arXiv 2403.07691 eq. 6 (λ there; 0.1 to 0.25 by model); TRL")
            double beta,

            @Setting(
                    doc = "paper: compares odds of tokens' mean probability; seed: compares log-probabilities of whole"
                            + " answers, without odds, so that long answers saturate.",
                    byDefault = "paper",
                    source = "arXiv 2403.07691 eq. 7")
            Variant variant) {}

    @Override
    public Loss loss(PreferenceBatch batch, Step step) {
        Tensor sums = batch.sums(batch.policy()); // S, [2 pairs]
        Tensor means = sums.div(batch.lengths()); // a
        boolean paper = config.variant() == Variant.PAPER;
        Tensor compared = paper ? logOdds(means) : sums;
        Tensor logRatio = batch.chosen(compared).sub(batch.rejected(compared)); // [pairs]
        Tensor nll = paper
                ? batch.chosen(sums).sum().div(-step.chosenTokens())
                : batch.chosen(means).sum().div(-step.pairs());
        Tensor losses = Functional.softplus(logRatio.neg());
        Tensor share = nll.add(losses.sum().mul(config.beta()).div(step.pairs()));
        Tensor rewards = (paper ? means : sums).detach().mul(config.beta());
        return new Loss(share, measures(batch, means.detach(), rewards, logRatio.detach(), losses.detach()));
    }

    private static Tensor logOdds(Tensor means) {
        Tensor a = means.clampMax(CERTAIN);
        return a.sub(Functional.log1mExp(a));
    }

    private List<Measure> measures(
            PreferenceBatch batch, Tensor means, Tensor rewards, Tensor logRatio, Tensor losses) {
        double[] a = means.toDoubles();
        List<Measure> out = new ArrayList<>(
                PreferenceMeasures.of(a, rewards.toDoubles(), batch.lengths().toDoubles()));
        out.add(PreferenceMeasures.nll(batch, config.variant() == Variant.PAPER));
        out.add(Measure.mean("log_odds_ratio", losses.neg().toDoubles()));
        out.add(Measure.mean("log_odds_chosen", logRatio.toDoubles()));
        double near = 0;
        for (double mean : a) {
            near += mean > NEARLY_CERTAIN ? 1 : 0;
        }
        out.add(new Measure("orpo/near_one_frac", near, a.length));
        return out;
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
