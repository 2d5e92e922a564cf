package dev.plumb.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.PlumbException;
import dev.plumb.hub.Checkpoint;
import dev.plumb.model.Generator;
import dev.plumb.reward.Candidate;
import dev.plumb.reward.FinalAnswers;
import dev.plumb.reward.RewardInput;
import dev.plumb.reward.RewardScores;
import dev.plumb.reward.Selection;
import dev.plumb.text.Tokenizer;
import dev.plumb.train.OpenRewards;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/** Has answers rewarded, lets them vote, and says which one is written. */
final class Picker implements AutoCloseable {
    private final Picking settings;
    private final Tokenizer tokenizer;
    private final int samples;
    private final Optional<Picking.Rule> rule;
    private final Optional<Selection> selection;
    private final Optional<FinalAnswers> reader;
    private final Optional<OpenRewards> rewards;
    private final PickReport report;
    private final Set<String> said = new TreeSet<>();

    /**
     * What becomes of an answer.
     *
     * @param written whether it is written
     * @param marks what its line has besides the answer
     */
    record Pick(boolean written, ObjectNode marks) {}

    Picker(GenerateSettings settings, Checkpoint checkpoint, Tokenizer tokenizer) {
        this.settings = settings.picking();
        this.tokenizer = tokenizer;
        this.samples = settings.numGenerations();
        this.rule = this.settings.rule(samples);
        this.selection = rule.map(this.settings::selection);
        this.reader = rule.filter(Picking.Rule::votes)
                .map(any -> new FinalAnswers(this.settings.answerPattern(), this.settings.lenient()));
        this.report = new PickReport(rule, samples);
        this.rewards = this.settings.rewards().isEmpty()
                ? Optional.empty()
                : Optional.of(OpenRewards.of(this.settings.rewards(), checkpoint, tokenizer));
        rewards.ifPresent(open -> open.notes().forEach(System.err::println));
    }

    /** Whether all answers are written as they are. */
    boolean isIdle() {
        return rule.isEmpty() && rewards.isEmpty();
    }

    /** What becomes of answers, those to a prompt next to each other. */
    List<Pick> picks(List<PromptReader.Prompt> prompts, List<Generator.Completion> made) {
        if (isIdle()) {
            return Collections.nCopies(made.size(), new Pick(true, Json.object()));
        }
        List<RewardInput> inputs = new ArrayList<>();
        for (int i = 0; i < made.size(); i++) {
            PromptReader.Prompt prompt = prompts.get(i / samples);
            Generator.Completion one = made.get(i);
            inputs.add(RewardInput.of(tokenizer, prompt.ids(), one.ids(), one.stopped(), prompt.columns()));
        }
        Optional<RewardScores> scores = rewards.map(open -> open.set().scores(inputs));
        scores.ifPresent(given -> given.faults().stream().filter(said::add).forEach(System.err::println));
        List<Pick> picks = new ArrayList<>();
        for (int p = 0; p < prompts.size(); p++) {
            group(prompts.get(p), inputs.subList(p * samples, (p + 1) * samples), scores, p * samples, picks);
        }
        return picks;
    }

    private void group(
            PromptReader.Prompt prompt,
            List<RewardInput> answers,
            Optional<RewardScores> scores,
            int from,
            List<Pick> picks) {
        Optional<List<Optional<String>>> read = reader.map(
                open -> open.of(answers.stream().map(RewardInput::completion).toList()));
        List<Candidate> candidates = new ArrayList<>();
        for (int i = 0; i < samples; i++) {
            double reward = scores.isPresent() ? scores.get().totals()[from + i] : Double.NaN;
            candidates.add(new Candidate(
                    read.isPresent() ? read.get().get(i) : Optional.empty(),
                    reward,
                    answers.get(i).completionTokens()));
        }
        Optional<OptionalInt> picked = selection.map(by -> pick(by, candidates, prompt));
        report.add(candidates, picked, scores, from);
        for (int i = 0; i < samples; i++) {
            int number = i;
            Optional<Boolean> isPicked = picked.map(one -> one.isPresent() && one.getAsInt() == number);
            ObjectNode marks = Json.object();
            scores.ifPresent(given -> rewards(marks, given, from + number));
            read.ifPresent(texts -> marks.put("answer", texts.get(number).orElse(null)));
            if (settings.writeAll()) {
                isPicked.ifPresent(one -> marks.put("picked", one));
            }
            picks.add(new Pick(settings.writeAll() || isPicked.orElse(true), marks));
        }
    }

    private OptionalInt pick(Selection by, List<Candidate> candidates, PromptReader.Prompt prompt) {
        if (rule.filter(Picking.Rule.WEIGHTED_VOTE::equals).isEmpty()) {
            return by.pick(candidates);
        }
        List<Candidate> weighed = new ArrayList<>();
        for (Candidate one : candidates) {
            double weight = settings.isSigmoid() ? 1 / (1 + Math.exp(-one.score())) : one.score();
            if (weight < 0 || weight > 1) {
                throw new PlumbException(
                        prompt.place() + ": an answer earns " + weight + ", and select=weighted_vote takes"
                                + " rewards from 0 to 1: set clip_min and clip_max in reward_funcs, or smaller weights, or"
                                + " vote_weight=sigmoid.");
            }
            weighed.add(new Candidate(one.answer(), weight, one.length()));
        }
        return by.pick(weighed);
    }

    private static void rewards(ObjectNode marks, RewardScores scores, int answer) {
        put(marks, "reward", scores.totals()[answer]);
        ObjectNode each = marks.putObject("rewards");
        for (int k = 0; k < scores.names().size(); k++) {
            put(each, scores.names().get(k), scores.raw()[k][answer]);
        }
    }

    private static void put(ObjectNode node, String name, double value) {
        if (Double.isFinite(value)) {
            node.put(name, value);
        } else {
            node.putNull(name);
        }
    }

    /** What came of it all; empty if nothing was rewarded or picked. */
    Optional<String> summary() {
        return isIdle() ? Optional.empty() : Optional.of(report.text());
    }

    @Override
    public void close() {
        rewards.ifPresent(OpenRewards::close);
    }
}
