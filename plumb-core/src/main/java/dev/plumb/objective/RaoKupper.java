package dev.plumb.objective;

import dev.plumb.tensor.Functional;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Bradley and Terry's model with ties after Rao and Kupper (1967): answers whose rewards differ by less than a threshold η are
 * hard to tell apart.
 *
 * <p>p(w beats l) = σ(Δ − η), p(tie) = (e^{2η} − 1) σ(Δ − η) σ(−Δ − η), Δ = r_w − r_l − μ; L = −E log p of what was said
 *
 * <p>with one η for all data, trained as softplus(h) so that it stays above 0; of a ranking E is the mean over its pairs. Of a
 * soft label p the loss is p times that of a win and 1−p times that of a loss. Departures: a pair's margin μ, which has no
 * place in a tie; h starts where Δ = 0 gives the share of ties among the data, p(tie) = tanh(η/2).
 */
public final class RaoKupper implements RewardObjective {
    @Override
    public Optional<String> parameter() {
        return Optional.of("ties.h");
    }

    @Override
    public double parameterAtStart(double tieShare) {
        double share = RankedPairs.startingShare(tieShare);
        double eta = Math.log1p(share) - Math.log1p(-share); // 2 artanh of it
        return Math.log(Math.expm1(eta));
    }

    @Override
    public boolean counts(Ranking ranking) {
        return true;
    }

    @Override
    public Loss loss(RewardBatch batch, Step step) {
        RankedPairs pairs = RankedPairs.of(batch, true);
        Tensor eta = Functional.softplus(batch.parameter().orElseThrow()); // [1]
        Tensor delta = pairs.better().sub(pairs.worse()).sub(pairs.margins()); // [pairs]
        Tensor win = Functional.softplus(eta.sub(delta));
        Tensor lose = Functional.softplus(delta.add(eta));
        Tensor open = eta.mul(2).add(Functional.log1mExp(eta.mul(-2))); // log(e^{2η} − 1), also of a large η
        Tensor tie = win.add(lose).sub(open);
        Tensor p = pairs.probabilities();
        Tensor said = win.mul(p).add(lose.mul(p.mul(-1).add(1)));
        Tensor losses = Tensor.where(pairs.ties(), tie, said);
        List<Measure> measures = new ArrayList<>(pairs.measures());
        measures.add(new Measure("ties/eta", eta.detach().item(), 1));
        return new Loss(losses.mul(pairs.shares()).sum().div(step.rankings()), measures);
    }
}
