package dev.plumb.objective;

import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * All pairs of the completions of each ranking of which one is better, and of one rank too where ties count: K choose 2 of K
 * (InstructGPT, arXiv 2203.02155, section 3.5). Those of one ranking weigh 1 together, so that a long ranking counts no more
 * than a short one.
 */
final class RankedPairs {
    private static final double FEWEST_TIES = 0.01;
    private static final double MOST_TIES = 0.9;

    private record Pair(int better, int worse, boolean tie, double share, double probability, double margin) {}

    private final List<Pair> all = new ArrayList<>();
    private final RewardBatch batch;

    private RankedPairs(RewardBatch batch) {
        this.batch = batch;
    }

    /** A share of ties that a model of ties can start from: from none at all, or from nothing else, it could not move. */
    static double startingShare(double tieShare) {
        return Math.min(MOST_TIES, Math.max(FEWEST_TIES, tieShare));
    }

    /** Pairs of which one is better. */
    static RankedPairs of(RewardBatch batch) {
        return of(batch, false);
    }

    /** Those, and ties if they count. */
    static RankedPairs of(RewardBatch batch, boolean withTies) {
        RankedPairs pairs = new RankedPairs(batch);
        for (Ranking ranking : batch.rankings()) {
            List<int[]> found = new ArrayList<>();
            for (int i = 0; i < ranking.items().length; i++) {
                for (int j = 0; j < ranking.items().length; j++) {
                    int apart = ranking.ranks()[j] - ranking.ranks()[i];
                    if (apart > 0 || withTies && apart == 0 && i < j) {
                        found.add(new int[] {ranking.items()[i], ranking.items()[j], apart});
                    }
                }
            }
            double share = ranking.weight() / found.size();
            found.forEach(pair -> pairs.all.add(
                    pair[2] == 0
                            ? new Pair(pair[0], pair[1], true, share, 0.5, 0)
                            : new Pair(pair[0], pair[1], false, share, ranking.probability(), ranking.margin())));
        }
        return pairs;
    }

    /** Rewards of the better ones, r_w, [pairs]. */
    Tensor better() {
        return rewards(all.stream().mapToInt(Pair::better).toArray());
    }

    /** Rewards of the worse ones, r_l, [pairs]. */
    Tensor worse() {
        return rewards(all.stream().mapToInt(Pair::worse).toArray());
    }

    private Tensor rewards(int[] which) {
        return batch.rewards().indexSelect(0, Tensor.of(which, batch.rewards().device()));
    }

    /** Margins, μ, [pairs]. */
    Tensor margins() {
        return numbers(all.stream().mapToDouble(Pair::margin).toArray());
    }

    /** How probable it is that the better one is better, ½ for a tie, [pairs]. */
    Tensor probabilities() {
        return numbers(all.stream().mapToDouble(Pair::probability).toArray());
    }

    /** Which pairs are ties, [pairs]. */
    Tensor ties() {
        return numbers(all.stream().mapToDouble(pair -> pair.tie() ? 1 : 0).toArray())
                .gt(0);
    }

    /** What each pair weighs, [pairs]. */
    Tensor shares() {
        return numbers(all.stream().mapToDouble(Pair::share).toArray());
    }

    private Tensor numbers(double[] values) {
        DType type = batch.rewards().dtype();
        return Tensor.of(values, Device.CPU).to(type).to(batch.rewards().device());
    }

    /**
     * TRL's, but for a tie of rewards, which counts half here and as wrong there; each ranking weighs 1. Pairs of which none is
     * said to be better are left out.
     */
    List<Measure> measures() {
        double[] rewards = batch.rewards().detach().toDoubles();
        double margin = 0;
        double right = 0;
        double ties = 0;
        double weight = 0;
        for (Pair pair : all) {
            if (pair.probability() == 0.5) {
                continue;
            }
            double difference = rewards[pair.better()] - rewards[pair.worse()];
            margin += pair.share() * difference;
            right += pair.share() * (difference > 0 ? 1 : difference == 0 ? 0.5 : 0);
            ties += difference == 0 ? pair.share() : 0;
            weight += pair.share();
        }
        return List.of(
                Measure.mean("mean_reward", rewards),
                new Measure("accuracy", right, weight),
                new Measure("margin", margin, weight),
                new Measure("ties", ties, weight));
    }
}
