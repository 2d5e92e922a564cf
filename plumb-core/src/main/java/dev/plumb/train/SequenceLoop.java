package dev.plumb.train;

import dev.plumb.data.Example;
import dev.plumb.data.TokenSequence;
import dev.plumb.data.TokenStore;
import dev.plumb.model.Decoder;
import dev.plumb.objective.Loss;
import dev.plumb.objective.SequenceBatch;
import dev.plumb.objective.SequenceObjective;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Learns from single sequences. Which objective it is, the loop does not know. */
final class SequenceLoop implements Loop {
    private final Optimisation optimisation;
    private final SequenceObjective objective;
    private final Policy policy;
    private final Device device;

    SequenceLoop(Decoder decoder, Optimisation optimisation, SequenceObjective objective) {
        this.optimisation = optimisation;
        this.objective = objective;
        this.policy = new Policy(decoder, false);
        this.device = decoder.device();
    }

    @Override
    public Metrics learn(AdamW optimizer, TokenStore store, List<Long> rows) {
        Iterable<Part<TokenSequence>> parts = parts(store, rows);
        SequenceObjective.Step step = size(parts);
        Metrics measured = new Metrics();
        for (Part<TokenSequence> part : parts) {
            try (Scope scope = Scope.open()) {
                Packing packing = part.packing();
                Policy.Learning learning = policy.learn(packing, optimisation.gradientCheckpointing());
                Optional<Tensor> known =
                        objective.knownGradient(packing.sequence(device), packing.lengths(device), step);
                LogProbs.Scores scores;
                if (known.isPresent()) { // one pass over the vocabulary instead of two
                    scores = learning.scoreAndBackward(known.get());
                    measured.add(objective.loss(batch(packing, scores.logps()), step));
                } else {
                    scores = learning.score();
                    Tensor logps = scores.logps().requiresGrad(true);
                    Loss loss = objective.loss(batch(packing, logps), step);
                    loss.value().backward();
                    learning.backward(scores, logps.grad());
                    measured.add(loss);
                }
                measured.add(scores, packing.trained());
                optimizer.collect();
            }
        }
        return measured;
    }

    @Override
    public Metrics evaluate(TokenStore store, List<Long> rows) {
        Iterable<Part<TokenSequence>> parts = parts(store, rows);
        SequenceObjective.Step step = size(parts);
        Metrics measured = new Metrics();
        double nll = 0;
        for (Part<TokenSequence> part : parts) {
            try (Scope scope = Scope.open();
                    NoGrad guard = NoGrad.open()) {
                LogProbs.Scores scores = policy.score(part.packing());
                measured.add(objective.loss(batch(part.packing(), scores.logps()), step));
                measured.add(scores, part.packing().trained());
                nll -= scores.logps().sum().item();
            }
        }
        measured.set("perplexity", Math.exp(nll / step.tokens())); // of the aggregate, never a mean of exponentials
        return measured;
    }

    private Iterable<Part<TokenSequence>> parts(TokenStore store, List<Long> rows) {
        return Part.sequences(store, rows, optimisation.tokensPerPass(device), optimisation.style());
    }

    private static SequenceObjective.Step size(Iterable<Part<TokenSequence>> parts) {
        long sequences = 0;
        long tokens = 0;
        for (Part<TokenSequence> part : parts) {
            sequences += part.size();
            tokens += part.packing().trained();
        }
        return new SequenceObjective.Step(sequences, tokens);
    }

    private SequenceBatch batch(Packing packing, Tensor logps) {
        return new SequenceBatch(packing.sequences(), logps, packing.sequence(device), packing.lengths(device));
    }

    /** What comes before the first trained token; the first few tokens of a text that is trained from its start. */
    @Override
    public int[] prompt(Example row) {
        TokenSequence sequence = (TokenSequence) row;
        int first = 0;
        while (first < sequence.ids().length && !sequence.trained()[first]) {
            first++;
        }
        return Arrays.copyOf(sequence.ids(), Math.min(Math.max(first, 8), sequence.ids().length));
    }
}
