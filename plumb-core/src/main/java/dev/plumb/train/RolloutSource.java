package dev.plumb.train;

import dev.plumb.data.Order;
import dev.plumb.data.TokenStore;
import dev.plumb.objective.DynamicSampling;
import dev.plumb.reward.RewardScores;
import dev.plumb.reward.RewardSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Where a rollout's completions and rewards come from: prompts of the turn, answered and rewarded; with dynamic sampling (DAPO,
 * arXiv 2503.14476, equation 11) prompts whose answers all earned the same are replaced by further ones.
 *
 * <p>Otherwise than in the paper a round draws only as many prompts as are missing still, so that nothing is left over which the
 * next step would have to learn from with an older policy. Which prompts these are follows from the turn and the round alone, so
 * that a run that goes on from a checkpoint draws the same.
 */
final class RolloutSource {
    /** Epochs between the prompts of one round and those of the next. */
    private static final long APART = 1L << 20;

    private static final long STREAMS = 0x9E3779B97F4A7C15L;

    private final Roller roller;
    private final RewardSet rewards;
    private final Optional<Tournament> judge;
    private final OnlineSettings settings;
    private final Order order;
    private final long seed;

    /**
     * A source.
     *
     * @param roller draws answers
     * @param rewards what they are rewarded for
     * @param judge which compares them; then rewards are only measured
     * @param settings how they are drawn
     * @param order of the prompts in all epochs
     * @param seed of the draws
     */
    RolloutSource(
            Roller roller,
            RewardSet rewards,
            Optional<Tournament> judge,
            OnlineSettings settings,
            Order order,
            long seed) {
        this.roller = roller;
        this.rewards = rewards;
        this.judge = judge;
        this.settings = settings;
        this.order = order;
        this.seed = seed;
    }

    /**
     * What was drawn for a turn.
     *
     * @param kept what is to be learnt from
     * @param tokens of all prompts and completions, also those that were dropped
     * @param measures of the drawing
     * @param notes what the user should be told
     */
    record Drawn(Rewarded kept, long tokens, Metrics measures, List<String> notes) {}

    /** Draws and rewards completions of a turn's prompts. */
    Drawn draw(TokenStore store, Schedule.Turn turn) {
        Metrics measures = new Metrics();
        List<String> notes = new ArrayList<>();
        Rewarded first = round(store, turn, 0, turn.rows(), measures, notes);
        if (!settings.dynamicSampling()) {
            return new Drawn(first, tokens(store, first), measures, notes);
        }
        int wanted = turn.rows().size();
        List<Integer> differ = differing(first, measures);
        Rewarded kept = first.groups(differ, settings.generations());
        long tokens = tokens(store, first);
        int found = differ.size();
        int rounds = 0;
        while (found < wanted && rounds < settings.maxResample()) {
            rounds++;
            Rewarded more = round(store, turn, rounds, further(turn, rounds, wanted - found), measures, notes);
            differ = differing(more, measures);
            kept = kept.and(more.groups(differ, settings.generations()));
            tokens += tokens(store, more);
            found += differ.size();
        }
        measures.set("dynamic_sampling/rounds", rounds);
        if (found < wanted && settings.maxResample() > 0) {
            notes.add(
                    "dynamic sampling: after " + rounds + " further rounds the answers to " + found + " prompts differ"
                            + " in reward where " + wanted + " were wanted; step " + (turn.step() + 1)
                            + (found == 0 ? " learns nothing" : " learns from these"));
        }
        return new Drawn(kept, tokens, measures, notes.stream().distinct().toList());
    }

    private Rewarded round(
            TokenStore store, Schedule.Turn turn, int round, List<Long> rows, Metrics measures, List<String> notes) {
        List<Written> written = roller.draw(
                store,
                rows,
                settings.generations(),
                seed + round * STREAMS,
                turn.take() * turn.rows().size());
        RewardScores scores = rewards.scores(roller.inputs(store, written));
        notes.addAll(scores.faults());
        if (judge.isPresent()) {
            Tournament.Result result = judge.get().play(roller, written, settings.generations());
            measures.merge(result.measures());
            notes.addAll(result.notes());
            scores = scores.judged(Tournament.NAME, result.scores());
        }
        return new Rewarded(written, scores);
    }

    /** Groups whose rewards differ; counts them and the rewards of all. */
    private List<Integer> differing(Rewarded round, Metrics measures) {
        int size = settings.generations();
        int groups = round.written().size() / size;
        List<Integer> differ = IntStream.range(0, groups)
                .filter(g -> DynamicSampling.informative(round.group(g, size)))
                .boxed()
                .toList();
        measures.add("dynamic_sampling/keep_rate", differ.size(), groups);
        Arrays.stream(round.scores().totals())
                .filter(total -> !Double.isNaN(total))
                .forEach(total -> measures.add("dynamic_sampling/reward", total, 1));
        return differ;
    }

    private List<Long> further(Schedule.Turn turn, int round, int count) {
        long start = (turn.take() + round) * turn.rows().size();
        List<Long> rows = new ArrayList<>();
        for (long at = start; at < start + count; at++) {
            rows.add(order.row(at / order.size() + round * APART, at % order.size()));
        }
        return rows;
    }

    /** A prompt counts once for all its completions. */
    private long tokens(TokenStore store, Rewarded round) {
        long sum = 0;
        for (int i = 0; i < round.written().size(); i++) {
            Written one = round.written().get(i);
            sum += one.ids().length + (i % settings.generations() == 0 ? store.tokens(one.row()) : 0);
        }
        return sum;
    }
}
