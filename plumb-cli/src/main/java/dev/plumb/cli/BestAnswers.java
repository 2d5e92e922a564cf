package dev.plumb.cli;

import dev.plumb.reward.BestOfN;
import dev.plumb.reward.Candidate;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Which of several answers to a prompt has the highest score. */
final class BestAnswers {
    private final Map<Object, Best> best = new LinkedHashMap<>();

    /** The best answer to a prompt so far. */
    private record Best(int answers, String place, Candidate candidate) {}

    /** Notes the score of a row; one that sets no prompt apart answers nothing, and one without a score is not the best. */
    void add(ScoreRow row, double score) {
        row.problem().filter(problem -> !Double.isNaN(score)).ifPresent(problem -> {
            Candidate candidate = new Candidate(Optional.empty(), score, row.end() - row.start());
            best.merge(problem, new Best(1, row.place(), candidate), (old, fresh) -> {
                int picked = new BestOfN()
                        .pick(List.of(old.candidate(), fresh.candidate()))
                        .orElseThrow();
                Best better = picked == 0 ? old : fresh;
                return new Best(old.answers() + 1, better.place(), better.candidate());
            });
        });
    }

    /** Writes a line for each prompt that has several answers. */
    void write(JsonOutput out) {
        best.forEach((prompt, pick) -> {
            if (pick.answers() > 1) {
                out.write(Json.object()
                        .put("best", pick.place())
                        .put("answers", pick.answers())
                        .put("score", pick.candidate().score()));
            }
        });
    }
}
