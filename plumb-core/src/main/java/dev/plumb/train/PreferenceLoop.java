package dev.plumb.train;

import dev.plumb.data.Example;
import dev.plumb.data.TokenPair;
import dev.plumb.data.TokenStore;
import dev.plumb.model.Decoder;
import dev.plumb.objective.Loss;
import dev.plumb.objective.PreferenceBatch;
import dev.plumb.objective.PreferenceObjective;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/** Learns from pairs of completions. Which objective it is, the loop does not know. */
final class PreferenceLoop implements Loop {
    private final Optimisation optimisation;
    private final PreferenceObjective objective;
    private final Optional<Reference> reference;
    private final Policy policy;
    private final Device device;

    PreferenceLoop(
            Decoder decoder, Optimisation optimisation, PreferenceObjective objective, Optional<Reference> reference) {
        this.optimisation = optimisation;
        this.objective = objective;
        this.reference = reference;
        this.policy = new Policy(decoder, objective.needsSquaredMass());
        this.device = decoder.device();
    }

    @Override
    public Metrics learn(AdamW optimizer, TokenStore store, List<Long> rows) {
        Iterable<Part<TokenPair>> parts = parts(store, rows);
        PreferenceObjective.Step step = size(parts);
        if (objective.needsWholeStep()) {
            return learnTogether(optimizer, parts, step);
        }
        Metrics measured = new Metrics();
        for (Part<TokenPair> part : parts) {
            try (Scope scope = Scope.open()) {
                Optional<Tensor> ref = reference.map(model -> model.logps(part));
                Policy.Learning learning = policy.learn(part.packing(), optimisation.gradientCheckpointing());
                LogProbs.Scores scores = learning.score();
                Tensor logps = scores.logps().requiresGrad(true); // a leaf: the objective sees nothing behind it
                Loss loss = objective.loss(batch(part, logps, ref, scores), step);
                loss.value().backward();
                learning.backward(scores, logps.grad());
                optimizer.collect();
                measured.add(loss);
                measured.add(scores, chosenTokens(part));
            }
        }
        return measured;
    }

    /** Scores all parts before it learns from any: each is read twice, the second time with its gradient known. */
    private Metrics learnTogether(AdamW optimizer, Iterable<Part<TokenPair>> parts, PreferenceObjective.Step step) {
        Metrics measured = new Metrics();
        Metrics ofTokens = new Metrics();
        try (Scope scope = Scope.open()) {
            List<PreferenceBatch> batches = scored(parts, ofTokens);
            batches.forEach(batch -> batch.policy().requiresGrad(true));
            Loss loss = objective.loss(PreferenceBatch.join(batches), step);
            loss.value().backward();
            measured.add(loss);
            measured.merge(ofTokens);
            Iterator<PreferenceBatch> next = batches.iterator();
            for (Part<TokenPair> part : parts) {
                try (Scope inner = Scope.open()) {
                    policy.learn(part.packing(), optimisation.gradientCheckpointing())
                            .scoreAndBackward(next.next().policy().grad());
                    optimizer.collect();
                }
            }
        }
        return measured;
    }

    private List<PreferenceBatch> scored(Iterable<Part<TokenPair>> parts, Metrics ofTokens) {
        List<PreferenceBatch> batches = new ArrayList<>();
        for (Part<TokenPair> part : parts) {
            LogProbs.Scores scores = policy.score(part.packing());
            batches.add(batch(part, scores.logps(), reference.map(model -> model.logps(part)), scores));
            ofTokens.add(scores, chosenTokens(part));
        }
        return batches;
    }

    @Override
    public Metrics evaluate(TokenStore store, List<Long> rows) {
        Iterable<Part<TokenPair>> parts = parts(store, rows);
        PreferenceObjective.Step step = size(parts);
        Metrics measured = new Metrics();
        Metrics ofTokens = new Metrics();
        if (objective.needsWholeStep()) {
            try (Scope scope = Scope.open();
                    NoGrad guard = NoGrad.open()) {
                measured.add(objective.loss(PreferenceBatch.join(scored(parts, ofTokens)), step));
            }
        } else {
            for (Part<TokenPair> part : parts) {
                try (Scope scope = Scope.open();
                        NoGrad guard = NoGrad.open()) {
                    PreferenceBatch batch = scored(List.of(part), ofTokens).get(0);
                    measured.add(objective.loss(batch, step));
                }
            }
        }
        measured.merge(ofTokens);
        return measured;
    }

    private Iterable<Part<TokenPair>> parts(TokenStore store, List<Long> rows) {
        return Part.pairs(store, rows, optimisation.tokensPerPass(device), optimisation.style());
    }

    private static PreferenceObjective.Step size(Iterable<Part<TokenPair>> parts) {
        long pairs = 0;
        long tokens = 0;
        for (Part<TokenPair> part : parts) {
            pairs += part.size();
            tokens += chosenTokens(part);
        }
        return new PreferenceObjective.Step(pairs, tokens);
    }

    /** As in TRL, accuracy is measured on them. */
    private static long chosenTokens(Part<TokenPair> part) {
        return part.examples().stream().mapToLong(pair -> pair.chosen().length).sum();
    }

    private PreferenceBatch batch(
            Part<TokenPair> part, Tensor logps, Optional<Tensor> reference, LogProbs.Scores scores) {
        return batch(objective, device, part, logps, reference, scores);
    }

    /** What an objective is shown of some pairs. */
    static PreferenceBatch batch(
            PreferenceObjective objective,
            Device device,
            Part<TokenPair> part,
            Tensor logps,
            Optional<Tensor> reference,
            LogProbs.Scores scores) {
        Packing packing = part.packing();
        return new PreferenceBatch(
                part.size(),
                logps,
                reference,
                packing.sequence(device),
                packing.place(device),
                packing.lengths(device),
                objective.needsSquaredMass() ? Optional.of(scores.squaredMass()) : Optional.empty());
    }

    @Override
    public int[] prompt(Example row) {
        return ((TokenPair) row).prompt();
    }

    @Override
    public void requireSoundStart(double loss) {
        SoundStart.require(loss, objective.lossAtStart(), policy.isExact());
    }
}
