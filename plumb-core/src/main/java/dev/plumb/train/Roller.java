package dev.plumb.train;

import dev.plumb.data.TokenPrompt;
import dev.plumb.data.TokenStore;
import dev.plumb.model.Decoder;
import dev.plumb.model.Generator;
import dev.plumb.model.Sampling;
import dev.plumb.reward.RewardInput;
import dev.plumb.tensor.Device;
import dev.plumb.text.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Lets the policy answer prompts, on the very weights that are trained, and turns answers to what rewards look at. */
final class Roller {
    private final Decoder decoder;
    private final Tokenizer tokenizer;
    private final Set<Integer> stops;
    private final OnlineSettings settings;
    private final int maxLength;

    /**
     * A roller.
     *
     * @param decoder the policy
     * @param tokenizer its tokenizer
     * @param stops tokens that end an answer
     * @param settings how it writes
     * @param maxLength tokens of an answer at most
     */
    Roller(Decoder decoder, Tokenizer tokenizer, Set<Integer> stops, OnlineSettings settings, int maxLength) {
        this.decoder = decoder;
        this.tokenizer = tokenizer;
        this.stops = Set.copyOf(stops);
        this.settings = settings;
        this.maxLength = maxLength;
    }

    /**
     * Draws answers.
     *
     * @param store where the prompts are
     * @param rows their numbers there
     * @param samples answers a prompt
     * @param seed of the draws
     * @param first number of the first prompt among all that were ever drawn from this seed
     * @return all answers to the first prompt, then all to the next
     */
    List<Written> draw(TokenStore store, List<Long> rows, int samples, long seed, long first) {
        return write(
                store,
                rows,
                samples,
                first,
                new Sampling(
                        maxLength,
                        settings.temperature(),
                        settings.topK(),
                        settings.topP(),
                        settings.minP(),
                        settings.repetitionPenalty(),
                        stops,
                        seed));
    }

    /** The most probable answers. */
    List<Written> greedy(TokenStore store, List<Long> rows) {
        return write(store, rows, 1, 0, Sampling.greedy(maxLength, stops));
    }

    private List<Written> write(TokenStore store, List<Long> rows, int samples, long first, Sampling sampling) {
        List<int[]> prompts = rows.stream()
                .map(row -> ((TokenPrompt) store.get(row)).prompt())
                .toList();
        int atOnce = Math.min(rows.size() * samples, decoder.device() == Device.CPU ? 64 : 256);
        List<Generator.Completion> made = new Generator(decoder, Math.max(1, atOnce))
                .generate(new Generator.Request(prompts, first, samples), sampling, Generator.Watcher.NONE);
        List<Written> written = new ArrayList<>();
        for (int i = 0; i < made.size(); i++) {
            written.add(Written.drawn(rows.get(i / samples), prompts.get(i / samples), made.get(i)));
        }
        return written;
    }

    /** An answer, for reward functions. */
    RewardInput input(TokenPrompt row, int[] answer, boolean ended) {
        return RewardInput.of(tokenizer, row.prompt(), answer, ended, row.columns());
    }

    /** The same of many. */
    List<RewardInput> inputs(TokenStore store, List<Written> written) {
        return written.stream()
                .map(one -> input((TokenPrompt) store.get(one.row()), one.ids(), one.stopped()))
                .toList();
    }

    /** What was asked, for a judge. */
    String question(Written one) {
        return tokenizer.decode(one.prompt(), true);
    }

    /** What was answered, for a judge. */
    String answer(Written one) {
        return tokenizer.decode(one.ids(), true);
    }

    /** The same with another model that writes. */
    Roller by(Decoder other) {
        return new Roller(other, tokenizer, stops, settings, maxLength);
    }

    /** An answer and what is said of it, for people. */
    Answered shown(Written one, Map<String, Double> scores) {
        return new Answered(tokenizer.decode(one.prompt()), answer(one), scores);
    }

    int maxLength() {
        return maxLength;
    }
}
