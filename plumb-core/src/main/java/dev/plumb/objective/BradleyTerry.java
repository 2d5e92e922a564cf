package dev.plumb.objective;

import dev.plumb.config.Setting;
import dev.plumb.tensor.Functional;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * The reward model of Bradley and Terry (1952), as InstructGPT fits it (arXiv 2203.02155, equation 1): differences of rewards
 * are log-odds, p(w beats l) = σ(r_w − r_l).
 *
 * <p>L = E [−log σ(Δ) + c (r_w + r_l)²], Δ = r_w − r_l − μ
 *
 * <p>with a margin μ a pair (Llama 2, arXiv 2307.09288, equation 2; 0 without one) and a pull c of the mean reward towards 0,
 * which differences alone leave open (arXiv 2312.09244). Labels that are wrong with probability ε make the first term
 * −(1−ε) log σ(Δ) − ε log σ(−Δ). −log σ is computed as softplus, which stays finite where the sigmoid underflows.
 */
public final class BradleyTerry implements RewardObjective {
    private final Config config;

    /**
     * The objective.
     *
     * @param config its settings
     */
    public BradleyTerry(Config config) {
        this.config = config;
    }

    /**
     * Settings of the reward model's loss.
     *
     * @param centerRewardsCoefficient c
     * @param labelSmoothing ε
     */
    public record Config(
            @Setting(
                    doc = "Pull of the mean reward towards 0, which pairs alone leave open; 0.01 where rewards are"
                            + " compared with a fixed number later.",
                    byDefault = "0.0",
                    min = 0,
                    source = "arXiv 2312.09244; TRL, where none stands for 0")
            double centerRewardsCoefficient,

            @Setting(
                    doc = "Probability that a label is flipped; keeps rewards of pairs that are surely told apart from"
                            + " growing without bound.",
                    byDefault = "0.0",
                    min = 0,
                    max = 0.5)
            double labelSmoothing) {}

    @Override
    public Loss loss(RewardBatch batch, Step step) {
        Tensor chosen = batch.chosen();
        Tensor rejected = batch.rejected();
        Tensor delta = chosen.sub(rejected).sub(batch.margin()); // [pairs]
        Tensor losses = Functional.softplus(delta.neg()).add(delta.mul(config.labelSmoothing()));
        if (config.centerRewardsCoefficient() > 0) {
            losses = losses.add(chosen.add(rejected).square().mul(config.centerRewardsCoefficient()));
        }
        return new Loss(losses.sum().div(step.pairs()), measures(batch));
    }

    /** TRL's, but for a tie, which counts half here and as wrong there. */
    private static List<Measure> measures(RewardBatch batch) {
        double[] chosen = batch.chosen().detach().toDoubles();
        double[] rejected = batch.rejected().detach().toDoubles();
        double margin = 0;
        double right = 0;
        double ties = 0;
        double all = 0;
        for (int i = 0; i < chosen.length; i++) {
            double difference = chosen[i] - rejected[i];
            margin += difference;
            right += difference > 0 ? 1 : difference == 0 ? 0.5 : 0;
            ties += difference == 0 ? 1 : 0;
            all += chosen[i] + rejected[i];
        }
        int pairs = chosen.length;
        List<Measure> out = new ArrayList<>();
        out.add(new Measure("mean_reward", all, 2.0 * pairs));
        out.add(new Measure("accuracy", right, pairs));
        out.add(new Measure("margin", margin, pairs));
        out.add(new Measure("ties", ties, pairs));
        return out;
    }
}
