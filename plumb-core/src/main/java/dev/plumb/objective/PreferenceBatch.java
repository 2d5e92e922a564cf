package dev.plumb.objective;

import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Log-probabilities of the completions of some pairs. Tokens of all completions stand in one row, without padding, sequence
 * after sequence: first the chosen ones, pair by pair, then the rejected ones in the same order.
 *
 * @param pairs how many pairs
 * @param policy log-probability of each token under the trained policy, [tokens]
 * @param reference the same under the frozen reference; absent for methods without one
 * @param sequence which sequence each token belongs to, 64-bit integers in 0 … 2 · pairs - 1, [tokens]
 * @param place index of each token in its completion, from 0, 64-bit integers, [tokens]
 * @param lengths tokens a sequence, [2 · pairs]
 * @param logSquaredMass log Σ_v π(v)² where each token was predicted, no gradient, [tokens]; only if asked for
 */
public record PreferenceBatch(
        int pairs,
        Tensor policy,
        Optional<Tensor> reference,
        Tensor sequence,
        Tensor place,
        Tensor lengths,
        Optional<Tensor> logSquaredMass) {

    /**
     * Sums over each sequence.
     *
     * @param perToken [tokens]
     * @return [2 · pairs]
     */
    public Tensor sums(Tensor perToken) {
        return Tensor.zeros(perToken.dtype(), perToken.device(), 2L * pairs).indexAdd(0, sequence, perToken);
    }

    /**
     * The chosen half.
     *
     * @param perSequence [2 · pairs]
     * @return [pairs]
     */
    public Tensor chosen(Tensor perSequence) {
        return perSequence.narrow(0, 0, pairs);
    }

    /**
     * The rejected half.
     *
     * @param perSequence [2 · pairs]
     * @return [pairs]
     */
    public Tensor rejected(Tensor perSequence) {
        return perSequence.narrow(0, pairs, pairs);
    }

    /**
     * The pairs of several batches in one, as if they had been one from the start.
     *
     * @param parts at least one; all with a reference or none, and so with the squared mass
     * @return all their pairs, in that order
     */
    public static PreferenceBatch join(List<PreferenceBatch> parts) {
        int pairs = parts.stream().mapToInt(PreferenceBatch::pairs).sum();
        List<Tensor> sequences = new ArrayList<>();
        int before = 0;
        for (PreferenceBatch part : parts) {
            Tensor own = part.sequence();
            Tensor rejected = own.ge(part.pairs()).to(own.dtype());
            sequences.add(own.add(Tensor.full(before, own.dtype(), own.device()))
                    .add(rejected.mul(Tensor.full(pairs - part.pairs(), own.dtype(), own.device()))));
            before += part.pairs();
        }
        PreferenceBatch first = parts.get(0);
        return new PreferenceBatch(
                pairs,
                tokens(parts, parts.stream().map(PreferenceBatch::policy)),
                first.reference.map(any -> tokens(parts, parts.stream().map(part -> part.reference.orElseThrow()))),
                tokens(parts, sequences.stream()),
                tokens(parts, parts.stream().map(PreferenceBatch::place)),
                Tensor.cat(
                        0,
                        Stream.concat(
                                        parts.stream().map(part -> part.chosen(part.lengths)),
                                        parts.stream().map(part -> part.rejected(part.lengths)))
                                .toList()),
                first.logSquaredMass.map(
                        any -> tokens(parts, parts.stream().map(part -> part.logSquaredMass.orElseThrow()))));
    }

    /** Those of all chosen completions, then those of all rejected ones. */
    private static Tensor tokens(List<PreferenceBatch> parts, Stream<Tensor> perToken) {
        List<Tensor> chosen = new ArrayList<>();
        List<Tensor> rejected = new ArrayList<>();
        Iterator<Tensor> next = perToken.iterator();
        for (PreferenceBatch part : parts) {
            Tensor tokens = next.next();
            long ofChosen = part.sequence.lt(part.pairs).sum().itemLong();
            chosen.add(tokens.narrow(0, 0, ofChosen));
            rejected.add(tokens.narrow(0, ofChosen, tokens.size(0) - ofChosen));
        }
        chosen.addAll(rejected);
        return Tensor.cat(0, chosen);
    }
}
