package dev.plumb.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.plumb.config.Binder;
import dev.plumb.config.YamlSource;
import dev.plumb.model.Decoder;
import dev.plumb.model.Layout;
import dev.plumb.tensor.Functional;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The plainest way to log-probabilities and their gradients, which all faster ways are held against: each sequence alone, the
 * whole of its logits at once, and nothing but autograd.
 */
final class Plain {
    private Plain() {}

    /** Log-probabilities of the last tokens of a sequence, with their graph. */
    static Tensor logps(Decoder decoder, int[] ids, int last) {
        return logps(decoder, ids).narrow(0, ids.length - 1L - last, last);
    }

    /** Log-probabilities of all tokens of a sequence but the first, with their graph. */
    static Tensor logps(Decoder decoder, int[] ids) {
        return distributions(decoder, ids)
                .gather(
                        1,
                        Tensor.of(ids, decoder.device())
                                .narrow(0, 1, ids.length - 1L)
                                .unsqueeze(1))
                .reshape(ids.length - 1L);
    }

    /** Log-probabilities of the whole vocabulary where tokens 1, 2, … of a sequence stand, [ids - 1, vocabulary]. */
    static Tensor distributions(Decoder decoder, int[] ids) {
        Tensor hidden = decoder.hidden(Layout.of(List.of(ids))).narrow(0, 0, ids.length - 1L);
        Tensor logits = hidden.matmul(decoder.head().transpose(0, 1));
        double cap = decoder.architecture().logitSoftcap();
        return Functional.logSoftmax(cap > 0 ? logits.div(cap).tanh().mul(cap) : logits, 1);
    }

    /** Takes the gradients that were added up, and clears them. */
    static Map<String, double[]> gradients(Decoder decoder, AdamW optimizer) {
        Map<String, double[]> gradients = new LinkedHashMap<>();
        try (NoGrad guard = NoGrad.open()) {
            for (String name : decoder.trained().keySet()) {
                gradients.put(name, optimizer.gradient(name).reshape(-1).toDoubles());
                optimizer.gradient(name).zeroInPlace();
            }
        }
        return gradients;
    }

    /** Holds every parameter's gradient to another one's, by the length of their difference. */
    static void assertSame(Map<String, double[]> got, Map<String, double[]> want, double bound) {
        List<String> apart = new ArrayList<>();
        double all = Math.sqrt(want.values().stream().mapToDouble(Plain::square).sum());
        want.forEach((name, values) -> {
            double[] difference = new double[values.length];
            for (int i = 0; i < values.length; i++) {
                difference[i] = got.get(name)[i] - values[i];
            }
            double length = Math.sqrt(square(values));
            // A gradient that is zero in truth, as that of a bias which softmax cancels, has no relative error.
            double error = Math.sqrt(square(difference)) / Math.max(length, 1e-4 * all);
            if (!(error < bound)) {
                apart.add(name + " by " + error);
            }
        });
        assertThat(apart).isEmpty();
        assertThat(all).isGreaterThan(1e-3);
    }

    private static double square(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value * value;
        }
        return sum;
    }

    /** Settings with all but the given ones at their defaults. */
    static Optimisation optimisation(String... overrides) {
        return Binder.bind(Optimisation.class, YamlSource.commandLine().with(List.of(overrides)));
    }
}
