package dev.plumb.train;

import dev.plumb.data.Example;
import dev.plumb.data.TokenStore;
import dev.plumb.model.Decoder;
import dev.plumb.model.Pass;
import dev.plumb.objective.Loss;
import dev.plumb.objective.RewardBatch;
import dev.plumb.objective.RewardMeasures;
import dev.plumb.objective.RewardObjective;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Teaches a reward model from pairs and rankings of completions. Which objective it is, the loop does not know. */
final class RewardLoop implements Loop {
    private final Decoder decoder;
    private final Optimisation optimisation;
    private final RewardObjective objective;
    private final boolean freezeBackbone;
    private final Optional<TrainedNumber> number;

    /**
     * A loop.
     *
     * @param decoder a reward model of one output
     * @param freezeBackbone whether only the head is trained
     * @param number what the objective trains beside the model; stays the caller's
     */
    RewardLoop(
            Decoder decoder,
            Optimisation optimisation,
            RewardObjective objective,
            boolean freezeBackbone,
            Optional<TrainedNumber> number) {
        this.decoder = decoder;
        this.optimisation = optimisation;
        this.objective = objective;
        this.freezeBackbone = freezeBackbone;
        this.number = number;
    }

    @Override
    public Map<String, Tensor> trained(Decoder model) {
        String head = model.architecture().headName();
        Map<String, Tensor> trained =
                new LinkedHashMap<>(freezeBackbone ? Map.of(head, model.head()) : model.trained());
        number.ifPresent(one -> trained.put(one.name(), one.value()));
        return trained;
    }

    @Override
    public void writeTo(Path folder) {
        number.ifPresent(one -> one.writeTo(folder));
    }

    @Override
    public Metrics learn(AdamW optimizer, TokenStore store, List<Long> rows) {
        List<Long> counted = counted(store, rows);
        RewardObjective.Step step = new RewardObjective.Step(counted.size());
        Metrics measured = begin(rows, counted);
        for (Part<Example> part : parts(store, counted)) {
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

    /** Rows that say anything to the objective. */
    private List<Long> counted(TokenStore store, List<Long> rows) {
        return rows.stream()
                .filter(row -> objective.counts(Compared.of(store.get(row)).ranking()))
                .toList();
    }

    /** Metrics that say which rows do not count, if there are any. */
    private static Metrics begin(List<Long> rows, List<Long> counted) {
        Metrics measured = new Metrics();
        measured.total("loss", 0); // stands if no row counts
        if (counted.size() < rows.size()) {
            measured.total("rows_without_order", rows.size() - counted.size());
        }
        return measured;
    }

    /** Adds to the gradients of the head, and of the hidden states if they want any. */
    private void learn(Part<Example> part, Tensor ends, RewardObjective.Step step, Metrics measured) {
        Tensor rewards = rewards(ends);
        Loss loss = objective.loss(batch(part, rewards), step);
        loss.value().backward();
        note(measured, loss, rewards.detach().toDoubles());
    }

    @Override
    public Metrics evaluate(TokenStore store, List<Long> rows) {
        List<Long> counted = counted(store, rows);
        RewardObjective.Step step = new RewardObjective.Step(counted.size());
        Metrics measured = begin(rows, counted);
        List<RewardMeasures.Pair> pairs = new ArrayList<>();
        for (Part<Example> part : parts(store, counted)) {
            try (Scope scope = Scope.open();
                    NoGrad guard = NoGrad.open()) {
                Tensor rewards = rewards(ends(part));
                RewardBatch batch = batch(part, rewards);
                double[] values = rewards.toDoubles();
                note(measured, objective.loss(batch, step), values);
                for (int i = 0; i < part.size(); i++) {
                    int[] items = batch.rankings().get(i).items();
                    addPairs(pairs, Compared.of(part.examples().get(i)), items, values);
                }
            }
        }
        RewardMeasures.of(pairs).forEach(measured::set);
        return measured;
    }

    /** All pairs of a row of which one completion is better. */
    private static void addPairs(List<RewardMeasures.Pair> pairs, Compared row, int[] items, double[] rewards) {
        for (int[] pair : row.pairs()) {
            pairs.add(new RewardMeasures.Pair(
                    rewards[items[pair[0]]],
                    rewards[items[pair[1]]],
                    row.completions().get(pair[0]).length,
                    row.completions().get(pair[1]).length));
        }
    }

    private Iterable<Part<Example>> parts(TokenStore store, List<Long> rows) {
        return Part.endings(store, rows, optimisation.tokensPerPass(device()), optimisation.style());
    }

    /** Hidden states of the last tokens of all completions, outside of any graph, [completions, width]. */
    private Tensor ends(Part<Example> part) {
        try (NoGrad guard = NoGrad.open();
                Scope scope = Scope.open()) {
            return scope.keep(decoder.hidden(part.packing().layout())
                    .indexSelect(0, part.packing().states(device())));
        }
    }

    private Tensor rewards(Tensor ends) {
        return Scorer.scores(ends, decoder.head()).reshape(-1);
    }

    private RewardBatch batch(Part<Example> part, Tensor rewards) {
        return new RewardBatch(rewards, Compared.rankings(part.examples()), number.map(TrainedNumber::value));
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
