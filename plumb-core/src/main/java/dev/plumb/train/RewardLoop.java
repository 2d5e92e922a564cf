package dev.plumb.train;

import dev.plumb.data.Example;
import dev.plumb.data.TokenStore;
import dev.plumb.model.Decoder;
import dev.plumb.objective.Loss;
import dev.plumb.objective.Measure;
import dev.plumb.objective.Ranking;
import dev.plumb.objective.RewardBatch;
import dev.plumb.objective.RewardMeasures;
import dev.plumb.objective.RewardObjective;
import dev.plumb.reward.Ensemble;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
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
    private final Optional<Bootstrap> bootstrap;

    /**
     * A loop.
     *
     * @param decoder a reward model; of several outputs each is a head of an ensemble
     * @param freezeBackbone whether only the head is trained
     * @param number what the objective trains beside the model; stays the caller's
     * @param bootstrap what each head makes of each row; empty if they count the same to all
     */
    RewardLoop(
            Decoder decoder,
            Optimisation optimisation,
            RewardObjective objective,
            boolean freezeBackbone,
            Optional<TrainedNumber> number,
            Optional<Bootstrap> bootstrap) {
        this.decoder = decoder;
        this.optimisation = optimisation;
        this.objective = objective;
        this.freezeBackbone = freezeBackbone;
        this.number = number;
        this.bootstrap = bootstrap;
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
                    learn(part, ReadStates.look(decoder, part.packing()), step, measured);
                } else {
                    ReadStates read = new ReadStates(decoder, part.packing(), optimisation.gradientCheckpointing());
                    Tensor ends = read.states().requiresGrad(true); // a leaf of its own
                    learn(part, ends, step, measured);
                    read.backward(ends.grad());
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
        Tensor rewards = decoder.scores(ends); // [completions, heads]
        Loss loss = loss(part, rewards, step, bootstrap);
        loss.value().backward();
        note(measured, loss, rewards.detach().reshape(-1).toDoubles());
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
                Tensor rewards = decoder.scores(ReadStates.look(decoder, part.packing())); // [completions, heads]
                double[] values = rewards.reshape(-1).toDoubles();
                note(measured, loss(part, rewards, step, Optional.empty()), values);
                double[] means = means(values, measured);
                List<Ranking> rankings = Compared.rankings(part.examples());
                for (int i = 0; i < part.size(); i++) {
                    int[] items = rankings.get(i).items();
                    addPairs(pairs, Compared.of(part.examples().get(i)), items, means);
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

    /** The mean of all heads' losses, and of their metrics. */
    private Loss loss(Part<Example> part, Tensor rewards, RewardObjective.Step step, Optional<Bootstrap> weights) {
        int heads = heads();
        List<Ranking> rankings = Compared.rankings(part.examples());
        List<Tensor> losses = new ArrayList<>();
        List<Measure> measures = new ArrayList<>();
        for (int head = 0; head < heads; head++) {
            List<Ranking> weighed = rankings;
            if (weights.isPresent()) {
                weighed = new ArrayList<>();
                for (int i = 0; i < rankings.size(); i++) {
                    int weight = weights.get().weight(head, part.rows().get(i));
                    weighed.add(rankings.get(i).weighing(weight));
                }
            }
            Loss loss = objective.loss(
                    new RewardBatch(rewards.select(1, head), weighed, number.map(TrainedNumber::value)), step);
            losses.add(loss.value().reshape(1));
            measures.addAll(loss.measures());
        }
        return new Loss(Tensor.cat(0, losses).sum().div(heads), measures);
    }

    private int heads() {
        return decoder.architecture().outputs();
    }

    /** Mean reward of each completion over the heads; of several heads their disagreement is noted. */
    private double[] means(double[] rewards, Metrics measured) {
        int heads = heads();
        double[] means = new double[rewards.length / heads];
        double spread = 0;
        for (int i = 0; i < means.length; i++) {
            double[] members = Arrays.copyOfRange(rewards, i * heads, (i + 1) * heads);
            means[i] = Arrays.stream(members).average().orElseThrow();
            spread += Ensemble.spread(members);
        }
        if (heads > 1) {
            measured.add("ensemble_std", spread, means.length);
        }
        return means;
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
