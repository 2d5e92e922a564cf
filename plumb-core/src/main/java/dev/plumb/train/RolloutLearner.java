package dev.plumb.train;

import dev.plumb.objective.Loss;
import dev.plumb.objective.PolicyBatch;
import dev.plumb.objective.PolicyObjective;
import dev.plumb.objective.SamplerMismatch;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** From completions of a rollout to gradients of the policy and, where there is one, of the value function. */
final class RolloutLearner {
    private final Policy policy;
    private final Optional<Critic> critic;
    private final PolicyObjective objective;
    private final RolloutScorer scorer;
    private final boolean checkpointing;
    private final Device device;

    /**
     * A learner.
     *
     * @param policy that is trained
     * @param critic its value function
     * @param objective the loss
     * @param scorer lays completions out in parts
     * @param checkpointing whether layers are computed again on the way back
     */
    RolloutLearner(
            Policy policy,
            Optional<Critic> critic,
            PolicyObjective objective,
            RolloutScorer scorer,
            boolean checkpointing) {
        this.policy = policy;
        this.critic = critic;
        this.objective = objective;
        this.scorer = scorer;
        this.checkpointing = checkpointing;
        this.device = policy.decoder().device();
    }

    /** How far the policy has gone from the one that wrote, and what terms are weighed by, summed over tokens. */
    private static final class Drift {
        private double k3;
        private double weights;
        private double squares;

        void add(Tensor logRatios, Optional<Tensor> corrections) { // [tokens]
            Tensor ratios = logRatios.exp();
            k3 += ratios.sub(1).sub(logRatios).sum().item();
            Tensor weighed = corrections.map(ratios::mul).orElse(ratios);
            weights += weighed.sum().item();
            squares += weighed.square().sum().item();
        }
    }

    /**
     * Adds up gradients.
     *
     * @param optimizer collects them
     * @param rollout of which they are
     * @param chosen numbers of the completions that are learnt from
     * @param step what they are in all
     * @param both whether the policy learns, and not the value function alone
     * @param measured takes the metrics
     * @return the mean over tokens of ρ − 1 − log ρ; 0 without tokens
     */
    double learn(
            AdamW optimizer,
            Rollout rollout,
            List<Integer> chosen,
            PolicyObjective.Step step,
            boolean both,
            Metrics measured) {
        Drift drift = new Drift();
        for (RolloutPart part : scorer.parts(rollout.written(), chosen, objective.together())) {
            try (Scope scope = Scope.open()) {
                learn(rollout, part, step, both, measured, drift);
                optimizer.collect();
            }
        }
        if (step.tokens() == 0) {
            return 0;
        }
        measured.set("ratio/ess", drift.weights * drift.weights / (drift.squares * step.tokens()));
        return drift.k3 / step.tokens();
    }

    private void learn(
            Rollout rollout, RolloutPart part, PolicyObjective.Step step, boolean both, Metrics measured, Drift drift) {
        Policy.Learning learning = policy.learn(part.packing(), checkpointing);
        LogProbs.Scores scores = learning.score();
        Tensor logps = scores.logps().requiresGrad(true); // a leaf: the objective sees nothing behind it
        boolean ofEntropies = objective.learnsEntropies();
        if (ofEntropies) {
            scores.entropies().requiresGrad(true);
        }
        Optional<Critic.Learning> valuing = critic.map(model -> model.learn(part.packing(), learning, checkpointing));
        PolicyBatch batch = batch(rollout, part, scores, valuing);
        Loss loss = objective.loss(batch, step);
        loss.value().backward();
        valuing.ifPresent(Critic.Learning::backward);
        if (both) {
            learning.backward(
                    scores, logps.grad(), ofEntropies ? scores.entropies().grad() : null);
        }
        measured.add(loss);
        measured.add(
                "entropy",
                scores.entropies().detach().sum().item(),
                part.packing().trained());
        drift.add(logps.detach().sub(batch.oldLogps()), batch.weights());
        compare(part.of(rollout.written()), logps.detach(), measured);
    }

    /** Where the policy was not asked before, this first pass tells whether it agrees with what drew the tokens. */
    private static void compare(List<Written> written, Tensor logps, Metrics measured) {
        if (written.get(0).old().length == 0) {
            double[] drawn = written.stream()
                    .flatMapToDouble(one -> Arrays.stream(one.drawn()))
                    .toArray();
            SamplerMismatch.NONE
                    .of(List.of(logps.toDoubles()), List.of(drawn))
                    .measures()
                    .forEach(measured::add);
        }
    }

    private PolicyBatch batch(
            Rollout rollout, RolloutPart part, LogProbs.Scores scores, Optional<Critic.Learning> valuing) {
        List<Written> written = part.of(rollout.written());
        boolean known = written.get(0).old().length > 0;
        return new PolicyBatch(
                part.rows().size(),
                scores.logps(),
                known ? tensor(written, Written::old) : scores.logps().detach(),
                objective.needsReference() ? Optional.of(tensor(written, Written::reference)) : Optional.empty(),
                tensor(part.of(rollout.credit().advantages()), row -> row),
                rollout.weights().isEmpty()
                        ? Optional.empty()
                        : Optional.of(tensor(part.of(rollout.weights()), row -> row)),
                scores.entropies(),
                valuing.map(model -> new PolicyBatch.Critic(
                        model.values(),
                        tensor(written, Written::values),
                        tensor(part.of(rollout.credit().returns()), row -> row))),
                part.packing().sequence(device),
                part.packing().lengths(device));
    }

    /** Numbers of all tokens, in the order of the packing. */
    private <T> Tensor tensor(List<T> rows, Function<T, double[]> numbers) {
        double[] flat = rows.stream()
                .flatMapToDouble(row -> Arrays.stream(numbers.apply(row)))
                .toArray();
        return Tensor.of(flat, Device.CPU).to(DType.FLOAT32).to(device);
    }
}
