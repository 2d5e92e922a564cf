package dev.plumb.objective;

import dev.plumb.config.Setting;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Kahneman-Tversky optimisation (arXiv 2402.01306) and its relatives without a reference point.
 *
 * <p>With S the log-probability of a completion (sum over its tokens), D = S − S_ref its log-ratio, and λ_D, λ_U the weights of
 * good and bad completions, equation 7 is
 *
 * <p>L = E λ_D (1 − σ(β (D − z))) over good and λ_U (1 − σ(β (z − D))) over bad completions, both in one mean,
 *
 * <p>z = max(0, mean over mismatched pairs of S(y_j | x_i) − S_ref(y_j | x_i)), no gradient.
 *
 * <p>z estimates how far the policy is from the reference, from completions y_j of other prompts. It is computed once for the
 * whole step; the maximum is taken of the mean, not of each pair. {@code apo_zero_unpaired} (arXiv 2408.06266) has z = 0;
 * {@code seed} has z = 0 too and adds the means of both classes, so that their counts do not matter. Departure from the paper:
 * a completion is cut where it would not fit behind a longer prompt.
 */
public final class Kto implements UnpairedObjective {
    private static final double SATURATED = 0.01;
    private final Config config;

    /**
     * The objective.
     *
     * @param config its settings
     */
    public Kto(Config config) {
        this.config = config;
    }

    /** Losses. */
    public enum LossType {
        /** With the reference point z, one mean over both classes. */
        KTO,
        /** Without it: σ(−β D) for good and σ(β D) for bad completions, arXiv 2408.06266. */
        APO_ZERO_UNPAIRED,
        /** Without it, the means of both classes added; a class that a step lacks counts 0. */
        SEED
    }

    /**
     * Settings of KTO.
     *
     * @param lossType which loss
     * @param beta β
     * @param desirableWeight λ_D
     * @param undesirableWeight λ_U; always present once bound
     */
    public record Config(
            @Setting(
                    doc =
                            "kto; apo_zero_unpaired: without a reference point, with half the forward passes; seed: without"
                                    + " it, and with the means of good and bad answers added.",
                    byDefault = "kto",
                    source = "TRL; arXiv 2402.01306, 2408.06266")
            LossType lossType,

            @Setting(
                    doc = "Strength of the pull towards the reference: small lets the policy move far, large keeps it"
                            + " close.",
                    byDefault = "0.1",
                    min = 0,
                    aboveMin = true,
                    source = "arXiv 2402.01306; default of paper and TRL")
            double beta,

            @Setting(
                    doc = "What a good answer counts. `check` proposes weights where good and bad answers are not"
                            + " balanced.",
                    byDefault = "1.0",
                    min = 0,
                    source = "arXiv 2402.01306 eq. 8; TRL")
            double desirableWeight,

            @Setting(
                    doc = "What a bad answer counts: 1 if not given, and 1.33 with loss_type: seed.",
                    min = 0,
                    source = "arXiv 2402.01306 eq. 8; TRL")
            Optional<Double> undesirableWeight) {
        /** Settles what depends on another setting. */
        public Config {
            undesirableWeight = Optional.of(undesirableWeight.orElse(lossType == LossType.SEED ? 1.33 : 1.0));
            if (desirableWeight == 0 && undesirableWeight.get() == 0) {
                throw new IllegalArgumentException("desirable_weight and undesirable_weight are both 0");
            }
        }
    }

    @Override
    public Loss loss(UnpairedBatch batch, Step step) {
        Tensor policy = batch.sums(batch.policy()); // S, [completions]
        Tensor logRatios = policy.sub(batch.sums(batch.reference()).detach()); // D
        double drift = needsMismatched() ? drift(step.mismatched()) : 0;
        double z = Math.max(0, drift);
        Tensor u = logRatios.sub(z).mul(config.beta());
        Tensor losses = u.mul(batch.byClass(-1, 1)).sigmoid(); // 1 − σ(a) = σ(−a)
        Tensor share = losses.mul(batch.byClass(weight(true, step), weight(false, step)))
                .sum();
        return new Loss(share, measures(batch, step, policy, logRatios, u, drift));
    }

    /** The mean log-ratio of the mismatched completions; 0 without any. */
    private static double drift(Mismatched mismatched) {
        double sum = 0;
        for (int i = 0; i < mismatched.policy().length; i++) {
            sum += mismatched.policy()[i] - mismatched.reference()[i];
        }
        return sum / Math.max(1, mismatched.policy().length);
    }

    /** What a completion of a class counts in the step's loss. */
    private double weight(boolean good, Step step) {
        double lambda =
                good ? config.desirableWeight() : config.undesirableWeight().orElseThrow();
        long ofClass = good ? step.desirable() : step.undesirable();
        return lambda / Math.max(1, config.lossType() == LossType.SEED ? ofClass : step.rows());
    }

    private List<Measure> measures(
            UnpairedBatch batch, Step step, Tensor policy, Tensor logRatios, Tensor u, double drift) {
        double[] s = policy.detach().toDoubles();
        double[] rewards = logRatios.detach().mul(config.beta()).toDoubles();
        double[] sigmas = u.detach().sigmoid().toDoubles();
        double good = 0;
        double saturated = 0;
        for (int i = 0; i < s.length; i++) {
            boolean desirable = batch.desirable()[i];
            good += desirable ? 1 : 0;
            saturated += sigmas[i] * (1 - sigmas[i]) < SATURATED ? 1 : 0;
        }
        List<Measure> out = new ArrayList<>();
        if (needsMismatched()) {
            out.add(new Measure("kl", Math.max(0, drift) * s.length, s.length));
            out.add(new Measure("kl_unclamped", drift * s.length, s.length));
            long missing = step.rows() - step.mismatched().policy().length;
            out.add(new Measure("kl_missing", missing * (double) s.length, s.length));
        }
        out.add(Measure.mean("rewards/chosen", batch.of(true, rewards)));
        out.add(Measure.mean("rewards/rejected", batch.of(false, rewards)));
        if (step.desirable() > 0 && step.undesirable() > 0) {
            out.add(batch.margins(rewards, step));
        }
        out.add(Measure.mean("logps/chosen", batch.of(true, s)));
        out.add(Measure.mean("logps/rejected", batch.of(false, s)));
        out.add(new Measure("class_frac/desirable", good, s.length));
        out.add(new Measure("saturated_frac", saturated, s.length));
        if (config.lossType() == LossType.SEED) {
            boolean missing = step.desirable() == 0 || step.undesirable() == 0;
            out.add(new Measure("class_missing", missing ? s.length : 0, s.length));
        }
        return out;
    }

    @Override
    public boolean needsMismatched() {
        return config.lossType() == LossType.KTO;
    }

    @Override
    public double lossAtStart(Step step) {
        return (weight(true, step) * step.desirable() + weight(false, step) * step.undesirable()) / 2;
    }
}
