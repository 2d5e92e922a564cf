package dev.plumb.train;

import dev.plumb.data.Dataset;
import dev.plumb.data.TokenSequence;
import dev.plumb.data.TokenStore;
import dev.plumb.model.Decoder;
import dev.plumb.objective.Loss;
import dev.plumb.objective.Measure;
import dev.plumb.objective.SequenceBatch;
import dev.plumb.objective.SequenceObjective;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Learns from single sequences: rows, log-probabilities, an objective, gradients, an update. */
final class SequenceLoop {
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

    /** Takes all steps of a run that are left. */
    void run(TrainingRun run, Dataset dataset) {
        TokenStore held = dataset.eval();
        List<int[]> prompts = run.samplePrompts(held, row -> prompt((TokenSequence) held.get(row)));
        long step = run.firstStep();
        if (step == 0) {
            look(run, 0, held, prompts);
        }
        while (run.goesOn(step)) {
            List<Long> rows = run.schedule().rows(step);
            TokenStore store = dataset.train();
            Metrics measured = learn(run.optimizer(), store, rows);
            long tokens = rows.stream().mapToLong(store::tokens).sum();
            run.update(
                    step, measured, tokens, () -> rows.stream().map(store::id).toList());
            step++;
            look(run, step, held, prompts);
            run.saveIfDue(step);
        }
    }

    /** What comes before the first trained token; the first few tokens of a text that is trained from its start. */
    private static int[] prompt(TokenSequence sequence) {
        int first = 0;
        while (first < sequence.ids().length && !sequence.trained()[first]) {
            first++;
        }
        return Arrays.copyOf(sequence.ids(), Math.min(Math.max(first, 8), sequence.ids().length));
    }

    private void look(TrainingRun run, long steps, TokenStore held, List<int[]> prompts) {
        if (run.isTimeToEvaluate(steps)) {
            run.evaluated(steps, evaluate(held));
            run.sample(steps, prompts);
        }
    }

    /** Adds up the gradients of a step's rows. */
    Metrics learn(AdamW optimizer, TokenStore store, List<Long> rows) {
        List<SequencePart> parts =
                SequencePart.split(store, rows, optimisation.tokensPerPass(device), optimisation.style());
        SequenceObjective.Step step = size(parts);
        Metrics measured = new Metrics();
        for (SequencePart part : parts) {
            try (Scope scope = Scope.open()) {
                Policy.Learning learning = policy.learn(part.packing(), optimisation.gradientCheckpointing());
                Tensor nothing =
                        Tensor.zeros(DType.FLOAT32, device, part.packing().trained());
                Optional<Tensor> known = objective.knownGradient(batch(part, nothing), step);
                LogProbs.Scores scores;
                if (known.isPresent()) { // one pass over the vocabulary instead of two
                    scores = learning.scoreAndBackward(known.get());
                    note(measured, part, objective.loss(batch(part, scores.logps()), step), scores);
                } else {
                    scores = learning.score();
                    Tensor logps = scores.logps().requiresGrad(true);
                    Loss loss = objective.loss(batch(part, logps), step);
                    loss.value().backward();
                    learning.backward(scores, logps.grad());
                    note(measured, part, loss, scores);
                }
                optimizer.collect();
            }
        }
        return measured;
    }

    /** Measures the held-out rows. */
    Metrics evaluate(TokenStore store) {
        List<SequencePart> parts =
                SequencePart.split(store, Groups.all(store), optimisation.tokensPerPass(device), optimisation.style());
        SequenceObjective.Step step = size(parts);
        Metrics measured = new Metrics();
        double nll = 0;
        for (SequencePart part : parts) {
            try (Scope scope = Scope.open();
                    NoGrad guard = NoGrad.open()) {
                LogProbs.Scores scores = policy.score(part.packing());
                note(measured, part, objective.loss(batch(part, scores.logps()), step), scores);
                nll -= scores.logps().sum().item();
            }
        }
        measured.set("perplexity", Math.exp(nll / step.tokens())); // of the aggregate, never a mean of exponentials
        return measured;
    }

    private static SequenceObjective.Step size(List<SequencePart> parts) {
        return new SequenceObjective.Step(
                parts.stream().mapToLong(part -> part.sequences().size()).sum(),
                parts.stream().mapToLong(part -> part.packing().trained()).sum());
    }

    private SequenceBatch batch(SequencePart part, Tensor logps) {
        Packing packing = part.packing();
        return new SequenceBatch(part.sequences().size(), logps, packing.sequence(device), packing.lengths(device));
    }

    private static void note(Metrics measured, SequencePart part, Loss loss, LogProbs.Scores scores) {
        measured.total("loss", loss.value().item());
        for (Measure measure : loss.measures()) {
            measured.add(measure.name(), measure.sum(), measure.count());
        }
        long tokens = part.packing().trained();
        measured.add("entropy", scores.entropies().sum().item(), tokens);
        measured.add("mean_token_accuracy", scores.hits().sum().item(), tokens);
    }
}
