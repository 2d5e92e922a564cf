package dev.plumb.train;

import dev.plumb.data.Example;
import dev.plumb.data.Order;
import dev.plumb.data.TokenPrompt;
import dev.plumb.data.TokenStore;
import dev.plumb.hub.Safetensors;
import dev.plumb.model.Decoder;
import dev.plumb.objective.Experience;
import dev.plumb.objective.PolicyObjective;
import dev.plumb.objective.RolloutMeasures;
import dev.plumb.objective.SamplerMismatch;
import dev.plumb.reward.RewardInput;
import dev.plumb.reward.RewardScores;
import dev.plumb.reward.RewardSet;
import dev.plumb.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Learns from what the policy itself writes: draws completions of some prompts, has them rewarded, lets the objective say what
 * each token is worth, and takes one or several steps. Which objective it is, the loop does not know. Sampling, scoring and
 * learning share one set of weights.
 */
final class OnlineLoop implements Loop {
    /** Set apart from the seed of training, so that an evaluation draws the same whenever it is made. */
    private static final long EVALUATION = 0x5DEECE66DL;

    private static final PtxTerm.Share NO_PTX = new PtxTerm.Share(0, 0);

    private final OnlineSettings settings;
    private final PolicyObjective objective;
    private final RewardSet rewards;
    private final Optional<Tournament> judge;
    private final Roller roller;
    private final Optional<Roller> ofReference;
    private final RolloutSource source;
    private final RolloutScorer scorer;
    private final Optional<Critic> critic;
    private final int criticWarmup;
    private final double criticRate;
    private final RolloutLearner learner;
    private final Optional<PtxTerm> ptx;
    private final long seed;
    private final boolean exact;
    private final int shownPrompts;
    private double[] memory;
    private Rollout rollout = Rollout.NONE;
    private Metrics ofRollout = new Metrics();
    private List<String> said = List.of();
    private List<Answered> shown = List.of();
    private long tokens;
    private PtxTerm.Share ofPtx = NO_PTX;
    private boolean learnt;
    private double fromSampler; // log-probabilities of what was drawn, as sampler and trainer compute them
    private boolean saidOfSteps;
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
     * @param order of the prompts
     * @param ptx text that is learnt beside them
     * @param judge which of them are better, where a judge says so in place of the rewards
     */
    OnlineLoop(
            Decoder decoder,
            Optional<Decoder> reference,
            Optional<Critic> critic,
            OnlineJob job,
            PolicyObjective objective,
            RewardSet rewards,
            Roller roller,
            Order order,
            Optional<PtxTerm> ptx,
            Optional<Tournament> judge) {
        Optimisation optimisation = job.optimisation();
        this.settings = job.online();
        this.objective = objective;
        this.rewards = rewards;
        this.judge = judge;
        this.roller = roller;
        this.ofReference = reference.map(roller::by);
        Policy policy = Policy.at(settings.temperature(), decoder);
        this.exact = policy.isExact();
        this.scorer = new RolloutScorer(
                policy,
                reference.map(model -> Policy.at(settings.temperature(), model)),
                critic,
                optimisation.tokensPerPass(decoder.device()),
                optimisation.style());
        this.learner = new RolloutLearner(policy, critic, objective, scorer, optimisation.gradientCheckpointing());
        this.critic = critic;
        this.ptx = ptx;
        this.criticWarmup = job.critic().map(CriticSettings::criticWarmupSteps).orElse(0);
        this.criticRate = job.critic()
                .map(of -> of.criticLearningRate() / job.learningRate())
                .orElse(1.0);
        this.seed = job.run().seed();
        this.shownPrompts = job.run().samplePrompts();
        this.source = new RolloutSource(roller, rewards, judge, settings, order, seed);
        this.memory = objective.start();
    }

    @Override
    public void begin(TokenStore store, Schedule.Turn now) {
        turn = now;
        shown = List.of();
        if (now.phase() == 0) {
            collect(store, now);
        }
    }

    /** Draws a rollout and has it rewarded. */
    private void collect(TokenStore store, Schedule.Turn now) {
        RolloutSource.Drawn drawn = source.draw(store, now);
        List<Written> written = drawn.kept().written();
        double[] greedy = new double[0];
        if (objective.needsGreedy()) {
            List<Long> prompts = IntStream.range(0, written.size() / settings.generations())
                    .mapToObj(
                            group -> written.get(group * settings.generations()).row())
                    .toList();
            greedy = rewards.scores(roller.inputs(store, roller.greedy(store, prompts)))
                    .totals();
        }
        take(now, written, drawn.kept().scores(), greedy);
        ofRollout.merge(drawn.measures());
        tokens = drawn.tokens();
        said = drawn.notes();
        if (objective.needsSteps()
                && !saidOfSteps
                && JudgedSteps.areWholeAnswers(drawn.kept().scores())) {
            saidOfSteps = true;
            said = Stream.concat(said.stream(), Stream.of(JudgedSteps.WHOLE_ANSWERS))
                    .toList();
        }
        if (settings.keepsAnswersAt(now.step())) {
            shown = shown(drawn.kept().scores());
        }
    }

    /** All answers to the first prompts of the rollout. */
    private List<Answered> shown(RewardScores scores) {
        List<Answered> out = new ArrayList<>();
        for (int i = 0; i < Math.min(rollout.written().size(), shownPrompts * settings.generations()); i++) {
            Map<String, Double> of = named(scores, i);
            double[] advantages = rollout.credit().advantages().get(i);
            of.put("advantage", Arrays.stream(advantages).average().orElse(0));
            out.add(roller.shown(rollout.written().get(i), of));
        }
        return out;
    }

    private static Map<String, Double> named(RewardScores scores, int answer) {
        Map<String, Double> out = new LinkedHashMap<>();
        if (scores.weighs()) {
            out.put("reward", scores.totals()[answer]);
        }
        for (int k = 0; k < scores.names().size(); k++) {
            out.put(scores.names().get(k), scores.raw()[k][answer]);
        }
        return out;
    }

    /**
     * Judges a rollout, which the steps that follow learn from.
     *
     * @param now the first of them
     * @param drawn completions, those of a prompt next to each other
     * @param scores their rewards
     * @param greedy rewards of the most probable completions, if the objective wants them
     */
    void take(Schedule.Turn now, List<Written> drawn, RewardScores scores, double[] greedy) {
        turn = now;
        if (drawn.isEmpty()) {
            rollout = Rollout.empty(rollout.episode(), settings.generations(), memory);
            ofRollout = new Metrics();
            return;
        }
        boolean asks = objective.creditNeedsLogps() || objective.creditNeedsEntropies();
        Optional<SamplerMismatch> correction = settings.correction();
        List<Written> written =
                scorer.score(drawn, asks || settings.steps() > 1 || correction.isPresent(), objective.needsReference());
        Experience experience = experience(written, scores, greedy);
        PolicyObjective.Credit credit = objective.credit(experience, memory);
        memory = credit.memory();
        ofRollout = measures(experience, credit, scores);
        List<double[]> weights = compare(written, correction);
        rollout = new Rollout(
                rollout.episode() + written.size(), settings.generations(), written, credit, weights, false);
        ofRollout.set("episode", rollout.episode());
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
                greedy,
                objective.needsValuesAtCuts() ? scorer.valuesAtCuts(written) : new double[0],
                JudgedSteps.of(scores));
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

    private Metrics measures(Experience experience, PolicyObjective.Credit credit, RewardScores scores) {
        Metrics out = new Metrics();
        credit.measures().stream()
                .filter(measure ->
                        judge.isEmpty() || !measure.name().equals("reward")) // half of all comparisons are won
                .forEach(out::add);
        RolloutMeasures.ofFunctions(scores.names(), experience).forEach(out::add);
        out.merge(JudgedSteps.measures(scores));
        counts(scores, out);
        return out;
    }

    /** What rewards counted, time-outs in all among it, and how far members of an ensemble disagree. */
    private static void counts(RewardScores scores, Metrics out) {
        Arrays.stream(scores.spreads())
                .filter(spread -> !Double.isNaN(spread))
                .forEach(spread -> out.add("reward/ensemble_std", spread, 1));
        scores.counts().forEach((name, count) -> out.set(name, count));
        out.set(
                "reward_timeouts",
                scores.counts().entrySet().stream()
                        .filter(count -> count.getKey().endsWith("/timeouts"))
                        .mapToLong(Map.Entry::getValue)
                        .sum());
    }

    /** Measures how far the draws are from the policy, where that is known; gives weights that make up for it. */
    private List<double[]> compare(List<Written> written, Optional<SamplerMismatch> correction) {
        if (written.get(0).old().length == 0) {
            return List.of();
        }
        SamplerMismatch.Correction of = correction
                .orElse(SamplerMismatch.NONE)
                .of(
                        written.stream().map(Written::old).toList(),
                        written.stream().map(Written::drawn).toList());
        of.measures().forEach(ofRollout::add);
        return of.weights();
    }

    @Override
    public Metrics learn(AdamW optimizer, TokenStore store, List<Long> rows) {
        Metrics measured = new Metrics();
        if (turn.phase() == 0) {
            measured.merge(ofRollout);
        }
        ofPtx = NO_PTX;
        if (rollout.givenUp()) { // an earlier step of this rollout went too far
            measured.total("loss", 0);
            measured.set("early_stopped", 1);
            return measured;
        }
        List<Integer> chosen =
                rollout
                        .step(turn.phase(), settings.miniBatches(), seed + turn.take(), objective.together() > 1)
                        .stream()
                        .filter(i -> rollout.credit().kept()[i])
                        .toList();
        learnt = !chosen.isEmpty();
        long length = chosen.stream()
                .mapToLong(i -> rollout.written().get(i).ids().length)
                .sum();
        PolicyObjective.Step step = new PolicyObjective.Step(
                chosen.size(), length, roller.maxLength(), rollout.credit().memory());
        measured.total("loss", 0);
        if (objective.stopsAt(Double.POSITIVE_INFINITY)) {
            measured.set("early_stopped", 0);
        }
        double drift = learner.learn(optimizer, rollout, chosen, step, policyMoves(), measured);
        fromSampler = measured.values().getOrDefault("sampling/sampling_logp_difference/mean", 0.0);
        if (objective.stopsAt(drift)) {
            rollout = rollout.giveUp();
            optimizer.discard();
            measured.set("early_stopped", 1);
        } else if (policyMoves() && learnt) {
            ptx.ifPresent(term -> ofPtx = term.learn(optimizer, turn.step(), measured));
        }
        return measured;
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

    /** As long as the value function learns alone, the policy stands still. */
    @Override
    public boolean moves(String name) {
        return Critic.owns(name) || policyMoves();
    }

    private boolean policyMoves() {
        return turn.take() >= criticWarmup;
    }

    @Override
    public void requireSoundStart(double loss) {
        if (exact && learnt) { // rounding of 16 bits adds up over whole answers
            SoundStart.require(loss - ofPtx.loss(), objective.lossAtStart(), true);
            rollout.written().forEach(one -> SoundStart.requireSame(one.old(), one.reference()));
            if (!settings.truncates()) {
                SoundStart.requireAgreement(fromSampler);
            }
        }
    }

    @Override
    public Metrics evaluate(TokenStore store, List<Long> rows) {
        List<Written> written = roller.draw(store, rows, settings.numGenerationsEval(), seed ^ EVALUATION, 0);
        written = scorer.score(written, objective.needsReference(), objective.needsReference());
        RewardScores scores = rewards.scores(roller.inputs(store, written));
        said = Stream.concat(said.stream(), scores.faults().stream()).toList();
        Metrics out = JudgedSteps.measures(scores);
        counts(scores, out);
        for (int i = 0; i < written.size(); i++) {
            Written one = written.get(i);
            double total = scores.totals()[i];
            if (scores.weighs() && !Double.isNaN(total)) {
                out.add("reward", total, 1);
            }
            if (judge.isEmpty()) {
                out.add("unscorable_frac", Double.isNaN(total) ? 1 : 0, 1);
            }
            for (int k = 0; k < scores.names().size(); k++) {
                double value = scores.raw()[k][i];
                if (!Double.isNaN(value)) {
                    out.add("rewards/" + scores.names().get(k) + "/mean", value, 1);
                }
            }
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
        ptx.ifPresent(term -> term.evaluate(out));
        if (judge.isPresent()) {
            againstReference(store, rows, written, out);
        }
        return out;
    }

    /** How often the judge prefers what the policy writes to what the reference does from the same draws. */
    private void againstReference(TokenStore store, List<Long> rows, List<Written> written, Metrics out) {
        List<Written> others =
                ofReference.orElseThrow().draw(store, rows, settings.numGenerationsEval(), seed ^ EVALUATION, 0);
        List<Written> pairs = IntStream.range(0, written.size())
                .boxed()
                .flatMap(i -> Stream.of(written.get(i), others.get(i)))
                .toList();
        Tournament.Result result = judge.orElseThrow().play(roller, pairs, 2);
        out.merge(result.measures());
        said = Stream.concat(said.stream(), result.notes().stream()).toList();
        for (int i = 0; i < pairs.size(); i += 2) {
            if (!Double.isNaN(result.scores()[i])) {
                out.add("judge/win_rate", result.scores()[i], 1);
            }
        }
    }

    @Override
    public int[] prompt(Example row) {
        return ((TokenPrompt) row).prompt();
    }

    @Override
    public Map<String, Double> judge(Example row, int[] answer, boolean stopped) {
        RewardInput input = roller.input((TokenPrompt) row, answer, stopped);
        return named(rewards.scores(List.of(input)), 0);
    }

    @Override
    public boolean keepsAnswers() {
        return settings.completionsSteps() > 0 && shownPrompts > 0;
    }

    @Override
    public List<Answered> answers() {
        return shown;
    }

    @Override
    public List<String> notes() {
        List<String> all = said;
        said = List.of();
        return all;
    }

    /** Prompts once, what was written to them, and text that was learnt beside. */
    @Override
    public long tokens(TokenStore store, List<Long> rows) {
        return (turn.phase() > 0 ? 0 : tokens) + ofPtx.tokens();
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
