package dev.plumb.objective;

import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * All pairs of the completions of each ranking of which one is better, K choose 2 of K without ties (InstructGPT, arXiv
 * 2203.02155, section 3.5). Those of one ranking weigh 1 together, so that a long ranking counts no more than a short one.
 */
final class RankedPairs {
    private record Pair(int better, int worse, double share, double margin) {}

    private final List<Pair> all = new ArrayList<>();
    private final RewardBatch batch;

    private RankedPairs(RewardBatch batch) {
        this.batch = batch;
    }

    static RankedPairs of(RewardBatch batch) {
        RankedPairs pairs = new RankedPairs(batch);
        for (Ranking ranking : batch.rankings()) {
            List<int[]> found = new ArrayList<>();
            for (int i = 0; i < ranking.items().length; i++) {
                for (int j = 0; j < ranking.items().length; j++) {
                    if (ranking.ranks()[i] < ranking.ranks()[j]) {
                        found.add(new int[] {ranking.items()[i], ranking.items()[j]});
                    }
                }
            }
            found.forEach(pair -> pairs.all.add(new Pair(pair[0], pair[1], 1.0 / found.size(), ranking.margin())));
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

    /** What each pair weighs, [pairs]. */
    Tensor shares() {
        return numbers(all.stream().mapToDouble(Pair::share).toArray());
    }

    private Tensor numbers(double[] values) {
        DType type = batch.rewards().dtype();
        return Tensor.of(values, Device.CPU).to(type).to(batch.rewards().device());
    }

    /** TRL's, but for a tie of rewards, which counts half here and as wrong there; each ranking weighs 1. */
    List<Measure> measures() {
        double[] rewards = batch.rewards().detach().toDoubles();
        double margin = 0;
        double right = 0;
        double ties = 0;
        double weight = 0;
        for (Pair pair : all) {
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
