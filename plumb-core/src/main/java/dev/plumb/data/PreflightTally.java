package dev.plumb.data;

import dev.plumb.text.Tokenizer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;

/** Gathers the preflight report while the rows stream by; its memory does not grow with their number. */
final class PreflightTally {
    private static final int EXAMPLES = 5;
    private static final int LAST_TARGETS = 5;
    private static final int DETAIL = 300;
    private static final int REMEMBERED_ROWS = 1 << 18;

    private final Encoder encoder;
    private final Map<String, Preflight.LeftOut> left = new LinkedHashMap<>();
    private final Tally prompt = new Tally();
    private final Tally answer = new Tally();
    private final Tally total = new Tally();
    private final Tally chosen = new Tally();
    private final Tally rejected = new Tally();
    private final Tally openingBos = new Tally();
    private final Tally eosInside = new Tally();
    private final Map<Integer, Long> lastTargets = new TreeMap<>();
    private final Duplicates repeats = new Duplicates(REMEMBERED_ROWS);
    private Optional<Preflight.Drawn> drawn = Optional.empty();
    private long read;
    private long train;
    private long eval;
    private long stopped;
    private long conversations;
    private long unstopped;
    private double chosenLonger;
    private long rankings;
    private long ties;
    private boolean anyJudged;
    private long desirable;
    private long undesirable;
    private boolean anySteps;
    private long goodSteps;
    private long badSteps;
    private long unlabelledSteps;
    private long cutRows;
    private long cutAnswers;
    private long cutPromptTokens;
    private long cutAnswerTokens;

    PreflightTally(Encoder encoder) {
        this.encoder = encoder;
    }

    /**
     * Counts a row that is neither learnt nor measured.
     *
     * @param id where it stands
     * @param reason the kind of fault
     * @param asked whether the settings ask for it to be left out
     * @param remedy what to do about it
     * @param detail the fault in words
     */
    void leftOut(RowId id, String reason, boolean asked, String remedy, String detail) {
        read++;
        Preflight.LeftOut before =
                left.getOrDefault(reason, new Preflight.LeftOut(reason, 0, asked, remedy, List.of()));
        List<String> examples = new ArrayList<>(before.examples());
        if (examples.size() < EXAMPLES) {
            String text = id + ": " + detail;
            examples.add(text.length() > DETAIL ? text.substring(0, DETAIL) + " ..." : text);
        }
        left.put(reason, new Preflight.LeftOut(reason, before.rows() + 1, asked, remedy, examples));
    }

    /**
     * Counts a row that is learnt or measured.
     *
     * @param row the row
     * @param kept its tokens
     * @param learnt whether it is learnt
     */
    void kept(Row row, EncodedRow.Kept kept, boolean learnt) {
        read++;
        train += learnt ? 1 : 0;
        eval += learnt ? 0 : 1;
        repeats.add(HeldOut.contentHash(row));
        boolean stops;
        if (kept.example() instanceof TokenPair pair) {
            stops = pair(pair);
        } else if (kept.example() instanceof TokenBelief belief) {
            stops = pair(belief.spoken());
        } else if (kept.example() instanceof TokenRanked ranked) {
            stops = ranked(ranked);
        } else if (kept.example() instanceof TokenJudged judged) {
            stops = judged(judged, learnt);
        } else if (kept.example() instanceof TokenPrompt open) {
            prompt(open);
            stops = true; // whether an answer ends is seen when it is written
        } else if (kept.example() instanceof TokenSteps steps) {
            stops = steps(steps, learnt);
        } else {
            stops = sequence((TokenSequence) kept.example());
        }
        stopped += stops ? 1 : 0;
        conversations += kept.conversation() ? 1 : 0;
        boolean writes = !(kept.example() instanceof TokenSteps); // what only judges need not learn to stop
        unstopped += kept.conversation() && writes && !stops ? 1 : 0;
        EncodedRow.Cut cut = kept.cut();
        cutRows += cut.any() ? 1 : 0;
        cutAnswers += cut.answer() > 0 ? 1 : 0;
        cutPromptTokens += cut.prompt();
        cutAnswerTokens += cut.answer();
        if (drawn.isEmpty()) {
            drawn = Optional.of(Drawing.of(encoder.tokenizer(), row.id(), kept.example()));
        }
    }

    private boolean pair(TokenPair pair) {
        prompt.add(pair.prompt().length);
        answer.add(pair.chosen().length);
        answer.add(pair.rejected().length);
        total.add(pair.longest());
        if (pair.judgement().tie()) {
            ties++;
        } else {
            compared(pair.chosen().length, pair.rejected().length);
        }
        opening(pair.prompt());
        eos(pair.prompt(), pair.chosen());
        boolean chosenStops = endsIn(pair.chosen()[pair.chosen().length - 1]);
        boolean rejectedStops = endsIn(pair.rejected()[pair.rejected().length - 1]);
        return chosenStops && rejectedStops;
    }

    private void compared(int better, int worse) {
        chosen.add(better);
        rejected.add(worse);
        chosenLonger += (1 + Integer.signum(better - worse)) / 2.0;
    }

    private boolean ranked(TokenRanked ranked) {
        prompt.add(ranked.prompt().length);
        total.add(ranked.longest());
        rankings++;
        opening(ranked.prompt());
        boolean stops = true;
        int[] ranks = ranked.ranks();
        for (int i = 0; i < ranks.length; i++) {
            int[] ids = ranked.completions().get(i);
            answer.add(ids.length);
            stops &= endsIn(ids[ids.length - 1]);
            for (int j = 0; j < ranks.length; j++) {
                if (ranks[i] < ranks[j]) {
                    compared(ids.length, ranked.completions().get(j).length);
                }
                ties += j < i && ranks[i] == ranks[j] ? 1 : 0;
            }
        }
        eos(ranked.prompt(), ranked.completions().get(0));
        return stops;
    }

    private boolean judged(TokenJudged judged, boolean learnt) {
        int[] completion = judged.completion();
        prompt.add(judged.prompt().length);
        answer.add(completion.length);
        total.add(judged.tokens());
        anyJudged = true;
        desirable += learnt && judged.desirable() ? 1 : 0;
        undesirable += learnt && !judged.desirable() ? 1 : 0;
        opening(judged.prompt());
        eos(judged.prompt(), completion);
        return endsIn(completion[completion.length - 1]);
    }

    private void prompt(TokenPrompt open) {
        prompt.add(open.tokens());
        total.add(open.tokens());
        opening(open.prompt());
        eos(open.prompt());
    }

    private boolean steps(TokenSteps steps, boolean learnt) {
        prompt.add(steps.prompt().length);
        answer.add(steps.completion().length);
        total.add(steps.tokens());
        anySteps = true;
        for (double label : learnt ? steps.labels() : new double[0]) {
            goodSteps += label >= 0.5 ? 1 : 0;
            badSteps += label < 0.5 ? 1 : 0;
            unlabelledSteps += Double.isNaN(label) ? 1 : 0;
        }
        opening(steps.prompt());
        eos(steps.prompt(), steps.completion());
        return endsIn(steps.completion()[steps.completion().length - 1]);
    }

    private boolean sequence(TokenSequence sequence) {
        int targets = sequence.trainedTokens();
        prompt.add(sequence.tokens() - targets);
        answer.add(targets);
        total.add(sequence.tokens());
        opening(sequence.ids());
        eos(sequence.ids());
        return endsIn(sequence.ids()[sequence.lastTrained()]);
    }

    private boolean endsIn(int last) {
        lastTargets.merge(last, 1L, Long::sum);
        return encoder.isSpecial(last);
    }

    private void opening(int[] ids) {
        OptionalInt bos = encoder.tokenizer().bos();
        int count = 0;
        while (bos.isPresent() && count < ids.length && ids[count] == bos.getAsInt()) {
            count++;
        }
        openingBos.add(count);
    }

    private void eos(int[]... parts) {
        OptionalInt eos = encoder.tokenizer().eos();
        int count = 0;
        for (int[] part : parts) {
            for (int id : part) {
                count += eos.isPresent() && id == eos.getAsInt() ? 1 : 0;
            }
        }
        eosInside.add(count);
    }

    /**
     * The report on all rows counted so far.
     *
     * @param shapes what the columns of each file were taken for
     * @return the report with its refusals and notes
     */
    Preflight report(List<String> shapes) {
        Preflight facts = new Preflight(
                shapes,
                read,
                train,
                eval,
                List.copyOf(left.values()),
                encoder.maxLength(),
                lengths(prompt),
                lengths(answer),
                lengths(total),
                new Preflight.CutRows(cutRows, cutAnswers, cutPromptTokens, cutAnswerTokens),
                new Preflight.Ends(
                        conversations, unstopped, (double) stopped / Math.max(1, train + eval), lastTargets()),
                openingBos.counts(),
                eosInside.counts(),
                new Preflight.Repeats(repeats.count(), repeats.exact()),
                chosen.count() == 0
                        ? Optional.empty()
                        : Optional.of(
                                new Preflight.Answers(chosen.mean(), rejected.mean(), chosenLonger / chosen.count())),
                rankings + ties > 0
                        ? Optional.of(new Preflight.Rankings(rankings, chosen.count(), ties))
                        : Optional.empty(),
                anyJudged ? Optional.of(new Preflight.Labels(desirable, undesirable)) : Optional.empty(),
                anySteps
                        ? Optional.of(new Preflight.Steps(goodSteps, badSteps, unlabelledSteps, encoder.stepsMerged()))
                        : Optional.empty(),
                drawn,
                List.of(),
                List.of());
        return PreflightRules.judge(facts, encoder);
    }

    private Map<String, Long> lastTargets() {
        Tokenizer tokenizer = encoder.tokenizer();
        Map<String, Long> most = new LinkedHashMap<>();
        lastTargets.entrySet().stream()
                .sorted(Map.Entry.<Integer, Long>comparingByValue().reversed())
                .limit(LAST_TARGETS)
                .forEach(entry -> most.merge(tokenizer.token(entry.getKey()), entry.getValue(), Long::sum));
        return most;
    }

    private static Preflight.Lengths lengths(Tally tally) {
        SortedMap<Integer, Long> histogram = tally.histogram();
        return new Preflight.Lengths(
                tally.mean(),
                tally.min(),
                tally.quantile(0.5),
                tally.quantile(0.9),
                tally.quantile(0.99),
                tally.quantile(0.995),
                tally.max(),
                histogram);
    }
}
