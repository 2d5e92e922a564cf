package dev.plumb.train;

import dev.plumb.config.Dump;
import dev.plumb.config.PlumbException;
import dev.plumb.data.Order;
import dev.plumb.data.StepConfig;
import dev.plumb.data.TokenStore;
import dev.plumb.hub.AtomicFiles;
import dev.plumb.hub.Hub;
import dev.plumb.model.Decoder;
import dev.plumb.objective.Gdpo;
import dev.plumb.objective.PolicyObjective;
import dev.plumb.objective.PreferenceObjective;
import dev.plumb.objective.RewardObjective;
import dev.plumb.objective.Sft;
import dev.plumb.objective.UnpairedObjective;
import dev.plumb.tensor.Scope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Runs a job from its settings to its final model: the way in for the command line and for programs. */
public final class Training {
    private final Job job;
    private final boolean resume;
    private final List<String> command;

    /**
     * A run that has not started.
     *
     * @param job its settings
     * @param resume whether to go on with a run that its folder holds
     * @param command the command line, for the record
     */
    public Training(Job job, boolean resume, List<String> command) {
        this.job = job;
        this.resume = resume;
        this.command = List.copyOf(command);
    }

    /**
     * How a run ended.
     *
     * @param folder the run folder
     * @param model the final model; empty if the run was interrupted
     */
    public record Outcome(Path folder, Optional<Path> model) {}

    /**
     * Runs until the end, or until Ctrl-C.
     *
     * @return how it ended
     * @throws PlumbException for every fault that a user can mend
     */
    public Outcome run() {
        Path root = job.run().folder();
        try (RunFolder folder = RunFolder.open(root, resume);
                Workplace workplace = Workplace.open(job, hub(folder))) {
            write(folder.layout().preflight(), workplace.preflightJson());
            System.out.println(workplace.preflightText());
            workplace.requireSound();
            job.departure().ifPresent(System.out::println);
            requireSameSettings(folder);
            Provenance provenance = provenance(folder, workplace.inputs());
            provenance.write(folder.layout().provenance());
            try (Interrupt interrupt = new Interrupt()) { // lasts until the run's end is on record
                return new Outcome(root, trainOnRecord(workplace, folder, provenance, interrupt));
            }
        }
    }

    /**
     * Whether the run's folder holds its final model already.
     *
     * @return whether it is there
     * @throws PlumbException if it was made with other settings
     */
    public boolean isFinished() {
        RunLayout layout = new RunLayout(job.run().folder());
        if (!Files.exists(layout.finalModel())) {
            return false;
        }
        requireSameSettings();
        return true;
    }

    /**
     * Does all that {@link #run} does before the first step, writes nothing but to the standard output, and trains nothing.
     *
     * @throws PlumbException if {@code run} would refuse
     */
    public void check() {
        check(Set.of());
    }

    /**
     * The same before all models are there that the run will read.
     *
     * @param toCome folders of reward models that are still to be made
     * @throws PlumbException if {@code run} would refuse
     */
    public void check(Set<Path> toCome) {
        Path root = job.run().folder();
        if (!resume) {
            RunFolder.requireVacant(root);
        }
        try (Workplace workplace = Workplace.open(job, Hub.ofEnvironment())) {
            System.out.println(workplace.preflightText());
            workplace.requireSound();
            job.departure().ifPresent(System.out::println);
            if (job instanceof Job.GdpoJob gdpo) {
                targets(gdpo, workplace);
            }
            if (job instanceof OnlineJob online) {
                maxCompletionLength(workplace);
                OpenRewards.check(online.rewards(), toCome, workplace.checkpoint(), workplace.tokenizer());
                OpenCritic.of(online, workplace.checkpoint()).close();
                judge(online, workplace).ifPresent(JudgeModel::close);
            }
            if (job instanceof RewardJob reward) {
                sayOfTies(reward, workplace);
            }
            long steps = schedule(workplace).total();
            System.out.println("A run would take " + steps + " steps of "
                    + job.optimisation().rowsPerStep() + " rows and write to " + root + ".");
            noteReference(steps);
        }
    }

    /** A moving reference that never moves would be a surprise. */
    private void noteReference(long steps) {
        ReferenceSettings reference = job.reference();
        if (reference.syncRefModel() && steps < reference.refModelSyncSteps()) {
            System.out.println("sync_ref_model: the run has " + steps + " steps, fewer than ref_model_sync_steps: "
                    + reference.refModelSyncSteps() + ", so the reference stays where it is.");
        }
    }

    private Schedule schedule(Workplace workplace) {
        return new Schedule(
                workplace.dataset().order(job.run().seed()),
                job.optimisation(),
                job.pace(),
                job.learningRate(),
                job.numTrainEpochs());
    }

    /** Trains, and records how that ended. */
    private Optional<Path> trainOnRecord(
            Workplace workplace, RunFolder folder, Provenance provenance, Interrupt interrupt) {
        Optional<Path> model;
        try {
            model = train(workplace, folder, provenance, interrupt);
        } catch (RuntimeException e) {
            try {
                record(folder, provenance, "failed");
            } catch (PlumbException another) { // on a full disk neither can be written; the first says why
                e.addSuppressed(another);
            }
            throw e;
        }
        record(folder, provenance, model.isPresent() ? "finished" : "interrupted");
        return model;
    }

    private static void record(RunFolder folder, Provenance provenance, String how) {
        provenance.ended(Instant.now(), how).write(folder.layout().provenance());
        Report.write(folder.layout().root());
    }

    private Optional<Path> train(Workplace workplace, RunFolder folder, Provenance provenance, Interrupt interrupt) {
        Decoder start = workplace.checkpoint().decoder(); // still as loaded
        if (job instanceof Job.SftJob sft) {
            return train(new SequenceLoop(start, sft.optimisation(), new Sft(sft.sft())), workplace, folder, interrupt);
        }
        if (job instanceof RewardJob reward) {
            return trainReward(reward, workplace, folder, interrupt);
        }
        if (job instanceof SolutionJob judge) {
            Loop loop = new StepLoop(
                    start,
                    judge.optimisation(),
                    judge.objective(),
                    judge.reading(),
                    judge.steps().map(StepConfig::format),
                    judge.freezeBackbone());
            return train(loop, workplace, folder, interrupt);
        }
        if (job instanceof UnpairedJob judged) {
            return trainUnpaired(judged, workplace, folder, provenance, interrupt);
        }
        if (job instanceof OnlineJob online) {
            return trainOnline(online, workplace, folder, interrupt);
        }
        if (job instanceof Job.GdpoJob gdpo) {
            return trainBeliefs(gdpo, workplace, folder, interrupt);
        }
        PreferenceJob pairs = (PreferenceJob) job;
        PreferenceObjective objective = pairs.objective();
        if (!objective.needsReference()) {
            Loop loop = new PreferenceLoop(start, pairs.optimisation(), objective, Optional.empty());
            return train(loop, workplace, folder, interrupt);
        }
        if (pairs.reference().precomputeRefLogProbs()) {
            int tokens = pairs.optimisation().tokensPerPass(start.device());
            Packing.Style style = pairs.optimisation().style();
            try (StoredReference stored =
                    precompute(workplace, provenance, store -> Part.pairs(store, store.rows(), tokens, style))) {
                Loop loop = new PreferenceLoop(start, pairs.optimisation(), objective, Optional.of(stored));
                return train(loop, workplace, folder, interrupt);
            }
        }
        try (FrozenModel frozen = FrozenModel.of(start, pairs.reference())) {
            Policy model = new Policy(frozen.decoder(), false);
            Reference reference = part -> model.score(part.packing()).logps();
            Loop loop = new PreferenceLoop(start, pairs.optimisation(), objective, Optional.of(reference));
            return train(loop, workplace, folder, interrupt, Optional.of(frozen));
        }
    }

    private static void sayOfTies(RewardJob job, Workplace workplace) {
        workplace
                .dataset()
                .preflight()
                .rankings()
                .filter(found -> found.ties() > 0)
                .ifPresent(job::sayOf);
    }

    private Optional<Path> trainReward(RewardJob job, Workplace workplace, RunFolder folder, Interrupt interrupt) {
        Decoder start = workplace.checkpoint().decoder();
        RewardObjective objective = job.objective();
        sayOfTies(job, workplace);
        Path model = workplace.checkpoint().folder();
        Optional<TrainedNumber> number =
                TrainedNumber.of(objective, model, workplace.dataset().train(), start.device());
        try {
            Loop loop = new RewardLoop(
                    start, job.optimisation(), objective, job.freezeBackbone(), number, job.bootstraps());
            return train(loop, workplace, folder, interrupt);
        } finally {
            number.ifPresent(TrainedNumber::close);
        }
    }

    private Optional<Path> trainUnpaired(
            UnpairedJob judged, Workplace workplace, RunFolder folder, Provenance provenance, Interrupt interrupt) {
        Decoder start = workplace.checkpoint().decoder();
        Optimisation optimisation = judged.optimisation();
        UnpairedObjective objective = judged.objective();
        int maxLength = workplace.dataset().preflight().maxLength();
        if (judged.reference().precomputeRefLogProbs()) {
            int tokens = optimisation.tokensPerPass(start.device());
            try (StoredReference stored = precompute(
                    workplace, provenance, store -> Part.judged(store, store.rows(), tokens, optimisation.style()))) {
                Loop loop = new UnpairedLoop(start, optimisation, objective, stored, Optional.empty(), maxLength);
                return train(loop, workplace, folder, interrupt);
            }
        }
        try (FrozenModel frozen = FrozenModel.of(start, judged.reference())) {
            Policy model = new Policy(frozen.decoder(), false);
            Reference reference = part -> model.score(part.packing()).logps();
            Loop loop = new UnpairedLoop(start, optimisation, objective, reference, Optional.of(model), maxLength);
            return train(loop, workplace, folder, interrupt, Optional.of(frozen));
        }
    }

    private Optional<Path> trainOnline(OnlineJob online, Workplace workplace, RunFolder folder, Interrupt interrupt) {
        Decoder start = workplace.checkpoint().decoder();
        PolicyObjective objective = online.policy();
        Roller roller = new Roller(
                start, workplace.tokenizer(), workplace.stops(), online.online(), maxCompletionLength(workplace));
        try (OpenRewards rewards = OpenRewards.of(online.rewards(), workplace.checkpoint(), workplace.tokenizer());
                @Nullable JudgeModel judge = judge(online, workplace).orElse(null);
                OpenCritic critic = OpenCritic.of(online, workplace.checkpoint())) {
            rewards.notes().forEach(System.out::println);
            Order order = workplace.dataset().order(job.run().seed());
            Optional<PtxTerm> ptx = workplace.ptx().map(text -> PtxTerm.of(start, online, text));
            Optional<Tournament> tournament = judge == null
                    ? Optional.empty()
                    : Optional.of(
                            new Tournament(judge, online.judge().orElseThrow().verdict()));
            Function<Optional<Decoder>, Loop> loop = reference -> new OnlineLoop(
                    start,
                    reference,
                    critic.critic(),
                    online,
                    objective,
                    rewards.set(),
                    roller,
                    order,
                    ptx,
                    tournament);
            if (!objective.needsReference()) {
                return train(loop.apply(Optional.empty()), workplace, folder, interrupt);
            }
            try (FrozenModel frozen = FrozenModel.of(start, online.reference())) {
                return train(
                        loop.apply(Optional.of(frozen.decoder())), workplace, folder, interrupt, Optional.of(frozen));
            }
        }
    }

    /** Opens the judge, and says what is to be said of it. */
    private static Optional<JudgeModel> judge(OnlineJob online, Workplace workplace) {
        Optional<JudgeModel> judge = online.judge().map(settings -> JudgeModel.open(settings, workplace.checkpoint()));
        judge.ifPresent(model -> model.notes(workplace.checkpoint()).forEach(System.out::println));
        return judge;
    }

    /** Tokens of an answer at most, which must fit behind the longest prompt. */
    private int maxCompletionLength(Workplace workplace) {
        int length = job.run().maxCompletionLength().orElse(256);
        int longest = workplace.dataset().preflight().prompt().max();
        int context = workplace.checkpoint().decoder().architecture().contextLength();
        if (longest + length > context) {
            throw new PlumbException("The longest prompt has " + longest + " tokens, and with max_completion_length: "
                    + length + " that is more than the model's context of " + context + " tokens. Lower"
                    + " max_completion_length to " + Math.max(1, context - longest)
                    + " or less, or leave long prompts out"
                    + " with data.max_length and data.truncation: drop.");
        }
        return length;
    }

    private Optional<Path> trainBeliefs(Job.GdpoJob gdpo, Workplace workplace, RunFolder folder, Interrupt interrupt) {
        Decoder start = workplace.checkpoint().decoder();
        Optimisation optimisation = gdpo.optimisation();
        Gdpo objective = new Gdpo(gdpo.gdpo());
        BeliefTargets targets = targets(gdpo, workplace);
        if (!objective.needsReference()) {
            return train(
                    new BeliefLoop(start, optimisation, objective, Optional.empty(), targets),
                    workplace,
                    folder,
                    interrupt);
        }
        try (FrozenModel frozen = FrozenModel.of(start)) {
            Policy model = new Policy(frozen.decoder(), false);
            Reference reference = part -> model.score(part.packing()).logps();
            Loop loop = new BeliefLoop(start, optimisation, objective, Optional.of(reference), targets);
            return train(loop, workplace, folder, interrupt);
        }
    }

    /** Estimates how beliefs are spread, and says so. */
    private static BeliefTargets targets(Job.GdpoJob gdpo, Workplace workplace) {
        BeliefTargets targets = BeliefTargets.of(
                gdpo.belief(),
                gdpo.weighsRows(),
                workplace.dataset().train(),
                workplace.dataset().eval());
        System.out.println("variant: " + gdpo.gdpo().variant().name().toLowerCase(Locale.ROOT));
        System.out.println(targets.text());
        return targets;
    }

    private Optional<Path> train(Loop loop, Workplace workplace, RunFolder folder, Interrupt interrupt) {
        return train(loop, workplace, folder, interrupt, Optional.empty());
    }

    private Optional<Path> train(
            Loop loop, Workplace workplace, RunFolder folder, Interrupt interrupt, Optional<FrozenModel> reference) {
        Schedule schedule = schedule(workplace);
        noteReference(schedule.total());
        try (TrainingRun run = TrainingRun.open(
                job.run(), job.optimisation(), schedule, workplace, loop, reference, folder, interrupt)) {
            run.train();
            return run.finish();
        }
    }

    private static StoredReference precompute(
            Workplace workplace, Provenance provenance, Function<TokenStore, Iterable<? extends Part<?>>> parts) {
        Decoder decoder = workplace.checkpoint().decoder().withoutAdapter();
        Policy model = new Policy(decoder, false);
        String identity =
                provenance.model().stream().map(Provenance.Source::sha256).collect(Collectors.joining(" ")) + " "
                        + decoder.weights().dtype();
        StoredReference stored = new StoredReference(decoder.device());
        Path cache = Path.of(System.getProperty("user.home"), ".cache", "plumb", "reference");
        System.out.println("reference log-probabilities are kept in " + cache);
        try (Scope scope = Scope.open()) {
            for (TokenStore store :
                    List.of(workplace.dataset().train(), workplace.dataset().eval())) {
                stored.add(store, parts.apply(store), model, identity, cache);
            }
        }
        return stored;
    }

    /** A run that goes on must be the run that was started. */
    private void requireSameSettings(RunFolder folder) {
        String now = Dump.yaml((Record) job);
        Path file = folder.layout().config();
        try {
            if (resume && Files.exists(file)) {
                requireSameSettings();
                return;
            }
            AtomicFiles.writeString(file, now);
        } catch (IOException e) {
            throw new PlumbException(file + " cannot be written or read (" + e.getMessage() + ").", e);
        }
    }

    private void requireSameSettings() {
        List<String> differences = otherSettings();
        if (!differences.isEmpty()) {
            throw new PlumbException("The run in " + job.run().folder()
                    + " was started with other settings, and going on with these would be another run: "
                    + String.join("; ", differences)
                    + ". Repeat them as they were, or choose another `output`.");
        }
    }

    /**
     * In what the settings differ from those of the run that the folder holds.
     *
     * @return the differences in words; none if there is no run
     */
    public List<String> otherSettings() {
        Path file = new RunLayout(job.run().folder()).config();
        try {
            return Files.exists(file) ? differences(Files.readString(file), Dump.yaml((Record) job)) : List.of();
        } catch (IOException e) {
            throw new PlumbException(file + " cannot be read (" + e.getMessage() + ").", e);
        }
    }

    /** Lines of one text that the other lacks, in the order of the texts. */
    private static List<String> differences(String before, String now) {
        List<String> old = before.lines().toList();
        List<String> fresh = now.lines().toList();
        List<String> out = new ArrayList<>();
        old.stream().filter(line -> !fresh.contains(line)).forEach(line -> out.add("then `" + line.strip() + "`"));
        fresh.stream().filter(line -> !old.contains(line)).forEach(line -> out.add("now `" + line.strip() + "`"));
        return out;
    }

    /** A run that goes on takes the commits that it began with. */
    private static Hub hub(RunFolder folder) {
        return Hub.ofEnvironment().pinned(Provenance.origins(folder.layout().provenance()));
    }

    private Provenance provenance(RunFolder folder, Inputs inputs) {
        OptionalLong resumed = folder.checkpoints()
                .newest()
                .map(checkpoint -> OptionalLong.of(checkpoint.step()))
                .orElseGet(OptionalLong::empty);
        return Provenance.begun(
                command,
                (Record) job,
                inputs.rows(),
                inputs.model(),
                job.otherModels(),
                job.run().seed(),
                resumed,
                inputs.origins());
    }

    private static void write(Path file, String text) {
        try {
            AtomicFiles.writeString(file, text);
        } catch (IOException e) {
            throw new PlumbException(file + " cannot be written (" + e.getMessage() + ").", e);
        }
    }
}
