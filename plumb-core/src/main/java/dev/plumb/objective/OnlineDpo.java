package dev.plumb.objective;

import dev.plumb.config.Setting;
import dev.plumb.tensor.Functional;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Online direct preference optimisation (arXiv 2402.04792): of the policy's own answers to a prompt the one that earns most is
 * preferred to the one that earns least.
 *
 * <p>With D = S − S_ref the log-ratio of a whole answer, w and l the better and the worse of a pair and h = D_w − D_l,
 *
 * <p>L = − E log σ(β h), or E (h − 1 / 2β)² with {@code loss_type: ipo}.
 *
 * <p>E is over the pairs of a step. A rollout that is learnt from in several steps makes it iterative DPO (arXiv 2312.11456):
 * the pairs are then of a policy some steps ago, and there is no correction for that, as there is none in DPO. Departures from
 * TRL: pairs without a winner are left out, where TRL takes the first answer for the better one; a reward that is missing makes
 * no pair. Among the best the shorter answer is taken, among the worst the longer one.
 */
public final class OnlineDpo implements PolicyObjective {
    private final Config config;

    /**
     * The objective.
     *
     * @param config its settings
     */
    public OnlineDpo(Config config) {
        this.config = config;
    }

    /** Which loss. */
    public enum LossType {
        /** − log σ(β h). */
        SIGMOID,
        /** (h − 1 / 2β)². */
        IPO
    }

    /**
     * Settings of online DPO.
     *
     * @param beta β
     * @param lossType which loss
     * @param missingEosPenalty taken off the reward of an answer that was cut off
     * @param minMargin how far apart two rewards must be
     */
    public record Config(
            @Setting(
                    doc = "Strength of the pull towards the reference: small lets the policy move far, large keeps it"
                            + " close.",
                    byDefault = "0.1",
                    min = 0,
                    aboveMin = true,
                    source = "arXiv 2402.04792; TRL")
            double beta,

            @Setting(
                    doc = "sigmoid, or ipo, where the margin is pulled to a finite size.",
                    byDefault = "sigmoid",
                    source = "TRL")
            LossType lossType,

            @Setting(
                    doc = "Taken off the reward of an answer that reached max_completion_length without ending; 1 is"
                            + " usual with a reward model.",
                    min = 0,
                    source = "TRL")
            Optional<Double> missingEosPenalty,

            @Setting(
                    doc = "How far apart the best and the worst reward of a prompt must be; pairs that are closer are"
                            + " left out and counted as ties.",
                    byDefault = "1e-6",
                    min = 0,
                    source = "arXiv 2405.07863")
            double minMargin) {}

    @Override
    public Credit credit(Experience experience, double[] memory) {
        int rows = experience.rows();
        boolean[] kept = new boolean[rows];
        List<double[]> signs = new ArrayList<>();
        for (int i = 0; i < rows; i++) {
            signs.add(new double[experience.oldLogps().get(i).length]);
        }
        double[] rewards = rewards(experience);
        double ties = 0;
        double margins = 0;
        double longer = 0;
        int pairs = 0;
        int groups = rows / experience.groupSize();
        for (int g = 0; g < groups; g++) {
            int first = g * experience.groupSize();
            int best = pick(experience, rewards, first, true);
            int worst = pick(experience, rewards, first, false);
            if (best < 0 || !(rewards[best] - rewards[worst] > config.minMargin())) {
                ties++;
                continue;
            }
            kept[best] = true;
            kept[worst] = true;
            Arrays.fill(signs.get(best), 1);
            Arrays.fill(signs.get(worst), -1);
            margins += rewards[best] - rewards[worst];
            longer += signs.get(best).length - signs.get(worst).length;
            pairs++;
        }
        List<Measure> measures = new ArrayList<>(RolloutMeasures.of(experience, signs));
        measures.addAll(RolloutMeasures.kl(experience));
        measures.add(new Measure("online/tie_rate", ties, groups));
        if (pairs > 0) {
            measures.add(new Measure("online/score_margin", margins, pairs));
            measures.add(new Measure("online/length_margin", longer, pairs));
        }
        return new Credit(signs, List.of(), kept, memory, measures);
    }

    private double[] rewards(Experience experience) {
        double[] rewards = experience.rewardSums();
        for (int i = 0; i < rewards.length; i++) {
            rewards[i] -=
                    experience.stopped()[i] ? 0 : config.missingEosPenalty().orElse(0.0);
        }
        return rewards;
    }

    /** The completion of a group with the largest or the smallest reward; -1 if none has one. */
    private static int pick(Experience experience, double[] rewards, int first, boolean best) {
        int found = -1;
        for (int i = first; i < first + experience.groupSize(); i++) {
            if (Double.isNaN(rewards[i])) {
                continue;
            }
            double ahead = found < 0 ? 1 : (best ? 1 : -1) * (rewards[i] - rewards[found]);
            int length = experience.oldLogps().get(i).length;
            int held = found < 0 ? 0 : experience.oldLogps().get(found).length;
            if (ahead > 0 || ahead == 0 && (best ? length < held : length > held)) {
                found = i;
            }
        }
        return found;
    }

    @Override
    public Loss loss(PolicyBatch batch, Step step) {
        Tensor policy = batch.sums(batch.logps()); // S, [rows]
        Tensor ratios = policy.sub(batch.sums(batch.refLogps().orElseThrow()).detach()); // D
        Tensor signs = batch.sums(batch.advantages()).div(batch.lengths()); // 1 or -1, two rows a pair
        Tensor gaps = ratios.mul(signs).reshape(batch.rows() / 2, 2).sum(1, false); // h, [pairs]
        Tensor losses = config.lossType() == LossType.SIGMOID
                ? Functional.softplus(gaps.mul(-config.beta()))
                : gaps.sub(1 / (2 * config.beta())).square();
        return new Loss(losses.sum().div(step.rows() / 2.0), measures(batch, policy, ratios, signs));
    }

    private List<Measure> measures(PolicyBatch batch, Tensor policy, Tensor ratios, Tensor signs) {
        double[] logps = policy.detach().toDoubles();
        double[] rewards = ratios.detach().mul(config.beta()).toDoubles();
        double[] side = signs.toDoubles();
        int pairs = batch.rows() / 2;
        double[] chosen = new double[pairs];
        double[] rejected = new double[pairs];
        double[] margins = new double[pairs];
        double[] right = new double[pairs];
        double[] chosenLogps = new double[pairs];
        double[] rejectedLogps = new double[pairs];
        for (int p = 0; p < pairs; p++) {
            int w = side[2 * p] > 0 ? 2 * p : 2 * p + 1;
            int l = 4 * p + 1 - w;
            chosen[p] = rewards[w];
            rejected[p] = rewards[l];
            margins[p] = rewards[w] - rewards[l];
            right[p] = margins[p] > 0 ? 1 : margins[p] == 0 ? 0.5 : 0;
            chosenLogps[p] = logps[w];
            rejectedLogps[p] = logps[l];
        }
        return List.of(
                Measure.mean("rewards/chosen", chosen),
                Measure.mean("rewards/rejected", rejected),
                Measure.mean("rewards/accuracies", right),
                Measure.mean("rewards/margins", margins),
                Measure.mean("logps/chosen", chosenLogps),
                Measure.mean("logps/rejected", rejectedLogps));
    }

    @Override
    public boolean needsReference() {
        return true;
    }

    @Override
    public int smallestGroup() {
        return 2;
    }

    @Override
    public boolean keepsGroups() {
        return true;
    }
}
