package dev.plumb.train;

import dev.plumb.data.Example;
import dev.plumb.data.StepFormat;
import dev.plumb.data.TokenJudged;
import dev.plumb.data.TokenSteps;
import dev.plumb.data.TokenStore;
import dev.plumb.model.Decoder;
import dev.plumb.objective.Loss;
import dev.plumb.objective.StepBatch;
import dev.plumb.objective.StepMeasures;
import dev.plumb.objective.StepObjective;
import dev.plumb.reward.Aggregate;
import dev.plumb.reward.Picks;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.nio.IntBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Teaches a process reward model from the labels of steps, or an outcome reward model from those of answers. Which objective
 * it is, the loop does not know.
 */
final class StepLoop implements Loop {
    private final Decoder decoder;
    private final Optimisation optimisation;
    private final StepObjective objective;
    private final Reading reading;
    private final Optional<StepFormat> format;
    private final boolean freezeBackbone;

    /**
     * How rows are read.
     *
     * @param learnt what is learnt
     * @param measured what is measured on held-out rows
     * @param measures what scores and labels of those say
     * @param aggregate from scores to the one by which solutions of a problem are ranked
     */
    record Reading(
            Places.Reader learnt,
            Places.Reader measured,
            Function<List<StepMeasures.Solution>, Map<String, Double>> measures,
            Aggregate aggregate) {}

    /**
     * A loop.
     *
     * @param decoder a model of one score, or of two classes at every token
     * @param format how solutions fall into steps, which the model's folder keeps; empty for outcomes
     * @param freezeBackbone whether only the head is trained
     */
    StepLoop(
            Decoder decoder,
            Optimisation optimisation,
            StepObjective objective,
            Reading reading,
            Optional<StepFormat> format,
            boolean freezeBackbone) {
        this.decoder = decoder;
        this.optimisation = optimisation;
        this.objective = objective;
        this.reading = reading;
        this.format = format;
        this.freezeBackbone = freezeBackbone;
    }

    @Override
    public Map<String, Tensor> trained(Decoder model) {
        if (!freezeBackbone) {
            return model.trained();
        }
        String head = model.architecture().headName();
        String bias = model.architecture().headBiasName();
        return model.architecture().isClassifying()
                ? Map.of(head, model.head(), bias, model.weights().get(bias))
                : Map.of(head, model.head());
    }

    @Override
    public Metrics learn(AdamW optimizer, TokenStore store, List<Long> rows) {
        StepObjective.Step step = size(store, rows, reading.learnt());
        Metrics measured = new Metrics();
        for (Part<Example> part : parts(store, rows, reading.learnt())) {
            if (part.packing().trained() == 0) {
                continue; // where only last steps are learnt, and none here has a label
            }
            try (Scope scope = Scope.open()) {
                if (freezeBackbone) {
                    learn(part, ReadStates.look(decoder, part.packing()), step, measured);
                } else {
                    ReadStates read = new ReadStates(decoder, part.packing(), optimisation.gradientCheckpointing());
                    Tensor states = read.states().requiresGrad(true); // a leaf of its own
                    learn(part, states, step, measured);
                    read.backward(states.grad());
                }
                optimizer.collect();
            }
        }
        if (step.places() == 0) {
            measured.total("loss", 0);
        }
        return measured;
    }

    /** Adds to the gradients of the head, and of the hidden states if they want any. */
    private void learn(Part<Example> part, Tensor states, StepObjective.Step step, Metrics measured) {
        Loss loss = objective.loss(batch(part, states, reading.learnt()), step);
        loss.value().backward();
        measured.add(loss);
    }

    @Override
    public Metrics evaluate(TokenStore store, List<Long> rows) {
        StepObjective.Step step = size(store, rows, reading.measured());
        Metrics measured = new Metrics();
        List<StepMeasures.Solution> solutions = new ArrayList<>();
        Picks picks = new Picks();
        for (Part<Example> part : parts(store, rows, reading.measured())) {
            try (Scope scope = Scope.open();
                    NoGrad guard = NoGrad.open()) {
                StepBatch batch = batch(part, ReadStates.look(decoder, part.packing()), reading.measured());
                measured.add(objective.loss(batch, step));
                double[] scores = batch.logOdds().to(DType.FLOAT64).sigmoid().toDoubles();
                int at = 0;
                for (Example row : part.examples()) {
                    double[] labels = reading.measured().of(row).labels();
                    double[] own = Arrays.copyOfRange(scores, at, at + labels.length);
                    at += labels.length;
                    solutions.add(new StepMeasures.Solution(own, labels));
                    boolean right = Arrays.stream(labels).allMatch(label -> label >= 0.5);
                    picks.add(IntBuffer.wrap(problem(row)), reading.aggregate().of(own), row.tokens(), right);
                }
            }
        }
        reading.measures().apply(solutions).forEach(measured::set);
        picks.measures().forEach(measured::set);
        return measured;
    }

    private static int[] problem(Example row) {
        return row instanceof TokenSteps steps ? steps.prompt() : ((TokenJudged) row).prompt();
    }

    private static StepObjective.Step size(TokenStore store, List<Long> rows, Places.Reader reader) {
        long places = 0;
        long solutions = 0;
        for (long row : rows) {
            int here = reader.of(store.get(row)).at().length;
            places += here;
            solutions += here > 0 ? 1 : 0;
        }
        return new StepObjective.Step(places, solutions);
    }

    private Iterable<Part<Example>> parts(TokenStore store, List<Long> rows, Places.Reader reader) {
        Packing.Style style = Part.alone(optimisation.style());
        return Part.split(store, rows, optimisation.tokensPerPass(device()), Example.class, examples -> {
            List<Places> all = examples.stream().map(reader::of).toList();
            return Packing.places(
                    all.stream().map(Places::ids).toList(),
                    all.stream().map(Places::at).toList(),
                    style);
        });
    }

    private StepBatch batch(Part<Example> part, Tensor states, Places.Reader reader) {
        double[] labels = part.examples().stream()
                .flatMapToDouble(row -> Arrays.stream(reader.of(row).labels()))
                .toArray();
        return new StepBatch(
                StepBatch.logOdds(decoder.scores(states)),
                Tensor.of(labels, Device.CPU).to(DType.FLOAT32).to(device()),
                part.packing().lengths());
    }

    private Device device() {
        return decoder.device();
    }

    @Override
    public void writeTo(Path folder) {
        format.ifPresent(how -> how.writeTo(folder));
    }

    /** None: what judges writes nothing. */
    @Override
    public int[] prompt(Example row) {
        return new int[0];
    }
}
