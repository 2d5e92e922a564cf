package dev.plumb.reward;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.ToDoubleFunction;

/** Solutions vote for their answers; those without one, or whose vote has no weight that is a number, do not. */
final class Votes {
    private final Map<String, Double> weight = new LinkedHashMap<>();
    private final Map<String, Integer> first = new LinkedHashMap<>();

    private Votes(List<Candidate> candidates, ToDoubleFunction<Candidate> weigh) {
        for (int i = 0; i < candidates.size(); i++) {
            Candidate candidate = candidates.get(i);
            double vote = candidate.answer().isPresent() ? weigh.applyAsDouble(candidate) : Double.NaN;
            if (!Double.isNaN(vote)) {
                weight.merge(candidate.answer().get(), vote, Double::sum);
                first.putIfAbsent(candidate.answer().get(), i);
            }
        }
    }

    static Votes of(List<Candidate> candidates, ToDoubleFunction<Candidate> weigh) {
        return new Votes(candidates, weigh);
    }

    /** What each answer has, in the order in which answers first came. */
    Map<String, Double> weights() {
        return weight;
    }

    /** The first solution with the answer that weighs most; of equal ones that which came first. */
    OptionalInt winner() {
        OptionalInt winner = OptionalInt.empty();
        double most = Double.NaN;
        for (Map.Entry<String, Double> answer : weight.entrySet()) {
            if (winner.isEmpty() || answer.getValue() > most) {
                most = answer.getValue();
                winner = OptionalInt.of(first.get(answer.getKey()));
            }
        }
        return winner;
    }
}
