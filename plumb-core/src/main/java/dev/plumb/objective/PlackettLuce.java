package dev.plumb.objective;

import dev.plumb.config.Setting;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The likelihood of a whole order by Plackett (1975) and Luce (1959), as ListMLE minimises it (Xia et al. 2008): the best
 * completion is chosen among all, the next among those that are left, and so on.
 *
 * <p>L = E (1/C) Σ_{k=1}^{C} [log Σ_{j≥k} exp r_(j) − r_(k)], (k) the completion of rank k of K, C = K−1 choices
 *
 * <p>or, of long lists whose lower ranks say little, C = top_k of them. For K = 2 it is {@code bradley_terry}. Departures: the
 * mean over choices where the likelihood has their sum, unless so asked, so that a long ranking counts no more than a short
 * one; completions of one rank are not chosen among each other, each only against those of lower ranks; a pair's margin μ is
 * added to the reward of the worse one, as Llama 2 does for pairs.
 */
public final class PlackettLuce implements RewardObjective {
    private final Config config;

    /**
     * The objective.
     *
     * @param config its settings
     */
    public PlackettLuce(Config config) {
        this.config = config;
    }

    /**
     * Settings of the likelihood of orders.
     *
     * @param rankingTopK how many choices count; 0 for all
     * @param perChoice whether it is divided by the number of choices
     */
    public record Config(
            @Setting(
                    doc =
                            "With loss_type: plackett_luce, of how many places of a ranking, from the first on, the order counts;"
                                    + " 0 for all.",
                    byDefault = "0",
                    min = 0,
                    source = "Xia et al. 2009, top-k ListMLE")
            int rankingTopK,

            @Setting(
                    doc =
                            "With loss_type: plackett_luce, whether each ranking counts as its mean over choices; false: as their"
                                    + " sum, the likelihood itself, in which long rankings weigh more.",
                    byDefault = "true")
            boolean perChoice) {}

    /**
     * One choice.
     *
     * @param chosen which reward
     * @param left those of the completions below it
     * @param share what it weighs
     * @param margin μ
     */
    private record Choice(int chosen, int[] left, double share, double margin) {}

    @Override
    public Loss loss(RewardBatch batch, Step step) {
        List<Choice> choices = new ArrayList<>();
        batch.rankings().forEach(ranking -> choices.addAll(choices(ranking)));
        Tensor rewards = batch.rewards();
        int completions = (int) rewards.numel();
        double[] among = new double[choices.size() * completions]; // [choices, completions], 0 for what is chosen among
        Arrays.fill(among, Double.NEGATIVE_INFINITY);
        for (int c = 0; c < choices.size(); c++) {
            Choice choice = choices.get(c);
            among[c * completions + choice.chosen()] = 0;
            for (int item : choice.left()) {
                among[c * completions + item] = choice.margin();
            }
        }
        Tensor open = numbers(among, rewards).reshape(choices.size(), completions);
        Tensor chosen = rewards.indexSelect(
                0, Tensor.of(choices.stream().mapToInt(Choice::chosen).toArray(), rewards.device()));
        Tensor losses = rewards.unsqueeze(0).add(open).logSumExp(1).sub(chosen); // [choices]
        Tensor shares = numbers(choices.stream().mapToDouble(Choice::share).toArray(), rewards);
        return new Loss(
                losses.mul(shares).sum().div(step.rankings()),
                RankedPairs.of(batch).measures());
    }

    /** One for each completion that has others below it and is among the first of the order. */
    private List<Choice> choices(Ranking ranking) {
        double p = ranking.probability();
        if (p < 1) { // a soft label, which only pairs have
            int better = ranking.ranks()[0] < ranking.ranks()[1] ? 0 : 1;
            int w = ranking.items()[better];
            int l = ranking.items()[1 - better];
            return List.of(
                    new Choice(w, new int[] {l}, ranking.weight() * p, ranking.margin()),
                    new Choice(l, new int[] {w}, ranking.weight() * (1 - p), -ranking.margin()));
        }
        int[] ranks = ranking.ranks();
        List<int[]> found = new ArrayList<>(); // the completion, then those below it
        for (int i = 0; i < ranks.length; i++) {
            int above = 0;
            List<Integer> choice = new ArrayList<>(List.of(ranking.items()[i]));
            for (int j = 0; j < ranks.length; j++) {
                above += ranks[j] < ranks[i] ? 1 : 0;
                if (ranks[j] > ranks[i]) {
                    choice.add(ranking.items()[j]);
                }
            }
            if (choice.size() > 1 && (config.rankingTopK() == 0 || above < config.rankingTopK())) {
                found.add(choice.stream().mapToInt(item -> item).toArray());
            }
        }
        double share = ranking.weight() / (config.perChoice() ? found.size() : 1);
        return found.stream()
                .map(one -> new Choice(one[0], Arrays.copyOfRange(one, 1, one.length), share, ranking.margin()))
                .toList();
    }

    private static Tensor numbers(double[] values, Tensor like) {
        DType type = like.dtype();
        return Tensor.of(values, Device.CPU).to(type).to(like.device());
    }
}
