package dev.plumb.objective;

import dev.plumb.tensor.Functional;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Bradley and Terry's model with ties after Davidson (1970): a tie is ν times as probable as the geometric mean of a win and a
 * loss.
 *
 * <p>p(w beats l), p(tie), p(l beats w) = softmax(Δ/2, ln ν, −Δ/2), Δ = r_w − r_l − μ; L = −E log p of what was said
 *
 * <p>with one ν for all data, trained as ln ν; of a ranking E is the mean over its pairs. Of a soft label p the loss is p times
 * that of a win and 1−p times that of a loss. Departures: a pair's margin μ, which has no place in a tie; ν starts where Δ = 0
 * gives the share of ties among the data, p(tie) = ν / (2 + ν).
 */
public final class Davidson implements RewardObjective {
    @Override
    public Optional<String> parameter() {
        return Optional.of("ties.log_nu");
    }

    @Override
    public double parameterAtStart(double tieShare) {
        double share = RankedPairs.startingShare(tieShare);
        return Math.log(2 * share / (1 - share));
    }

    @Override
    public boolean counts(Ranking ranking) {
        return true;
    }

    @Override
    public Loss loss(RewardBatch batch, Step step) {
        RankedPairs pairs = RankedPairs.of(batch, true);
        Tensor logNu = batch.parameter().orElseThrow(); // [1]
        Tensor half = pairs.better().sub(pairs.worse()).sub(pairs.margins()).div(2); // [pairs]
        Tensor tie = logNu.add(half.mul(0)); // [pairs]
        Tensor logits =
                Tensor.cat(1, half.unsqueeze(1), tie.unsqueeze(1), half.neg().unsqueeze(1));
        Tensor logps = Functional.logSoftmax(logits, 1); // [pairs, win tie lose]
        Tensor p = pairs.probabilities();
        Tensor said =
                logps.select(1, 0).mul(p).add(logps.select(1, 2).mul(p.mul(-1).add(1)));
        Tensor losses = Tensor.where(pairs.ties(), logps.select(1, 1), said).neg();
        List<Measure> measures = new ArrayList<>(pairs.measures());
        measures.add(new Measure("ties/log_nu", logNu.detach().item(), 1));
        return new Loss(losses.mul(pairs.shares()).sum().div(step.rankings()), measures);
    }
}
