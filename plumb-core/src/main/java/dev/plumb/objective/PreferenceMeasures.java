package dev.plumb.objective;

import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Metrics that all losses on pairs share, under TRL's names where TRL has them. */
final class PreferenceMeasures {
    private PreferenceMeasures() {}

    /**
     * Metrics of some pairs under a reference; each array holds the chosen completions and then the rejected ones.
     *
     * @param logps S
     * @param logRatios D
     * @param rewards the score that the loss compares
     * @param lengths tokens
     */
    static List<Measure> of(double[] logps, double[] logRatios, double[] rewards, double[] lengths) {
        List<Measure> out = of(logps, rewards, lengths);
        out.add(Measure.mean("logratios/chosen", chosen(logRatios)));
        out.add(Measure.mean("logratios/rejected", rejected(logRatios)));
        return out;
    }

    /** The same without a reference. */
    static List<Measure> of(double[] logps, double[] rewards, double[] lengths) {
        int pairs = logps.length / 2;
        double margins = 0;
        double right = 0;
        double ties = 0;
        for (int i = 0; i < pairs; i++) {
            double margin = rewards[i] - rewards[pairs + i];
            margins += margin;
            right += margin > 0 ? 1 : margin == 0 ? 0.5 : 0;
            ties += margin == 0 ? 1 : 0;
        }
        List<Measure> out = new ArrayList<>();
        out.add(Measure.mean("rewards/chosen", chosen(rewards)));
        out.add(Measure.mean("rewards/rejected", rejected(rewards)));
        out.add(new Measure("rewards/accuracies", right, pairs));
        out.add(new Measure("rewards/margins", margins, pairs));
        out.add(new Measure("rewards/ties", ties, pairs));
        out.add(Measure.mean("logps/chosen", chosen(logps)));
        out.add(Measure.mean("logps/rejected", rejected(logps)));
        out.add(Measure.mean("length/chosen", chosen(lengths)));
        out.add(Measure.mean("length/rejected", rejected(lengths)));
        return out;
    }

    /** The negative log-likelihood of the chosen completions: the mean over their tokens, or over pairs of such means. */
    static Measure nll(PreferenceBatch batch, boolean tokenMean) {
        Tensor sums = batch.chosen(batch.sums(batch.policy().detach()));
        Tensor lengths = batch.chosen(batch.lengths());
        return tokenMean
                ? new Measure("nll_loss", -sums.sum().item(), lengths.sum().item())
                : new Measure("nll_loss", -sums.div(lengths).sum().item(), batch.pairs());
    }

    private static double[] chosen(double[] both) {
        return Arrays.copyOfRange(both, 0, both.length / 2);
    }

    private static double[] rejected(double[] both) {
        return Arrays.copyOfRange(both, both.length / 2, both.length);
    }
}
