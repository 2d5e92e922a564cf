package dev.plumb.objective;

import dev.plumb.config.Setting;
import dev.plumb.tensor.Functional;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Binary classifier optimisation (arXiv 2404.04656): the log-ratio of policy and reference is the logit of a classifier that tells
 * good completions from bad ones.
 *
 * <p>With r = β D, D the log-ratio of a whole completion, and δ the mean reward of all completions seen so far, those of this step
 * included, no gradient,
 *
 * <p>L = E −log σ(r − δ) over good and −log σ(−(r − δ)) over bad completions, both in one mean.
 *
 * <p>δ is TRL's running mean over completions; the paper halves the sum of the means of the two classes. The paper's weights of
 * bad completions by how likely they are among good ones (UDM) are left out.
 */
public final class Bco implements UnpairedObjective {
    private final Config config;

    /**
     * The objective.
     *
     * @param config its settings
     */
    public Bco(Config config) {
        this.config = config;
    }

    /**
     * Settings of BCO.
     *
     * @param beta β
     */
    public record Config(
            @Setting(
                    doc = "Strength of the pull towards the reference: small lets the policy move far, large keeps it"
                            + " close.",
                    byDefault = "0.1",
                    min = 0,
                    aboveMin = true,
                    source = "TRL")
            double beta) {}

    @Override
    public Loss loss(UnpairedBatch batch, Step step) {
        Tensor policy = batch.sums(batch.policy()); // S, [completions]
        Tensor logRatios = policy.sub(batch.sums(batch.reference()).detach()); // D
        Tensor u = logRatios.sub(step.meanLogRatio()).mul(config.beta()); // r − δ
        Tensor share = Functional.softplus(u.mul(batch.byClass(-1, 1))).sum().div(step.rows());
        return new Loss(share, measures(batch, step, policy, logRatios));
    }

    private List<Measure> measures(UnpairedBatch batch, Step step, Tensor policy, Tensor logRatios) {
        double[] s = policy.detach().toDoubles();
        double[] rewards = logRatios.detach().mul(config.beta()).toDoubles();
        double shift = config.beta() * step.meanLogRatio();
        double right = 0;
        for (int i = 0; i < s.length; i++) {
            boolean good = batch.desirable()[i];
            double side = good ? rewards[i] - shift : shift - rewards[i];
            right += side > 0 ? 1 : side == 0 ? 0.5 : 0;
        }
        List<Measure> out = new ArrayList<>();
        out.add(new Measure("delta", shift * s.length, s.length));
        out.add(new Measure("accuracy", right, s.length));
        out.add(Measure.mean("rewards/chosen", batch.of(true, rewards)));
        out.add(Measure.mean("rewards/rejected", batch.of(false, rewards)));
        if (step.desirable() > 0 && step.undesirable() > 0) {
            out.add(batch.margins(rewards, step));
        }
        out.add(Measure.mean("logps/chosen", batch.of(true, s)));
        out.add(Measure.mean("logps/rejected", batch.of(false, s)));
        return out;
    }

    @Override
    public boolean needsMismatched() {
        return false;
    }

    @Override
    public boolean needsMeanLogRatio() {
        return true;
    }

    @Override
    public double lossAtStart(Step step) {
        return Math.log(2);
    }
}
