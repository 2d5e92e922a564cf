package dev.plumb.objective;

import dev.plumb.config.Setting;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Reward-ranked fine-tuning (RAFT, arXiv 2304.06767; rejection-sampling fine-tuning): the best of the policy's own answers to a
 * prompt, or all that earn enough, are imitated.
 *
 * <p>L = − (1/N) Σ log p(y_t | x, y_&lt;t) over the tokens of the answers that are kept, N of them in the step.
 *
 * <p>With {@code min_reward} a prompt whose answers all earn less teaches nothing, as in STaR and in the verifier's training data
 * of arXiv 2110.14168; without, every prompt keeps its best answer, however bad.
 */
public final class Raft implements PolicyObjective {
    private final Config config;

    /**
     * The objective.
     *
     * @param config its settings
     */
    public Raft(Config config) {
        this.config = config;
    }

    /**
     * Settings of RAFT.
     *
     * @param minReward what an answer must earn
     * @param keepBest how many answers of a prompt are kept
     */
    public record Config(
            @Setting(
                    doc =
                            "What an answer must earn to be imitated, such as 1 where a right answer earns 1; without it the"
                                    + " best answers are imitated however little they earn.",
                    source = "arXiv 2110.14168")
            Optional<Double> minReward,

            @Setting(
                    doc =
                            "How many answers of a prompt are imitated at most, the best first; of equal ones the shorter.",
                    byDefault = "1",
                    min = 1,
                    source = "arXiv 2304.06767")
            int keepBest) {}

    @Override
    public Credit credit(Experience experience, double[] memory) {
        int rows = experience.rows();
        double[] rewards = experience.rewardSums();
        boolean[] kept = new boolean[rows];
        for (int first = 0; first < rows; first += experience.groupSize()) {
            List<Integer> order = new ArrayList<>();
            for (int i = first; i < first + experience.groupSize(); i++) {
                if (rewards[i] >= config.minReward().orElse(Double.NEGATIVE_INFINITY)) { // not if there is none
                    order.add(i);
                }
            }
            order.sort((a, b) -> rewards[a] != rewards[b]
                    ? Double.compare(rewards[b], rewards[a])
                    : Integer.compare(
                            experience.oldLogps().get(a).length,
                            experience.oldLogps().get(b).length));
            order.stream().limit(config.keepBest()).forEach(i -> kept[i] = true);
        }
        List<double[]> weights = new ArrayList<>();
        double sum = 0;
        int count = 0;
        for (int i = 0; i < rows; i++) {
            double[] row = new double[experience.oldLogps().get(i).length];
            Arrays.fill(row, kept[i] ? 1 : 0);
            weights.add(row);
            sum += kept[i] ? rewards[i] : 0;
            count += kept[i] ? 1 : 0;
        }
        List<Measure> measures = new ArrayList<>(RolloutMeasures.of(experience, weights));
        measures.add(new Measure("kept_frac", count, rows));
        if (count > 0) {
            measures.add(new Measure("kept_reward", sum, count));
        }
        return new Credit(weights, List.of(), kept, memory, measures);
    }

    @Override
    public Loss loss(PolicyBatch batch, Step step) {
        Tensor sum = batch.logps().sum();
        return new Loss(
                sum.neg().div((double) Math.max(1, step.tokens())),
                List.of(new Measure("nll", -sum.detach().item(), batch.logps().numel())));
    }

    @Override
    public boolean needsReference() {
        return false;
    }
}
