package dev.plumb.train;

import dev.plumb.config.PlumbException;
import dev.plumb.data.Dataset;
import dev.plumb.data.TokenPair;
import dev.plumb.data.TokenStore;
import dev.plumb.model.Decoder;
import dev.plumb.objective.Loss;
import dev.plumb.objective.Measure;
import dev.plumb.objective.PreferenceBatch;
import dev.plumb.objective.PreferenceObjective;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * Learns from pairs of completions: rows, log-probabilities, an objective, gradients, an update. Which objective it is, the
 * loop does not know.
 */
final class PreferenceLoop {
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

    /** Takes all steps of a run that are left. */
    void run(TrainingRun run, Dataset dataset) {
        TokenStore held = dataset.eval();
        List<int[]> prompts = run.samplePrompts(held, row -> ((TokenPair) held.get(row)).prompt());
        long step = run.firstStep();
        if (step == 0) {
            look(run, 0, held, prompts);
        }
        while (run.goesOn(step)) {
            List<Long> rows = run.schedule().rows(step);
            TokenStore store = dataset.train();
            Metrics measured = learn(run.optimizer(), store, rows);
            if (step == 0) {
                requireAgreement(measured.values().get("loss"));
            }
            long tokens = rows.stream().mapToLong(store::tokens).sum();
            run.update(
                    step, measured, tokens, () -> rows.stream().map(store::id).toList());
            step++;
            look(run, step, held, prompts);
            run.saveIfDue(step);
        }
    }

    private void look(TrainingRun run, long steps, TokenStore held, List<int[]> prompts) {
        if (run.isTimeToEvaluate(steps)) {
            run.evaluated(steps, evaluate(held));
            run.sample(steps, prompts);
        }
    }

    /** Adds up the gradients of a step's rows. */
    Metrics learn(AdamW optimizer, TokenStore store, List<Long> rows) {
        List<PairPart> parts = PairPart.split(store, rows, optimisation.tokensPerPass(device), optimisation.style());
        PreferenceObjective.Step step = size(parts);
        Metrics measured = new Metrics();
        for (PairPart part : parts) {
            try (Scope scope = Scope.open()) {
                Optional<Tensor> ref = reference.map(model -> model.logps(part));
                Policy.Learning learning = policy.learn(part.packing(), optimisation.gradientCheckpointing());
                LogProbs.Scores scores = learning.score();
                Tensor logps = scores.logps().requiresGrad(true); // a leaf: the objective sees nothing behind it
                Loss loss = objective.loss(batch(part, logps, ref, scores), step);
                loss.value().backward();
                learning.backward(scores, logps.grad());
                optimizer.collect();
                note(measured, part, loss, scores);
            }
        }
        return measured;
    }

    /** Measures the held-out rows. */
    Metrics evaluate(TokenStore store) {
        List<PairPart> parts =
                PairPart.split(store, Groups.all(store), optimisation.tokensPerPass(device), optimisation.style());
        PreferenceObjective.Step step = size(parts);
        Metrics measured = new Metrics();
        for (PairPart part : parts) {
            try (Scope scope = Scope.open();
                    NoGrad guard = NoGrad.open()) {
                LogProbs.Scores scores = policy.score(part.packing());
                Optional<Tensor> ref = reference.map(model -> model.logps(part));
                Loss loss = objective.loss(batch(part, scores.logps(), ref, scores), step);
                note(measured, part, loss, scores);
            }
        }
        return measured;
    }

    private static PreferenceObjective.Step size(List<PairPart> parts) {
        return new PreferenceObjective.Step(
                parts.stream().mapToLong(part -> part.pairs().size()).sum(),
                parts.stream().mapToLong(PairPart::chosenTokens).sum());
    }

    private PreferenceBatch batch(PairPart part, Tensor logps, Optional<Tensor> reference, LogProbs.Scores scores) {
        Packing packing = part.packing();
        return new PreferenceBatch(
                part.pairs().size(),
                logps,
                reference,
                packing.sequence(device),
                packing.place(device),
                packing.lengths(device),
                objective.needsSquaredMass() ? Optional.of(scores.squaredMass()) : Optional.empty());
    }

    private static void note(Metrics measured, PairPart part, Loss loss, LogProbs.Scores scores) {
        measured.total("loss", loss.value().item());
        for (Measure measure : loss.measures()) {
            measured.add(measure.name(), measure.sum(), measure.count());
        }
        long tokens = part.packing().trained();
        measured.add("entropy", scores.entropies().sum().item(), tokens);
        measured.add(
                "mean_token_accuracy",
                scores.hits().narrow(0, 0, part.chosenTokens()).sum().item(),
                part.chosenTokens());
    }

    /** Before the first update policy and reference are one model; a loss that says otherwise is a fault, not a start. */
    private void requireAgreement(double loss) {
        double expected = objective.lossAtStart();
        // Numbers of 16 bits round otherwise where a stored reference was computed from rows laid out otherwise.
        double bound = policy.decoder().weights().dtype() == DType.FLOAT32 ? 1e-3 : 0.05;
        if (!Double.isNaN(expected) && Math.abs(loss - expected) > bound * Math.max(1, expected)) {
            throw new PlumbException("Before the first update policy and reference must agree and the loss be "
                    + expected + ", but it is " + loss + ". The reference is not the model that is trained.");
        }
    }
}
