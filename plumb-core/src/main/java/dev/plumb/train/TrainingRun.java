package dev.plumb.train;

import dev.plumb.config.PlumbException;
import dev.plumb.data.Example;
import dev.plumb.data.RowId;
import dev.plumb.data.TokenStore;
import dev.plumb.model.Generator;
import dev.plumb.model.Sampling;
import dev.plumb.tensor.Tensor;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * What all loops share around their steps: the run folder, the optimiser, logs, evaluations, checkpoints, the end. A loop
 * computes gradients; everything that happens to them afterwards is here.
 */
final class TrainingRun implements AutoCloseable {
    private final RunSettings settings;
    private final Optimisation optimisation;
    private final Workplace workplace;
    private final RunFolder folder;
    private final Schedule schedule;
    private final Loop loop;
    private final Map<String, Tensor> trained;
    private final AdamW optimizer;
    private final Optional<FrozenModel> reference;
    private final MetricsLog metrics;
    private final TensorBoardWriter events;
    private final SampleLog samples;
    private final Optional<SampleLog> completions;
    private final Progress progress;
    private final Interrupt interrupt;
    private TrainerState state;
    private boolean stopped;
    private Map<String, Double> lastEvaluation = Map.of();

    private TrainingRun(
            RunSettings settings,
            Optimisation optimisation,
            Workplace workplace,
            RunFolder folder,
            Schedule schedule,
            Loop loop,
            Map<String, Tensor> trained,
            AdamW optimizer,
            Optional<FrozenModel> reference,
            TrainerState state,
            Interrupt interrupt) {
        this.settings = settings;
        this.optimisation = optimisation;
        this.workplace = workplace;
        this.folder = folder;
        this.schedule = schedule;
        this.loop = loop;
        this.trained = trained;
        this.optimizer = optimizer;
        this.reference = reference;
        this.state = state;
        this.interrupt = interrupt;
        this.stopped = isPatienceOver(); // a run that ended early stays ended
        OptionalLong resumed = state.step() > 0 ? OptionalLong.of(state.step()) : OptionalLong.empty();
        this.metrics = MetricsLog.open(folder.layout().metrics(), resumed);
        this.events = TensorBoardWriter.open(folder.layout().events(), resumed, Clock.systemUTC());
        this.samples = SampleLog.open(folder.layout().samples(), resumed);
        this.completions = loop.keepsAnswers()
                ? Optional.of(SampleLog.open(folder.layout().completions(), resumed))
                : Optional.empty();
        this.progress = Progress.start(Terminal.detect(), state.step(), schedule.total(), settings.loggingSteps());
    }

    /**
     * Takes up a run where its newest checkpoint left it, or starts it.
     *
     * @param settings of the run
     * @param optimisation how weights are updated
     * @param schedule which rows when
     * @param workplace model and rows; its weights are trained in place
     * @param loop how it learns, and what of the weights
     * @param reference a model that may follow the trained one, if one is held
     * @param folder of the run
     * @param interrupt heeded from now on
     */
    static TrainingRun open(
            RunSettings settings,
            Optimisation optimisation,
            Schedule schedule,
            Workplace workplace,
            Loop loop,
            Optional<FrozenModel> reference,
            RunFolder folder,
            Interrupt interrupt) {
        Map<String, Tensor> trained = loop.trained(workplace.checkpoint().decoder());
        AdamW optimizer = new AdamW(trained, optimisation.adam(), loop::rate);
        TrainerState state = folder.checkpoints()
                .newest()
                .map(checkpoint -> {
                    reference.ifPresent(model -> model.load(checkpoint.folder()));
                    return TrainerState.load(checkpoint.folder(), trained, optimizer);
                })
                .orElseGet(TrainerState::start);
        folder.checkpoints().discardAfter(state.step());
        long moved = reference.map(model -> size(model.state())).orElse(0L);
        folder.requireFreeSpace(2 * (size(trained) + size(optimizer.state()) + moved));
        interrupt.heed();
        return new TrainingRun(
                settings,
                optimisation,
                workplace,
                folder,
                schedule,
                loop,
                trained,
                optimizer,
                reference,
                state,
                interrupt);
    }

    private static long size(Map<String, Tensor> tensors) {
        return tensors.values().stream().mapToLong(Tensor::byteSize).sum();
    }

    /** Takes all steps that are left: rows, gradients, an update, a look, a checkpoint. */
    void train() {
        TokenStore rows = workplace.dataset().train();
        List<Example> prompts = samplePrompts();
        long step = state.step();
        if (step == 0) {
            look(0, prompts);
        } else {
            folder.checkpoints().newest().ifPresent(checkpoint -> loop.load(checkpoint.folder(), rows));
        }
        while (!stopped && step < schedule.total()) {
            Schedule.Turn turn = schedule.turn(step);
            loop.begin(rows, turn);
            keepAnswers(step + 1);
            Metrics measured = loop.learn(optimizer, rows, turn.rows());
            if (step == 0) {
                loop.requireSoundStart(measured.values().get("loss"));
            }
            loop.notes().forEach(this::note);
            update(turn, measured, rows);
            step++;
            look(step, prompts);
            saveIfDue(step);
        }
    }

    /** Measures the held-out rows and samples, if it is time. */
    private void look(long steps, List<Example> prompts) {
        TokenStore held = workplace.dataset().eval();
        boolean last = steps == schedule.total() || stopped;
        boolean due = settings.evalSteps() > 0 && steps % settings.evalSteps() == 0;
        if (held.size() > 0 && (last || due || steps == 0)) {
            Metrics measured = loop.evaluate(held, held.rows());
            loop.notes().forEach(this::note);
            evaluated(steps, measured);
            sample(steps, prompts);
        }
    }

    /** Writes down what a step, from 1, learns from, if it is to be shown. */
    private void keepAnswers(long step) {
        for (Answered one : loop.answers()) {
            completions.orElseThrow().write(step, one.prompt(), one.completion(), one.scores());
        }
    }

    /** Says something beside the progress. */
    private void note(String line) {
        progress.note(line);
    }

    /**
     * Ends a step whose gradients have been added up: clips, updates, logs.
     *
     * @param turn the step's place and rows
     * @param measured metrics of its rows, the loss among them
     * @param store where its rows are
     */
    private void update(Schedule.Turn turn, Metrics measured, TokenStore store) {
        long step = turn.step();
        long tokens = loop.tokens(store, turn.rows());
        double norm = optimizer.gradientNorm();
        Map<String, Double> values = new LinkedHashMap<>(measured.values());
        double loss = values.getOrDefault("loss", Double.NaN);
        if (!Double.isFinite(norm) || !Double.isFinite(loss)) {
            throw notFinite(
                    step, loss, norm, turn.rows().stream().map(store::id).toList());
        }
        double limit = optimisation.maxGradNorm();
        double factor = limit > 0 ? Math.min(1, limit / (norm + 1e-6)) : 1;
        double rate = schedule.learningRate(step);
        if (loop.updates()) {
            optimizer.step(rate, factor, loop::moves);
        }
        reference.ifPresent(model -> model.afterStep(step + 1));
        lastEvaluation = Map.of(); // it was of other weights
        values.put("grad_norm", norm);
        values.put("learning_rate", rate);
        state = new TrainerState(step + 1, state.tokens() + tokens, state.best(), state.evaluationsWithoutGain());
        values.put("num_tokens", (double) state.tokens());
        log(step + 1, MetricsLog.Split.TRAIN, values);
        progress.update(step + 1, values, tokens);
    }

    private void log(long steps, MetricsLog.Split split, Map<String, Double> values) {
        metrics.write(steps, schedule.epoch(steps), split, values);
        events.scalars(steps, split, values);
    }

    private PlumbException notFinite(long step, double loss, double norm, List<RowId> rows) {
        String good = folder.checkpoints()
                .newest()
                .map(checkpoint -> "The last good checkpoint is " + checkpoint.folder() + ".")
                .orElse("No checkpoint was saved before it.");
        return new PlumbException("Step " + (step + 1) + " gave a loss of " + loss + " and a gradient of length " + norm
                + "; the weights were not touched. Its rows: " + rows + ". " + good
                + " Look at these rows; a smaller learning_rate or max_grad_norm, or dtype: float32, often helps.");
    }

    /**
     * Notes an evaluation, and decides about the best model and an early end.
     *
     * @param steps done so far
     * @param measured metrics of the held-out rows
     */
    private void evaluated(long steps, Metrics measured) {
        Map<String, Double> values = measured.values();
        lastEvaluation = values;
        log(steps, MetricsLog.Split.EVAL, values);
        double score = score(values);
        boolean gain = Double.isNaN(state.best()) || score > state.best();
        state = new TrainerState(
                state.step(),
                state.tokens(),
                gain ? score : state.best(),
                gain ? 0 : state.evaluationsWithoutGain() + 1);
        note(line("eval at step " + steps, values));
        if (isPatienceOver()) {
            stopped = true;
            note("no better " + settings.metricForBestModel() + " in " + state.evaluationsWithoutGain()
                    + " evaluations: the run ends here");
        }
    }

    private boolean isPatienceOver() {
        return settings.earlyStoppingPatience() > 0
                && state.evaluationsWithoutGain() >= settings.earlyStoppingPatience();
    }

    private static String line(String title, Map<String, Double> values) {
        StringBuilder out = new StringBuilder(title).append(':');
        for (String name : List.of(
                "loss",
                "reward",
                "judge/win_rate",
                "prm/mean_score",
                "kl",
                "objective/kl",
                "perplexity",
                "rewards/accuracies",
                "rewards/margins",
                "accuracy",
                "prm/step_accuracy",
                "margin",
                "best_of_n/accuracy",
                "belief/js_distance")) {
            if (values.containsKey(name)) {
                out.append(String.format(java.util.Locale.ROOT, "  %s %.4g", name, values.get(name)));
            }
        }
        return out.toString();
    }

    /** The wanted metric so that larger is better; NaN if there was no evaluation. */
    private double score(Map<String, Double> values) {
        if (values.isEmpty()) {
            return Double.NaN;
        }
        String name = settings.metricForBestModel();
        if (name.equals("loss")) { // of what is written anew each time there is none on held-out rows
            name = Stream.of("loss", "reward", "judge/win_rate", "prm/mean_score")
                    .filter(values::containsKey)
                    .findFirst()
                    .orElse(name);
        }
        if (!values.containsKey(name)) {
            throw new PlumbException(
                    "metric_for_best_model: '" + name + "' is not measured; there are " + values.keySet() + ".");
        }
        boolean lowerIsBetter = name.contains("loss") || name.contains("perplexity") || name.contains("distance");
        return lowerIsBetter ? -values.get(name) : values.get(name);
    }

    /**
     * Answers some held-out prompts with the model as it is.
     *
     * @param steps done so far
     * @param rows whose prompts are answered
     */
    private void sample(long steps, List<Example> rows) {
        if (rows.isEmpty()) {
            return;
        }
        List<int[]> prompts = rows.stream().map(loop::prompt).toList();
        int room = workplace.checkpoint().decoder().architecture().contextLength()
                - prompts.stream().mapToInt(ids -> ids.length).max().orElse(0);
        Sampling greedy = Sampling.greedy(
                Math.max(1, Math.min(settings.maxCompletionLength().orElse(64), room)), workplace.stops());
        List<Generator.Completion> made =
                new Generator(workplace.checkpoint().decoder(), prompts.size()).generate(prompts, greedy);
        for (int i = 0; i < prompts.size(); i++) {
            Generator.Completion one = made.get(i);
            String prompt = workplace.tokenizer().decode(prompts.get(i));
            String answer = workplace.tokenizer().decode(one.ids(), true);
            samples.write(steps, prompt, answer, loop.judge(rows.get(i), one.ids(), one.stopped()));
        }
    }

    /** Held-out rows with different prompts, up to the wanted number. */
    private List<Example> samplePrompts() {
        TokenStore held = workplace.dataset().eval();
        List<Example> rows = new ArrayList<>();
        for (long row = 0; row < held.size() && rows.size() < settings.samplePrompts(); row++) {
            Example example = held.get(row);
            int[] prompt = loop.prompt(example);
            if (prompt.length > 0 && rows.stream().noneMatch(other -> Arrays.equals(loop.prompt(other), prompt))) {
                rows.add(example);
            }
        }
        return rows;
    }

    /**
     * Saves if it is time, and notices whether the run is to end.
     *
     * @param steps done so far
     */
    private void saveIfDue(long steps) {
        boolean due = settings.saveSteps() > 0 && steps % settings.saveSteps() == 0;
        if (interrupt.requested()) {
            stopped = true;
            due = true;
        }
        if (due && steps > 0) {
            double score = score(lastEvaluation);
            folder.checkpoints()
                    .save(
                            steps,
                            Double.isNaN(score) ? OptionalDouble.empty() : OptionalDouble.of(score),
                            this::writeCheckpoint);
            folder.checkpoints().prune(settings.saveTotalLimit(), true);
            lastEvaluation = Map.of();
        }
    }

    private void writeCheckpoint(Path target) throws java.io.IOException {
        writeModel(target);
        state.save(target, optimizer);
        reference.ifPresent(model -> model.save(target));
        loop.save(target);
    }

    private void writeModel(Path target) throws java.io.IOException {
        workplace.checkpoint().writeTo(target);
        loop.writeTo(target);
    }

    /** Whether Ctrl-C ended the run before its last step. */
    private boolean isInterrupted() {
        return interrupt.requested();
    }

    /**
     * Writes the final model.
     *
     * @return its folder; empty if the run was interrupted and is to be taken up again
     */
    Optional<Path> finish() {
        if (isInterrupted()) {
            note("interrupted after step " + state.step() + ": go on with --resume");
            return Optional.empty();
        }
        if (settings.loadBestModelAtEnd()) {
            folder.checkpoints().best().ifPresent(best -> {
                TrainerState.readTrained(best.folder(), trained);
                note("the final model is that of step " + best.step());
            });
        }
        return Optional.of(folder.checkpoints().saveFinal(this::writeModel));
    }

    @Override
    public void close() {
        try (optimizer;
                metrics;
                events;
                samples) {
            completions.ifPresent(SampleLog::close);
            progress.close();
        }
    }
}
