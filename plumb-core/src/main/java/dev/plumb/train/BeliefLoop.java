package dev.plumb.train;

import dev.plumb.config.PlumbException;
import dev.plumb.data.Example;
import dev.plumb.data.TokenBelief;
import dev.plumb.data.TokenStore;
import dev.plumb.model.Decoder;
import dev.plumb.objective.BeliefBatch;
import dev.plumb.objective.BeliefObjective;
import dev.plumb.objective.Loss;
import dev.plumb.objective.PreferenceBatch;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Learns from rows about beliefs. Which objective it is, the loop does not know. The log-probabilities of all beliefs come
 * from one hidden state, read once for each belief's token: no logits are held, as nowhere.
 */
final class BeliefLoop implements Loop {
    private final Optimisation optimisation;
    private final BeliefObjective objective;
    private final Optional<Reference> reference;
    private final BeliefTargets targets;
    private final Policy policy;
    private final Device device;
    private double preferenceLoss = Double.NaN;

    BeliefLoop(
            Decoder decoder,
            Optimisation optimisation,
            BeliefObjective objective,
            Optional<Reference> reference,
            BeliefTargets targets) {
        this.optimisation = optimisation;
        this.objective = objective;
        this.reference = reference;
        this.targets = targets;
        this.policy = new Policy(decoder, false);
        this.device = decoder.device();
    }

    @Override
    public Metrics learn(AdamW optimizer, TokenStore store, List<Long> rows) {
        BeliefObjective.Step step = step(store, rows);
        Metrics measured = new Metrics();
        for (Part<TokenBelief> part : parts(store, rows)) {
            try (Scope scope = Scope.open()) {
                Optional<Tensor> ref = reference.map(model -> model.logps(part));
                Policy.Learning learning = policy.learn(part.packing(), optimisation.gradientCheckpointing());
                LogProbs.Scores scores = learning.score();
                Tensor logps = scores.logps().requiresGrad(true); // a leaf: the objective sees nothing behind it
                Loss loss = objective.loss(batch(part, logps, ref), step);
                loss.value().backward();
                learning.backward(scores, logps.grad());
                optimizer.collect();
                note(measured, part, loss, scores);
            }
        }
        preferenceLoss = measured.values().getOrDefault(BeliefObjective.PREFERENCE_LOSS, Double.NaN);
        return measured;
    }

    @Override
    public Metrics evaluate(TokenStore store, List<Long> rows) {
        BeliefObjective.Step step = step(store, rows);
        Metrics measured = new Metrics();
        for (Part<TokenBelief> part : parts(store, rows)) {
            try (Scope scope = Scope.open();
                    NoGrad guard = NoGrad.open()) {
                LogProbs.Scores scores = policy.score(part.packing());
                Optional<Tensor> ref = reference.map(model -> model.logps(part));
                note(measured, part, objective.loss(batch(part, scores.logps(), ref), step), scores);
            }
        }
        return measured;
    }

    private Iterable<Part<TokenBelief>> parts(TokenStore store, List<Long> rows) {
        return Part.beliefs(
                store,
                rows,
                optimisation.tokensPerPass(device),
                optimisation.style(),
                targets.beliefs(),
                objective.conditions());
    }

    private BeliefObjective.Step step(TokenStore store, List<Long> rows) {
        long majority = rows.stream()
                .filter(row ->
                        BeliefBatch.isMajority(targets.shares(store, row), ((TokenBelief) store.get(row)).belief()))
                .count();
        return new BeliefObjective.Step(rows.size(), majority);
    }

    private BeliefBatch batch(Part<TokenBelief> part, Tensor logps, Optional<Tensor> reference) {
        Packing packing = part.packing();
        int rows = part.size();
        int answers = answerTokens(part);
        int beliefs = targets.beliefs();
        long prefix = packing.trained() - answers - (long) rows * beliefs;
        Tensor sequence = packing.sequence(device);
        Tensor lengths = packing.lengths(device); // [4 rows]: chosen, rejected, beliefs, statements
        double[][] shares = new double[rows][];
        double[] weights = new double[rows];
        int[] held = new int[rows];
        for (int i = 0; i < rows; i++) {
            held[i] = part.examples().get(i).belief();
            shares[i] = targets.shares(part.store(), part.rows().get(i));
            weights[i] = targets.weight(part.store(), part.rows().get(i), held[i]);
        }
        PreferenceBatch pairs = new PreferenceBatch(
                rows,
                logps.narrow(0, 0, answers),
                reference.map(all -> all.narrow(0, 0, answers)),
                sequence.narrow(0, 0, answers),
                packing.place(device).narrow(0, 0, answers),
                lengths.narrow(0, 0, 2L * rows),
                Optional.empty());
        int[] prefixRow = IntStream.range(answers + rows * beliefs, packing.trained())
                .map(token -> packing.sequence()[token] - 3 * rows)
                .toArray();
        return new BeliefBatch(
                pairs,
                logps.narrow(0, answers, (long) rows * beliefs).reshape(rows, beliefs),
                shares,
                held,
                logps.narrow(0, logps.size(0) - prefix, prefix),
                Tensor.of(prefixRow, device),
                lengths.narrow(0, 3L * rows, rows),
                weights);
    }

    private static int answerTokens(Part<TokenBelief> part) {
        return IntStream.of(part.packing().lengths()).limit(2L * part.size()).sum();
    }

    private static void note(Metrics measured, Part<TokenBelief> part, Loss loss, LogProbs.Scores scores) {
        measured.add(loss);
        long chosen =
                part.examples().stream().mapToLong(row -> row.chosen().length).sum();
        int answers = answerTokens(part);
        measured.add("entropy", scores.entropies().narrow(0, 0, answers).sum().item(), answers);
        measured.add(
                "mean_token_accuracy", scores.hits().narrow(0, 0, chosen).sum().item(), chosen);
    }

    @Override
    public int[] prompt(Example row) {
        return ((TokenBelief) row).prompt();
    }

    /** Before the first update policy and reference are one model; a loss that says otherwise is a fault, not a start. */
    @Override
    public void requireSoundStart(double loss) {
        // Numbers of 16 bits round otherwise where rows are laid out otherwise.
        double bound = policy.isExact() ? 1e-3 : 0.05;
        if (reference.isPresent() && !(Math.abs(preferenceLoss - Math.log(2)) <= bound)) {
            throw new PlumbException(
                    "Before the first update policy and reference must agree and the preference loss be "
                            + Math.log(2) + ", but it is " + preferenceLoss
                            + ". The reference is not the model that is trained.");
        }
    }
}
