package dev.plumb.reward;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** How good it is to take the best-scored of several solutions of a problem, over problems of which it is known. */
public final class Picks {
    private final Map<Object, List<Candidate>> candidates = new LinkedHashMap<>();
    private final Map<Object, List<Boolean>> right = new LinkedHashMap<>();

    /**
     * Adds a solution.
     *
     * @param problem which problem it solves
     * @param score R
     * @param length in tokens
     * @param isRight whether its answer is right
     */
    public void add(Object problem, double score, int length, boolean isRight) {
        candidates
                .computeIfAbsent(problem, unseen -> new ArrayList<>())
                .add(new Candidate(Optional.empty(), score, length));
        right.computeIfAbsent(problem, unseen -> new ArrayList<>()).add(isRight);
    }

    /**
     * Measures over the problems that have two solutions or more.
     *
     * @return {@code best_of_n/accuracy}: how often the picked solution is right; {@code best_of_n/at_random}: how often one
     *     taken at random is; {@code best_of_n/at_best}: how often any is, which no picking exceeds; {@code
     *     best_of_n/problems}: how many problems. Empty if there are none
     */
    public Map<String, Double> measures() {
        double problems = 0;
        double picked = 0;
        double random = 0;
        double best = 0;
        for (Map.Entry<Object, List<Candidate>> problem : candidates.entrySet()) {
            List<Boolean> known = right.get(problem.getKey());
            if (known.size() < 2) {
                continue;
            }
            double share = known.stream().mapToInt(one -> one ? 1 : 0).average().orElseThrow();
            problems++;
            OptionalInt pick = new BestOfN().pick(problem.getValue());
            picked += pick.isPresent() && known.get(pick.getAsInt()) ? 1 : 0;
            random += share;
            best += share > 0 ? 1 : 0;
        }
        Map<String, Double> out = new LinkedHashMap<>();
        if (problems > 0) {
            out.put("best_of_n/accuracy", picked / problems);
            out.put("best_of_n/at_random", random / problems);
            out.put("best_of_n/at_best", best / problems);
            out.put("best_of_n/problems", problems);
        }
        return out;
    }
}
