package dev.plumb.objective;

import dev.plumb.config.Setting;
import dev.plumb.tensor.Functional;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Online DPO (arXiv 2402.04792): the policy answers each prompt several times, rewards say which answer is the best and which the
 * worst, and these two are learnt from as DPO and IPO learn from pairs that people judged.
 *
 * <p>With r the reward of a completion, S its log-probability (sum over its tokens), D = S − S_ref, and w, l the completions of a
 * prompt with the largest and the smallest r − missing_eos_penalty · [not ended],
 *
 * <ul>
 *   <li>{@code sigmoid}: L = − E log σ(β (D_w − D_l)), arXiv 2305.18290 equation 7;
 *   <li>{@code ipo}: L = E (D_w − D_l − 1 / 2β)², arXiv 2310.12036 equation 17 (τ there), over whole completions as in TRL's
 *       online trainer.
 * </ul>
 *
 * <p>There is no ratio to the policy that wrote, so a rollout of many prompts may be learnt from in several steps: then this is
 * iterative DPO (arXiv 2312.11456, 2405.07863). Departures: a prompt whose best and worst answers earn the same, up to 1e-6, is
 * left out (TRL takes the first for the better one), as is one with fewer than two rewarded answers; both are counted, and the
 * loss is a mean over the pairs that are left. Of equally good answers the shortest is chosen, of equally bad ones the longest
 * rejected. Equal answers earn equal rewards, so they make no pair. Where a judge compares answers
 * in place of rewards, r is the share of its comparisons that an answer wins.
 */
public final class OnlineDpo implements PolicyObjective {
    private static final double TIE = 1e-6;
    private final Config config;

    /**
     * The objective.
     *
     * @param config its settings
     */
    public OnlineDpo(Config config) {
        this.config = config;
    }

    /** Losses of a pair. */
    public enum LossType {
        /** −log σ(u). */
        SIGMOID,
        /** (h − 1 / 2β)². */
        IPO
    }

    /**
     * Settings of online DPO.
     *
     * @param beta β
     * @param lossType the loss of a pair
     * @param missingEosPenalty what comes off the reward of a completion that did not end
     * @param minMargin the least difference of the rewards of a pair
     * @param maskTruncatedCompletions whether completions that were cut off are in no pair
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
                    doc = "sigmoid: that of dpo; ipo: the gap between the log-ratios of the whole answers of a pair is"
                            + " pulled to 1 / (2 beta).",
                    byDefault = "sigmoid",
                    source = "arXiv 2402.04792; TRL")
            LossType lossType,

            @Setting(
                    doc = "Comes off the reward of an answer that was cut off at the length limit; 1 suits most reward"
                            + " models, which cannot see that an end is missing.",
                    byDefault = "0.0",
                    min = 0,
                    source = "TRL")
            double missingEosPenalty,

            @Setting(
                    doc = "Leave out a prompt whose best answer earns less than this above its worst.",
                    byDefault = "0.0",
                    min = 0,
                    source = "arXiv 2405.07863")
            double minMargin,

            @Setting(
                    doc = "Do not pair answers that were cut off at the length limit.",
                    byDefault = "false",
                    source = "name: TRL's GRPO")
            boolean maskTruncatedCompletions) {
        /** Checks what single ranges cannot. */
        public Config {
            if (maskTruncatedCompletions && missingEosPenalty > 0) {
                throw new IllegalArgumentException("mask_truncated_completions leaves out the answers that"
                        + " missing_eos_penalty takes something off from; leave one of them out");
            }
        }
    }

    @Override
    public Credit credit(Experience experience, double[] memory) {
        double[] scores = scores(experience);
        int[] lengths = experience.lengths();
        double[] signs = new double[scores.length];
        boolean[] kept = new boolean[scores.length];
        double ties = 0;
        double close = 0;
        double unpaired = 0;
        List<Double> margins = new ArrayList<>();
        int groups = scores.length / experience.groupSize();
        for (int g = 0; g < groups; g++) {
            int[] rewarded = IntStream.range(g * experience.groupSize(), (g + 1) * experience.groupSize())
                    .filter(i -> !Double.isNaN(scores[i]))
                    .toArray();
            if (rewarded.length < 2) {
                unpaired++;
                continue;
            }
            int chosen = first(rewarded, scores, lengths, 1);
            int rejected = first(rewarded, scores, lengths, -1);
            double margin = scores[chosen] - scores[rejected];
            if (!(margin > TIE)) { // also where both are infinite
                ties++;
            } else if (margin < config.minMargin()) {
                close++;
            } else {
                signs[chosen] = 1;
                signs[rejected] = -1;
                kept[chosen] = true;
                kept[rejected] = true;
                margins.add(margin);
            }
        }
        List<Measure> measures = new ArrayList<>(RolloutMeasures.of(experience, List.of()));
        measures.addAll(RolloutMeasures.kl(experience));
        measures.addAll(measures(experience, scores));
        measures.add(new Measure("online/tie_rate", ties, groups));
        measures.add(new Measure("online/small_margin_rate", close, groups));
        measures.add(new Measure("online/unpaired_rate", unpaired, groups));
        if (!margins.isEmpty()) {
            double[] all = margins.stream().mapToDouble(margin -> margin).toArray();
            measures.add(Measure.mean("objective/scores_margin", all));
        }
        return new Credit(GroupAdvantages.spread(signs, experience), List.of(), kept, memory, measures);
    }

    /** Rewards less what a missing end costs, [rows]; NaN for completions that are in no pair. */
    private double[] scores(Experience experience) {
        double[] scores = experience.rewardSums();
        for (int i = 0; i < scores.length; i++) {
            boolean out = experience.length(i) == 0;
            if (!experience.stopped()[i]) {
                out |= config.maskTruncatedCompletions();
                scores[i] -= config.missingEosPenalty();
            }
            scores[i] = out ? Double.NaN : scores[i];
        }
        return scores;
    }

    /** The row with the largest sign · score; of equal ones that with the smallest sign · length, and of those the first. */
    private static int first(int[] rows, double[] scores, int[] lengths, int sign) {
        int best = rows[0];
        for (int i : rows) {
            int order = Double.compare(sign * scores[i], sign * scores[best]);
            if (order > 0 || order == 0 && sign * lengths[i] < sign * lengths[best]) {
                best = i;
            }
        }
        return best;
    }

    /** TRL's, of the whole rollout and not of its pairs only. */
    private List<Measure> measures(Experience experience, double[] scores) {
        List<Measure> out = new ArrayList<>();
        int rows = experience.rows();
        double[] kl = KlEstimator.K1.sums(experience);
        double entropies = 0; // of whole completions, estimated by what was drawn
        double ended = 0;
        double pull = 0;
        double sum = 0;
        double count = 0;
        for (int i = 0; i < rows; i++) {
            entropies -= Arrays.stream(experience.oldLogps().get(i)).sum();
            ended += experience.stopped()[i] ? 1 : 0;
            if (!Double.isNaN(scores[i])) {
                sum += scores[i];
                pull += config.beta() * kl[i];
                count++;
            }
        }
        out.add(Measure.mean("objective/kl", kl));
        out.add(new Measure("objective/entropy", entropies, rows));
        out.add(new Measure("val/contain_eos_token", ended, rows));
        if (count > 0) {
            out.add(new Measure("objective/scores", sum, count));
            out.add(new Measure("objective/non_score_reward", -pull, count));
            out.add(new Measure("objective/rlhf_reward", sum - pull, count));
        }
        return out;
    }

    @Override
    public Loss loss(PolicyBatch batch, Step step) {
        Tensor policy = batch.sums(batch.logps()); // S, [rows]
        Tensor reference = batch.sums(batch.refLogps().orElseThrow()).detach();
        Tensor logRatios = policy.sub(reference); // D
        Tensor signs = PolicyTerms.means(batch.advantages(), batch); // 1 for the chosen, -1 for the rejected
        Tensor gap = logRatios.mul(signs).reshape(-1, 2).sum(1); // h = D_w − D_l, [pairs]
        Tensor losses = switch (config.lossType()) {
            case SIGMOID -> Functional.softplus(gap.mul(-config.beta()));
            case IPO -> gap.sub(target()).square();
        };
        Tensor share = losses.sum().div(Math.max(1, step.rows() / 2));
        return new Loss(share, measures(signs.toDoubles(), policy.detach(), logRatios.detach(), batch.lengths()));
    }

    private List<Measure> measures(double[] signs, Tensor policy, Tensor logRatios, Tensor lengths) {
        int[] order = IntStream.concat(
                        IntStream.range(0, signs.length).filter(i -> signs[i] > 0),
                        IntStream.range(0, signs.length).filter(i -> signs[i] < 0))
                .toArray();
        double[] d = ordered(logRatios, order);
        double[] rewards = Arrays.stream(d).map(one -> config.beta() * one).toArray();
        return PreferenceMeasures.of(ordered(policy, order), d, rewards, ordered(lengths, order));
    }

    private static double[] ordered(Tensor perRow, int[] order) {
        double[] all = perRow.toDoubles();
        return Arrays.stream(order).mapToDouble(i -> all[i]).toArray();
    }

    private double target() {
        return 1 / (2 * config.beta());
    }

    @Override
    public boolean needsReference() {
        return true;
    }

    @Override
    public int together() {
        return 2;
    }

    @Override
    public int smallestGroup() {
        return 2;
    }

    @Override
    public double lossAtStart() {
        return config.lossType() == LossType.SIGMOID ? Math.log(2) : target() * target();
    }
}
