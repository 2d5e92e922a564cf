package dev.plumb.train;

import dev.plumb.config.PlumbException;
import dev.plumb.data.Example;
import dev.plumb.data.TokenPrompt;
import dev.plumb.data.TokenStore;
import dev.plumb.hub.Safetensors;
import dev.plumb.model.Decoder;
import dev.plumb.objective.Experience;
import dev.plumb.objective.Loss;
import dev.plumb.objective.PolicyBatch;
import dev.plumb.objective.PolicyObjective;
import dev.plumb.objective.RolloutMeasures;
import dev.plumb.reward.RewardInput;
import dev.plumb.reward.RewardScores;
import dev.plumb.reward.RewardSet;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Learns from what the policy itself writes: draws completions of some prompts, has them rewarded, lets the objective say what
 * each token is worth, and takes one or several steps. Which objective it is, the loop does not know. Sampling, scoring and
 * learning share one set of weights.
 */
final class OnlineLoop implements Loop {
    /** Set apart from the seed of training, so that an evaluation draws the same whenever it is made. */
    private static final long EVALUATION = 0x5DEECE66DL;

    private final Optimisation optimisation;
    private final OnlineSettings settings;
    private final PolicyObjective objective;
    private final RewardSet rewards;
    private final Roller roller;
    private final RolloutScorer scorer;
    private final Optional<Critic> critic;
    private final int criticWarmup;
    private final double criticRate;
    private final Policy policy;
    private final Device device;
    private final long seed;
    private double[] memory;
    private Rollout rollout = Rollout.NONE;
    private Metrics ofRollout = new Metrics();
    private List<String> faults = List.of();
    private boolean learnt;
    private Schedule.Turn turn = new Schedule.Turn(0, 0, 0, List.of());

    /**
     * A loop.
     *
     * @param decoder the policy
     * @param reference the model that it is measured against, if the objective wants one
     * @param critic the value function, if the objective wants one
     * @param job the run's settings
     * @param objective what completions are worth, and the loss
     * @param rewards what they are rewarded for
     * @param roller draws them
     */
    OnlineLoop(
            Decoder decoder,
            Optional<Decoder> reference,
            Optional<Critic> critic,
            OnlineJob job,
            PolicyObjective objective,
            RewardSet rewards,
            Roller roller) {
        this.optimisation = job.optimisation();
        this.settings = job.online();
        this.objective = objective;
        this.rewards = rewards;
        this.roller = roller;
        this.policy = Policy.at(settings.temperature(), decoder);
        this.device = decoder.device();
        this.scorer = new RolloutScorer(
                policy,
                reference.map(model -> Policy.at(settings.temperature(), model)),
                critic,
                optimisation.tokensPerPass(device),
                optimisation.style());
        this.critic = critic;
        this.criticWarmup = job.critic().map(CriticSettings::criticWarmupSteps).orElse(0);
        this.criticRate = job.critic()
                .map(of -> of.criticLearningRate() / job.learningRate())
                .orElse(1.0);
        this.seed = job.run().seed();
        this.memory = objective.start();
    }

    @Override
    public void begin(TokenStore store, Schedule.Turn now) {
        turn = now;
        if (now.phase() == 0) {
            collect(store);
        }
    }

    /** Draws, rewards and judges a rollout. */
    private void collect(TokenStore store) {
        List<Written> written = roller.draw(
                store,
                turn.rows(),
                settings.generations(),
                seed,
                turn.take() * turn.rows().size());
        boolean later = settings.steps() > 1;
        written = scorer.score(
                written,
                objective.creditNeedsLogps() || later || objective.creditNeedsEntropies(),
                objective.needsReference());
        RewardScores scores = rewards.scores(roller.inputs(store, written));
        double[] greedy = new double[0];
        if (objective.needsGreedy()) {
            greedy = rewards.scores(roller.inputs(store, roller.greedy(store, turn.rows())))
                    .totals();
        }
        Experience experience = experience(written, scores, greedy);
        PolicyObjective.Credit credit = objective.credit(experience, memory);
        memory = credit.memory();
        rollout = new Rollout(settings.generations(), written, credit, false);
        ofRollout = measures(written, experience, credit, scores);
        faults = scores.faults();
    }

    private Experience experience(List<Written> written, RewardScores scores, double[] greedy) {
        boolean[] stopped = new boolean[written.size()];
        List<double[]> old = new ArrayList<>();
        List<double[]> reference = new ArrayList<>();
        List<double[]> entropies = new ArrayList<>();
        List<double[]> values = new ArrayList<>();
        for (int i = 0; i < stopped.length; i++) {
            Written one = written.get(i);
            stopped[i] = one.stopped();
            old.add(one.old().length > 0 ? one.old() : one.drawn());
            if (objective.needsReference()) {
                reference.add(one.reference());
            }
            if (objective.creditNeedsEntropies()) {
                entropies.add(one.entropies());
            }
            if (objective.needsCritic()) {
                values.add(one.values());
            }
        }
        return new Experience(
                settings.generations(),
                rows(scores),
                scores.weights(),
                old,
                reference,
                stopped,
                entropies,
                values,
                greedy);
    }

    /** Rewards of each completion; of one that must not be learnt from, none. */
    private static List<double[]> rows(RewardScores scores) {
        List<double[]> rows = new ArrayList<>();
        for (int j = 0; j < scores.totals().length; j++) {
            double[] row = new double[scores.names().size()];
            for (int i = 0; i < row.length; i++) {
                row[i] = Double.isNaN(scores.totals()[j]) ? Double.NaN : scores.values()[i][j];
            }
            rows.add(row);
        }
        return rows;
    }

    private Metrics measures(
            List<Written> written, Experience experience, PolicyObjective.Credit credit, RewardScores scores) {
        Metrics out = new Metrics();
        credit.measures().forEach(out::add);
        RolloutMeasures.ofFunctions(scores.names(), experience).forEach(out::add);
        scores.counts().forEach((name, count) -> out.set(name, count));
        double sum = 0;
        double most = 0;
        long tokens = 0;
        for (Written one : written) {
            for (int t = 0; t < one.old().length; t++) {
                double apart = Math.abs(one.old()[t] - one.drawn()[t]);
                sum += apart;
                most = Math.max(most, apart);
                tokens++;
            }
        }
        if (tokens > 0) {
            out.add("sampling/sampling_logp_difference/mean", sum, tokens);
            out.max("sampling/sampling_logp_difference/max", most);
        }
        return out;
    }

    @Override
    public Metrics learn(AdamW optimizer, TokenStore store, List<Long> rows) {
        Metrics measured = new Metrics();
        if (turn.phase() == 0) {
            measured.merge(ofRollout);
        }
        if (rollout.givenUp()) { // an earlier step of this rollout went too far
            measured.total("loss", 0);
            measured.set("early_stopped", 1);
            return measured;
        }
        boolean whole = objective.together() > 1;
        List<Integer> chosen = rollout.step(whole, turn.phase(), settings.miniBatches(), seed + turn.take()).stream()
                .filter(i -> rollout.credit().kept()[i])
                .toList();
        learnt = !chosen.isEmpty();
        long tokens = chosen.stream()
                .mapToLong(i -> rollout.written().get(i).ids().length)
                .sum();
        PolicyObjective.Step step = new PolicyObjective.Step(chosen.size(), tokens, roller.maxLength());
        measured.total("loss", 0);
        double drift = 0;
        for (RolloutPart part : scorer.parts(rollout.written(), chosen, objective.together())) {
            try (Scope scope = Scope.open()) {
                drift += learn(part, step, measured);
                optimizer.collect();
            }
        }
        if (tokens > 0 && objective.stopsAt(drift / tokens)) {
            rollout = rollout.giveUp();
            optimizer.discard();
            measured.set("early_stopped", 1);
        }
        return measured;
    }

    /** Adds to gradients and metrics; gives the sum of ρ − 1 − log ρ over the part's tokens. */
    private double learn(RolloutPart part, PolicyObjective.Step step, Metrics measured) {
        boolean checkpointing = optimisation.gradientCheckpointing();
        Policy.Learning learning = policy.learn(part.packing(), checkpointing);
        LogProbs.Scores scores = learning.score();
        Tensor logps = scores.logps().requiresGrad(true); // a leaf: the objective sees nothing behind it
        boolean ofEntropies = objective.learnsEntropies();
        if (ofEntropies) {
            scores.entropies().requiresGrad(true);
        }
        Optional<Critic.Learning> valuing = critic.map(model -> model.learn(part.packing(), checkpointing));
        PolicyBatch batch = batch(part, scores, valuing);
        Loss loss = objective.loss(batch, step);
        loss.value().backward();
        if (turn.take() >= criticWarmup) {
            learning.backward(
                    scores, logps.grad(), ofEntropies ? scores.entropies().grad() : null);
        }
        valuing.ifPresent(Critic.Learning::backward);
        measured.add(loss);
        measured.add(
                "entropy",
                scores.entropies().detach().sum().item(),
                part.packing().trained());
        Tensor apart = logps.detach().sub(batch.oldLogps());
        return apart.exp().sub(1).sub(apart).sum().item();
    }

    private PolicyBatch batch(RolloutPart part, LogProbs.Scores scores, Optional<Critic.Learning> valuing) {
        List<Written> written = part.of(rollout.written());
        boolean known = written.get(0).old().length > 0;
        return new PolicyBatch(
                part.rows().size(),
                scores.logps(),
                known ? tensor(written, Written::old) : scores.logps().detach(),
                objective.needsReference() ? Optional.of(tensor(written, Written::reference)) : Optional.empty(),
                tensor(part.of(rollout.credit().advantages()), row -> row),
                Optional.empty(),
                objective.learnsEntropies() ? Optional.of(scores.entropies()) : Optional.empty(),
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

    @Override
    public Map<String, Tensor> trained(Decoder decoder) {
        Map<String, Tensor> out = new LinkedHashMap<>(decoder.trained());
        critic.ifPresent(model -> out.putAll(model.trained()));
        return out;
    }

    @Override
    public double rate(String name) {
        return Critic.owns(name) ? criticRate : 1;
    }

    /** Without a completion to learn from, moments of earlier steps must not move the weights either. */
    @Override
    public boolean updates() {
        return learnt && !rollout.givenUp();
    }

    /** Before the first update policy and reference are one model; a loss that says otherwise is a fault, not a start. */
    @Override
    public void requireSoundStart(double loss) {
        double expected = objective.lossAtStart();
        // Numbers of 16 bits round otherwise where others stand beside them, and over whole answers that adds up.
        boolean exact = policy.decoder().weights().dtype() == DType.FLOAT32;
        if (exact && learnt && Math.abs(loss - expected) > 1e-3 * Math.max(1, expected)) {
            throw new PlumbException("Before the first update policy and reference must agree and the loss be "
                    + expected + ", but it is " + loss + ". The reference is not the model that is trained.");
        }
    }

    @Override
    public Metrics evaluate(TokenStore store, List<Long> rows) {
        List<Written> written = roller.draw(store, rows, settings.numGenerationsEval(), seed ^ EVALUATION, 0);
        written = scorer.score(written, objective.needsReference(), objective.needsReference());
        RewardScores scores = rewards.scores(roller.inputs(store, written));
        Metrics out = new Metrics();
        for (int i = 0; i < written.size(); i++) {
            Written one = written.get(i);
            double total = scores.totals()[i];
            if (!Double.isNaN(total)) {
                out.add("reward", total, 1);
            }
            for (int k = 0; k < scores.names().size(); k++) {
                double value = scores.raw()[k][i];
                if (!Double.isNaN(value)) {
                    out.add("rewards/" + scores.names().get(k) + "/mean", value, 1);
                }
            }
            out.add("unscorable_frac", Double.isNaN(total) ? 1 : 0, 1);
            out.add("completions/mean_length", one.ids().length, 1);
            out.add("completions/clipped_ratio", one.stopped() ? 0 : 1, 1);
            for (int t = 0; t < one.reference().length; t++) {
                double apart = one.old()[t] - one.reference()[t];
                out.add("kl", Math.expm1(-apart) + apart, 1);
            }
            if (one.reference().length > 0) {
                double sequence = 0;
                for (int t = 0; t < one.reference().length; t++) {
                    sequence += one.old()[t] - one.reference()[t];
                }
                out.add("objective/kl", sequence, 1);
            }
        }
        return out;
    }

    @Override
    public int[] prompt(Example row) {
        return ((TokenPrompt) row).prompt();
    }

    @Override
    public Map<String, Double> judge(Example row, int[] answer, boolean stopped) {
        RewardInput input = roller.input((TokenPrompt) row, answer, stopped);
        RewardScores scores = rewards.scores(List.of(input));
        Map<String, Double> out = new LinkedHashMap<>();
        out.put("reward", scores.totals()[0]);
        for (int k = 0; k < scores.names().size(); k++) {
            out.put(scores.names().get(k), scores.raw()[k][0]);
        }
        return out;
    }

    @Override
    public List<String> notes() {
        List<String> said = faults;
        faults = List.of();
        return said;
    }

    /** Prompts once, and what was written to them. */
    @Override
    public long tokens(TokenStore store, List<Long> rows) {
        return turn.phase() > 0
                ? 0
                : rows.stream().mapToLong(store::tokens).sum()
                        + rollout.written().stream()
                                .mapToLong(one -> one.ids().length)
                                .sum();
    }

    @Override
    public void save(Path folder) throws IOException {
        rollout.save(folder);
        if (critic.isPresent()) {
            Safetensors.write(folder.resolve("critic.safetensors"), critic.get().trained(), Optional.empty());
        }
    }

    @Override
    public void load(Path folder, TokenStore store) {
        rollout = Rollout.load(folder, store);
        memory = rollout.credit().memory();
    }
}
