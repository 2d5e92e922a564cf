package dev.plumb.train;

import dev.plumb.data.Example;
import dev.plumb.data.TokenPair;
import dev.plumb.data.TokenStore;
import dev.plumb.model.Decoder;
import dev.plumb.model.Pass;
import dev.plumb.objective.Loss;
import dev.plumb.objective.RewardBatch;
import dev.plumb.objective.RewardMeasures;
import dev.plumb.objective.RewardObjective;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Teaches a reward model from pairs of completions. Which objective it is, the loop does not know. */
final class RewardLoop implements Loop {
    private final Decoder decoder;
    private final Optimisation optimisation;
    private final RewardObjective objective;
    private final boolean freezeBackbone;

    /**
     * A loop.
     *
     * @param decoder a reward model of one output
     * @param freezeBackbone whether only the head is trained
     */
    RewardLoop(Decoder decoder, Optimisation optimisation, RewardObjective objective, boolean freezeBackbone) {
        this.decoder = decoder;
        this.optimisation = optimisation;
        this.objective = objective;
        this.freezeBackbone = freezeBackbone;
    }

    @Override
    public Map<String, Tensor> trained(Decoder model) {
        String head = model.architecture().headName();
        return freezeBackbone ? Map.of(head, model.head()) : model.trained();
    }

    @Override
    public Metrics learn(AdamW optimizer, TokenStore store, List<Long> rows) {
        RewardObjective.Step step = new RewardObjective.Step(rows.size());
        Metrics measured = new Metrics();
        for (Part<TokenPair> part : parts(store, rows)) {
            try (Scope scope = Scope.open()) {
                if (freezeBackbone) {
                    learn(part, ends(part), step, measured);
                } else {
                    Pass pass = decoder.forward(part.packing().layout(), optimisation.gradientCheckpointing());
                    Tensor at = part.packing().states(device());
                    Tensor ends = pass.hidden().indexSelect(0, at).requiresGrad(true); // a leaf of its own
                    learn(part, ends, step, measured);
                    Tensor whole =
                            Tensor.zeros(ends.dtype(), device(), pass.hidden().shape());
                    pass.backward(whole.indexAddInPlace(0, at, ends.grad()));
                }
                optimizer.collect();
            }
        }
        return measured;
    }

    /** Adds to the gradients of the head, and of the hidden states if they want any. */
    private void learn(Part<TokenPair> part, Tensor ends, RewardObjective.Step step, Metrics measured) {
        Tensor rewards = rewards(part, ends);
        Loss loss = objective.loss(batch(part, rewards), step);
        loss.value().backward();
        note(measured, loss, rewards.detach().toDoubles());
    }

    @Override
    public Metrics evaluate(TokenStore store, List<Long> rows) {
        RewardObjective.Step step = new RewardObjective.Step(rows.size());
        Metrics measured = new Metrics();
        List<RewardMeasures.Pair> pairs = new ArrayList<>();
        for (Part<TokenPair> part : parts(store, rows)) {
            try (Scope scope = Scope.open();
                    NoGrad guard = NoGrad.open()) {
                Tensor rewards = rewards(part, ends(part));
                double[] values = rewards.toDoubles();
                note(measured, objective.loss(batch(part, rewards), step), values);
                for (int i = 0; i < part.size(); i++) {
                    TokenPair pair = part.examples().get(i);
                    pairs.add(new RewardMeasures.Pair(
                            values[i], values[part.size() + i], pair.chosen().length, pair.rejected().length));
                }
            }
        }
        RewardMeasures.of(pairs).forEach(measured::set);
        return measured;
    }

    private Iterable<Part<TokenPair>> parts(TokenStore store, List<Long> rows) {
        return Part.endings(store, rows, optimisation.tokensPerPass(device()), optimisation.style());
    }

    /** Hidden states of the last tokens of all completions, outside of any graph, [2 · pairs, width]. */
    private Tensor ends(Part<TokenPair> part) {
        try (NoGrad guard = NoGrad.open();
                Scope scope = Scope.open()) {
            return scope.keep(decoder.hidden(part.packing().layout())
                    .indexSelect(0, part.packing().states(device())));
        }
    }

    private Tensor rewards(Part<TokenPair> part, Tensor ends) {
        return decoder.scores(ends).reshape(2L * part.size());
    }

    private RewardBatch batch(Part<TokenPair> part, Tensor rewards) {
        double[] margins =
                part.examples().stream().mapToDouble(TokenPair::margin).toArray();
        return new RewardBatch(
                rewards.narrow(0, 0, part.size()),
                rewards.narrow(0, part.size(), part.size()),
                Tensor.of(margins, Device.CPU).to(DType.FLOAT32).to(device()));
    }

    private static void note(Metrics measured, Loss loss, double[] rewards) {
        measured.add(loss);
        for (double reward : rewards) {
            measured.min("min_reward", reward);
            measured.max("max_reward", reward);
        }
    }

    private Device device() {
        return decoder.device();
    }

    /** None: a reward model writes nothing. */
    @Override
    public int[] prompt(Example row) {
        return new int[0];
    }
}
