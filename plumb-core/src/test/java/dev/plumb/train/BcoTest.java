package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.plumb.objective.Bco;
import dev.plumb.objective.Loss;
import dev.plumb.objective.Measure;
import dev.plumb.objective.UnpairedBatch;
import dev.plumb.objective.UnpairedObjective;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import dev.plumb.train.MetricsLog.Split;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** BCO and its running mean: against the specification's numbers, at extremes, and as runs. */
class BcoTest {
    private static final double[] POLICY = {-10, -22, -15.5, -7, -30};
    private static final double[] REFERENCE = {-12, -20, -15, -9.5, -27};
    private static final boolean[] LABELS = {true, true, false, false, true};

    @TempDir
    private Path folder;

    private static UnpairedBatch batch(double[] policy, double[] reference, boolean[] labels, int from, int to) {
        long[] sequence = new long[to - from];
        double[] lengths = new double[to - from];
        for (int i = 0; i < sequence.length; i++) {
            sequence[i] = i;
            lengths[i] = 1;
        }
        return new UnpairedBatch(
                Tensor.of(Arrays.copyOfRange(policy, from, to), Device.CPU).requiresGrad(true),
                Tensor.of(Arrays.copyOfRange(reference, from, to), Device.CPU),
                Tensor.of(sequence, Device.CPU),
                Tensor.of(lengths, Device.CPU),
                Arrays.copyOfRange(labels, from, to));
    }

    /** Vector bco-running-delta: β 0.1, the mean of 15 rewards so far 0.05; in one part, and in two of any size. */
    @Test
    void theSpecificationsNumbers() {
        double[] apart = new double[5];
        for (int i = 0; i < apart.length; i++) {
            apart[i] = POLICY[i] - REFERENCE[i];
        }
        RunningMean seen = new RunningMean(0.5, 15).with(apart);
        assertThat(seen.count()).isEqualTo(20);
        assertThat(0.1 * seen.mean()).isCloseTo(0.0325, within(1e-12));
        double[] want = {-0.00916445261433, -0.0111572914544, 0.00958773380571, 0.0110832330553, -0.0116473508146};
        UnpairedObjective.Step step = new UnpairedObjective.Step(3, 2, UnpairedObjective.Mismatched.NONE, seen.mean());
        Bco bco = new Bco(new Bco.Config(0.1));
        for (int cut = 1; cut <= 5; cut++) {
            double total = 0;
            for (int[] part : new int[][] {{0, cut}, {cut, 5}}) {
                if (part[0] == part[1]) {
                    continue;
                }
                try (Scope scope = Scope.open()) {
                    UnpairedBatch batch = batch(POLICY, REFERENCE, LABELS, part[0], part[1]);
                    Loss share = bco.loss(batch, step);
                    share.value().backward();
                    total += share.value().item();
                    double[] got = batch.policy().grad().toDoubles();
                    for (int i = 0; i < got.length; i++) {
                        assertThat(got[i]).isCloseTo(want[part[0] + i], within(1e-9));
                    }
                }
            }
            assertThat(total).isCloseTo(0.752547849544, within(1e-9));
        }
    }

    @Test
    void farFromTheReferenceNothingOverflows() {
        try (Scope scope = Scope.open()) {
            UnpairedBatch batch =
                    batch(new double[] {-1e4, 1e4}, new double[] {0, 0}, new boolean[] {true, true}, 0, 2);
            Loss loss = new Bco(new Bco.Config(1))
                    .loss(batch, new UnpairedObjective.Step(2, 0, UnpairedObjective.Mismatched.NONE, 0));
            assertThat(loss.value().item()).isCloseTo(5000, within(1e-9));
            loss.value().backward();
            assertThat(batch.policy().grad().toDoubles()).containsExactly(-0.5, -0.0);
            assertThat(loss.measures()).extracting(Measure::sum).allMatch(Double::isFinite);
        }
    }

    /** The reward of good answers rises over that of bad ones, and the mean goes on where it was. */
    @Test
    void aRunLearnsAndGoesOnExactly() {
        TinyRun tiny = TinyRun.make(folder);
        String[] settings = {"per_device_train_batch_size: 16", "max_steps: 30", "save_steps: 10", "eval_steps: 10"};
        RunLayout run = tiny.train("bco", "bco", settings);
        List<MetricsLog.Entry> eval = TinyRun.entries(run, Split.EVAL);
        assertThat(eval.get(0).values().get("loss")).isCloseTo(Math.log(2), within(1e-6));
        assertThat(eval.get(eval.size() - 1).values().get("rewards/margins")).isGreaterThan(0.5);
        assertThat(eval.get(eval.size() - 1).values().get("accuracy")).isGreaterThan(0.7);
        tiny.assertResumes(10, run);
    }
}
