package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Functional;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import dev.plumb.tensor.Torch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Log-probabilities chunk by chunk against all logits at once in 64 bits and autograd. */
class LogProbsTest {
    /** A vocabulary so large that 64 rows are computed at a time, and rows that do not divide by that. */
    @ParameterizedTest
    @CsvSource({"80, 70000, 0", "80, 70000, 3", "129, 300, 2", "1, 2, 0"})
    void chunksAreAsGoodAsTheWhole(int rows, int vocabulary, double softcap) {
        Torch.seed(3);
        try (Scope scope = Scope.open()) {
            Tensor hidden = random(rows, 8);
            Tensor head = random(vocabulary, 8);
            int[] ids = new int[rows];
            for (int i = 0; i < rows; i++) {
                ids[i] = (int) (i * 977L % vocabulary);
            }
            Tensor targets = Tensor.of(ids, Device.CPU);
            Tensor d = random(rows);

            Tensor h = hidden.to(DType.FLOAT64).requiresGrad(true);
            Tensor w = head.to(DType.FLOAT64).requiresGrad(true);
            Tensor z = h.matmul(w.transpose(0, 1));
            Tensor p = Functional.logSoftmax(softcap > 0 ? z.div(softcap).tanh().mul(softcap) : z, 1);
            Tensor logps = p.gather(1, targets.unsqueeze(1)).reshape(rows);
            logps.mul(d.to(DType.FLOAT64)).sum().backward();

            LogProbs chunked = new LogProbs(softcap, true);
            LogProbs.Scores scores = chunked.forward(hidden, head, targets);
            Tensor headGradient = Tensor.zeros(DType.FLOAT32, Device.CPU, vocabulary, 8);
            Tensor hiddenGradient = chunked.backward(hidden, head, targets, scores, d, headGradient);
            LogProbs.Scores held = chunked.forwardToLearn(hidden, head, targets);
            Tensor heldHead = Tensor.zeros(DType.FLOAT32, Device.CPU, vocabulary, 8);
            Tensor heldHidden = chunked.backward(hidden, head, targets, held, d, heldHead);
            Tensor fusedHidden = Tensor.zeros(DType.FLOAT32, Device.CPU, rows, 8);
            Tensor fusedHead = Tensor.zeros(DType.FLOAT32, Device.CPU, vocabulary, 8);
            LogProbs.Scores fused = chunked.forwardBackward(hidden, head, targets, d, fusedHidden, fusedHead);

            assertClose(scores.logps(), logps.detach(), 1e-5);
            assertClose(fused.logps(), logps.detach(), 1e-5);
            Tensor exact = p.detach();
            assertClose(
                    scores.entropies(),
                    exact.exp().mul(exact).sum(1).neg(),
                    1e-3); // sums over the vocabulary in 32 bits
            assertClose(scores.squaredMass(), exact.mul(2).logSumExp(1), 1e-3);
            assertThat(scores.hits().toDoubles())
                    .containsExactly(
                            exact.argmax(1).eq(targets).to(DType.FLOAT32).toDoubles());
            for (Tensor gradient : new Tensor[] {hiddenGradient, heldHidden, fusedHidden}) {
                assertClose(gradient, h.grad(), 1e-4);
            }
            for (Tensor gradient : new Tensor[] {headGradient, heldHead, fusedHead}) {
                assertClose(gradient, w.grad(), 1e-4);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"80, 70000, 0, 1", "80, 70000, 3, 1", "129, 300, 2, 1", "1, 2, 0, 1", "40, 500, 0, 40"})
    void entropiesHaveAGradient(int rows, int vocabulary, double softcap, double sharpness) {
        Torch.seed(5);
        try (Scope scope = Scope.open()) {
            Tensor hidden = random(rows, 8).mul(sharpness); // 40: some probabilities are 0 in 32 bits
            Tensor head = random(vocabulary, 8);
            Tensor targets = Tensor.of(new int[rows], Device.CPU);
            Tensor d = random(rows);
            Tensor e = random(rows);

            Tensor h = hidden.to(DType.FLOAT64).requiresGrad(true);
            Tensor w = head.to(DType.FLOAT64).requiresGrad(true);
            Tensor z = h.matmul(w.transpose(0, 1));
            Tensor p = Functional.logSoftmax(softcap > 0 ? z.div(softcap).tanh().mul(softcap) : z, 1);
            Tensor logps = p.gather(1, targets.unsqueeze(1)).reshape(rows);
            Tensor entropies = p.exp().mul(p).sum(1).neg();
            logps.mul(d.to(DType.FLOAT64))
                    .sum()
                    .add(entropies.mul(e.to(DType.FLOAT64)).sum())
                    .backward();

            LogProbs chunked = new LogProbs(softcap, false);
            for (boolean held : new boolean[] {false, true}) {
                LogProbs.Scores scores =
                        held ? chunked.forwardToLearn(hidden, head, targets) : chunked.forward(hidden, head, targets);
                Tensor headGradient = Tensor.zeros(DType.FLOAT32, Device.CPU, vocabulary, 8);
                Tensor hiddenGradient = chunked.backward(hidden, head, targets, scores, d, e, headGradient);
                assertClose(hiddenGradient, h.grad(), 1e-4);
                assertClose(headGradient, w.grad(), 1e-4);

                LogProbs.Scores again =
                        held ? chunked.forwardToLearn(hidden, head, targets) : chunked.forward(hidden, head, targets);
                Tensor none = chunked.backward(hidden, head, targets, again, d, null, null);
                LogProbs.Scores third =
                        held ? chunked.forwardToLearn(hidden, head, targets) : chunked.forward(hidden, head, targets);
                Tensor zero = chunked.backward(
                        hidden, head, targets, third, d, Tensor.zeros(DType.FLOAT32, Device.CPU, rows), null);
                assertThat(none.toDoubles()).containsExactly(zero.toDoubles());
            }
        }
    }

    private static Tensor random(long... shape) {
        return Tensor.zeros(DType.FLOAT32, Device.CPU, shape).normalInPlace(0, 1);
    }

    private static void assertClose(Tensor got, Tensor want, double bound) {
        double error = length(got.to(DType.FLOAT64).sub(want));
        assertThat(error / Math.max(1e-3, length(want))).isCloseTo(0, within(bound));
    }

    private static double length(Tensor x) {
        return Math.sqrt(x.square().sum().item());
    }
}
