package dev.plumb.train;

import dev.plumb.train.Judge.Comparison;
import dev.plumb.train.Judge.Opinion;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * Has a judge compare all answers to each prompt, two at a time and in both orders, since judges prefer a place (arXiv
 * 2306.05685, section 3.4). An answer's score is the share of comparisons that it won, a tie counting half. Equal answers are a
 * tie without being judged; a pair that could not be judged in one of the orders counts nothing.
 */
final class Tournament {
    /** What the score is called among rewards. */
    static final String NAME = "judge";

    /** Less than this of the probability on the two names: the judge does not take the question for one. */
    static final double LOW_MASS = 0.2;

    private static final double TIE = 1e-6;

    private final Judge judge;
    private final JudgeSettings.Verdict by;
    private boolean saidOfMass;

    /**
     * A tournament.
     *
     * @param judge asked in one order at a time
     * @param by how two orders become one verdict
     */
    Tournament(Judge judge, JudgeSettings.Verdict by) {
        this.judge = judge;
        this.by = by;
    }

    /**
     * How it ended.
     *
     * @param scores of each answer, from 0 to 1; NaN if it could not be judged
     * @param measures metrics of the judge
     * @param notes what the user should be told
     */
    record Result(double[] scores, Metrics measures, List<String> notes) {}

    /** Two answers of which one may win, by their numbers. */
    private record Pair(int one, int other, Comparison comparison) {}

    /**
     * Compares answers.
     *
     * @param questions the prompts
     * @param answers to each as many, those to one next to each other
     */
    Result play(List<String> questions, List<String> answers) {
        double[] won = new double[answers.size()];
        double[] counted = new double[answers.size()];
        List<Pair> pairs = new ArrayList<>();
        for (Pair pair : pairs(questions, answers)) {
            if (pair.comparison().first().equals(pair.comparison().second())) {
                add(pair, 0, won, counted);
            } else {
                pairs.add(pair);
            }
        }
        List<Opinion> opinions = judge.compare(pairs.stream()
                .flatMap(pair -> List.of(pair.comparison(), pair.comparison().turned()).stream())
                .toList());
        Metrics measures = new Metrics();
        int missing = 0;
        double mass = 0;
        for (int i = 0; i < pairs.size(); i++) {
            Opinion one = opinions.get(2 * i);
            Opinion turned = opinions.get(2 * i + 1);
            if (one.isMissing() || turned.isMissing()) {
                missing++;
                continue;
            }
            int winner = winner(one, turned);
            add(pairs.get(i), winner, won, counted);
            mass += one.mass() + turned.mass();
            measure(one, turned, winner, measures);
        }
        measures.total("judge/errors", missing);
        double[] scores = new double[won.length];
        Arrays.setAll(scores, i -> won[i] / counted[i]); // NaN without a comparison
        return new Result(scores, measures, notes(missing, pairs.size(), mass / (2 * (pairs.size() - missing))));
    }

    /** The same of what a policy wrote, so many completions of each prompt next to each other. */
    Result play(Roller roller, List<Written> written, int each) {
        return play(
                IntStream.range(0, written.size() / each)
                        .mapToObj(group -> roller.question(written.get(group * each)))
                        .toList(),
                written.stream().map(roller::answer).toList());
    }

    private static List<Pair> pairs(List<String> questions, List<String> answers) {
        int size = questions.isEmpty() ? 1 : answers.size() / questions.size();
        List<Pair> out = new ArrayList<>();
        for (int i = 0; i < answers.size(); i++) {
            for (int j = i + 1; j < (i / size + 1) * size; j++) {
                out.add(new Pair(i, j, new Comparison(questions.get(i / size), answers.get(i), answers.get(j))));
            }
        }
        return out;
    }

    /** 1 if the answer wins that was shown first at first, -1 if the other does, 0 for a tie. */
    private int winner(Opinion one, Opinion turned) {
        return switch (by) {
            case BOTH_ORDERS -> side(one) == -side(turned) ? side(one) : 0;
            case AVERAGE -> side((one.first() + 1 - turned.first()) / 2);
        };
    }

    /** The place that an opinion is for: 1 the first, -1 the second, 0 neither. */
    private static int side(Opinion opinion) {
        return side(opinion.first());
    }

    private static int side(double first) {
        return Math.abs(first - 0.5) <= TIE ? 0 : first > 0.5 ? 1 : -1;
    }

    private static void add(Pair pair, int winner, double[] won, double[] counted) {
        won[pair.one()] += (1 + winner) / 2.0;
        won[pair.other()] += (1 - winner) / 2.0;
        counted[pair.one()]++;
        counted[pair.other()]++;
    }

    private static void measure(Opinion one, Opinion turned, int winner, Metrics measures) {
        measures.add("judge/consistency", side(one) == -side(turned) ? 1 : 0, 1);
        measures.add("judge/tie_rate", winner == 0 ? 1 : 0, 1);
        for (Opinion opinion : List.of(one, turned)) {
            measures.add("judge/choice_mass", opinion.mass(), 1);
            if (side(opinion) != 0) {
                measures.add("judge/first_position_rate", side(opinion) > 0 ? 1 : 0, 1);
            }
        }
    }

    private List<String> notes(int missing, int pairs, double mass) {
        List<String> out = new ArrayList<>();
        if (missing > 0) {
            out.add("judge: " + missing + " of " + pairs + " pairs of answers could not be judged, as they are longer"
                    + " than its context or what it says is no number; they are left out");
        }
        if (mass < LOW_MASS && !saidOfMass) {
            saidOfMass = true;
            out.add(String.format(
                    Locale.ROOT,
                    "judge: A and B together have %.2g of the probability of what it says next, so it hardly takes the"
                            + " question for one: take a model that follows instructions (judge/choice_mass)",
                    mass));
        }
        return out;
    }
}
