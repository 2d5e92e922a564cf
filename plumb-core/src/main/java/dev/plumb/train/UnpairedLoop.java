package dev.plumb.train;

import dev.plumb.data.Example;
import dev.plumb.data.TokenJudged;
import dev.plumb.data.TokenStore;
import dev.plumb.model.Decoder;
import dev.plumb.objective.Loss;
import dev.plumb.objective.UnpairedBatch;
import dev.plumb.objective.UnpairedObjective;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.DoubleStream;

/** Learns from single completions that were judged good or bad. Which objective it is, the loop does not know. */
final class UnpairedLoop implements Loop {
    private final Optimisation optimisation;
    private final UnpairedObjective objective;
    private final Reference reference;
    private final Optional<Policy> frozen;
    private final int maxLength;
    private final Policy policy;
    private final Device device;
    private double expectedAtStart;
    private RunningMean seen = new RunningMean(0, 0);

    /**
     * A loop.
     *
     * @param decoder the model that learns
     * @param optimisation how weights are updated
     * @param objective the loss
     * @param reference what it says of rows
     * @param frozen the reference as a model, for sequences that are no rows; needed by objectives that need mismatched ones
     * @param maxLength the longest sequence in tokens
     */
    UnpairedLoop(
            Decoder decoder,
            Optimisation optimisation,
            UnpairedObjective objective,
            Reference reference,
            Optional<Policy> frozen,
            int maxLength) {
        this.optimisation = optimisation;
        this.objective = objective;
        this.reference = reference;
        this.frozen = frozen;
        this.maxLength = maxLength;
        this.policy = new Policy(decoder, false);
        this.device = decoder.device();
    }

    @Override
    public Metrics learn(AdamW optimizer, TokenStore store, List<Long> rows) {
        Iterable<Part<TokenJudged>> parts = parts(store, rows);
        Metrics measured = new Metrics();
        try (Scope whole = Scope.open()) {
            List<Tensor> references = new ArrayList<>(); // asked once, also where a mean wants them beforehand
            for (Part<TokenJudged> part : parts) {
                references.add(reference.logps(part));
            }
            if (objective.needsMeanLogRatio()) {
                seen = seen.with(logRatios(parts, references));
            }
            UnpairedObjective.Step step = step(store, rows);
            expectedAtStart = objective.lossAtStart(step);
            Iterator<Tensor> next = references.iterator();
            for (Part<TokenJudged> part : parts) {
                try (Scope scope = Scope.open()) {
                    Policy.Learning learning = policy.learn(part.packing(), optimisation.gradientCheckpointing());
                    LogProbs.Scores scores = learning.score();
                    Tensor logps = scores.logps().requiresGrad(true); // a leaf: the objective sees nothing behind it
                    Loss loss = objective.loss(batch(part, logps, next.next()), step);
                    loss.value().backward();
                    learning.backward(scores, logps.grad());
                    optimizer.collect();
                    note(measured, part, loss, scores);
                }
            }
        }
        return measured;
    }

    @Override
    public Metrics evaluate(TokenStore store, List<Long> rows) {
        Iterable<Part<TokenJudged>> parts = parts(store, rows);
        UnpairedObjective.Step step = step(store, rows);
        Metrics measured = new Metrics();
        for (Part<TokenJudged> part : parts) {
            try (Scope scope = Scope.open();
                    NoGrad guard = NoGrad.open()) {
                LogProbs.Scores scores = policy.score(part.packing());
                Loss loss = objective.loss(batch(part, scores.logps(), reference.logps(part)), step);
                note(measured, part, loss, scores);
            }
        }
        return measured;
    }

    private Iterable<Part<TokenJudged>> parts(TokenStore store, List<Long> rows) {
        return Part.judged(store, rows, optimisation.tokensPerPass(device), optimisation.style());
    }

    private UnpairedObjective.Step step(TokenStore store, List<Long> rows) {
        long desirable = rows.stream()
                .filter(row -> ((TokenJudged) store.get(row)).desirable())
                .count();
        UnpairedObjective.Mismatched mismatched = UnpairedObjective.Mismatched.NONE;
        if (objective.needsMismatched()) {
            mismatched = mismatched(Mismatch.of(store, rows, maxLength));
        }
        return new UnpairedObjective.Step(desirable, rows.size() - desirable, mismatched, seen.mean());
    }

    /** Log-ratios of whole completions under the policy as it is. */
    private double[] logRatios(Iterable<Part<TokenJudged>> parts, List<Tensor> references) {
        DoubleStream.Builder all = DoubleStream.builder();
        Iterator<Tensor> next = references.iterator();
        for (Part<TokenJudged> part : parts) {
            try (Scope scope = Scope.open();
                    NoGrad guard = NoGrad.open()) {
                Tensor apart = policy.score(part.packing()).logps().sub(next.next());
                addSums(all, apart.toDoubles(), part.packing().lengths());
            }
        }
        return all.build().toArray();
    }

    /** Scores completions behind prompts that they do not belong to, before the weights' gradients are touched. */
    private UnpairedObjective.Mismatched mismatched(Mismatch mismatch) {
        DoubleStream.Builder ours = DoubleStream.builder();
        DoubleStream.Builder theirs = DoubleStream.builder();
        for (Packing packing : mismatch.packings(optimisation.tokensPerPass(device), optimisation.style())) {
            addSums(ours, policy, packing);
            addSums(theirs, frozen.orElseThrow(), packing);
        }
        return new UnpairedObjective.Mismatched(
                ours.build().toArray(), theirs.build().toArray());
    }

    private static void addSums(DoubleStream.Builder sums, Policy model, Packing packing) {
        try (Scope scope = Scope.open()) {
            addSums(sums, model.score(packing).logps().toDoubles(), packing.lengths());
        }
    }

    private static void addSums(DoubleStream.Builder sums, double[] perToken, int[] lengths) {
        int token = 0;
        for (int length : lengths) {
            double sum = 0;
            for (int end = token + length; token < end; token++) {
                sum += perToken[token];
            }
            sums.add(sum);
        }
    }

    private UnpairedBatch batch(Part<TokenJudged> part, Tensor logps, Tensor reference) {
        boolean[] desirable = new boolean[part.size()];
        for (int i = 0; i < desirable.length; i++) {
            desirable[i] = part.examples().get(i).desirable();
        }
        return new UnpairedBatch(
                logps,
                reference,
                part.packing().sequence(device),
                part.packing().lengths(device),
                desirable);
    }

    private static void note(Metrics measured, Part<TokenJudged> part, Loss loss, LogProbs.Scores scores) {
        measured.add(loss);
        measured.add(scores, part.packing().trained());
    }

    @Override
    public void save(Path folder) throws IOException {
        if (objective.needsMeanLogRatio()) {
            seen.save(folder);
        }
    }

    @Override
    public void load(Path folder, TokenStore store) {
        if (objective.needsMeanLogRatio()) {
            seen = RunningMean.load(folder);
        }
    }

    @Override
    public int[] prompt(Example row) {
        return ((TokenJudged) row).prompt();
    }

    @Override
    public void requireSoundStart(double loss) {
        SoundStart.require(loss, expectedAtStart, policy.isExact());
    }
}
