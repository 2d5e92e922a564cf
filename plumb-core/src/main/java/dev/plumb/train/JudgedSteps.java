package dev.plumb.train;

import dev.plumb.evaluate.Correlation;
import dev.plumb.objective.Experience;
import dev.plumb.objective.RolloutMeasures;
import dev.plumb.reward.RewardScores;
import dev.plumb.reward.StepScores;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** What a process reward model said of the steps of a rollout: for objectives, which learn from it, and as metrics. */
final class JudgedSteps {
    /** What the user should know then. */
    static final String WHOLE_ANSWERS =
            "none of the answers that were just written has more than one step, so rewards of"
                    + " steps are rewards of answers: a policy that writes no step_separator is fine-tuned (sft) on solutions in steps"
                    + " first";

    private JudgedSteps() {}

    /** Scores and ends of the steps of each completion; none where it must not be learnt from. */
    static List<Experience.Steps> of(RewardScores scores) {
        return scores.steps().stream()
                .map(one -> new Experience.Steps(one.scores(), one.ends()))
                .toList();
    }

    /**
     * Metrics of steps, and prm/outcome_correlation/NAME: Spearman's, of the score of the whole with what another reward gave.
     * Where that is low, steps are judged by something else than what makes answers good.
     */
    static Metrics measures(RewardScores scores) {
        Metrics out = new Metrics();
        RolloutMeasures.ofSteps(of(scores)).forEach(out::add);
        int judge = scores.names().indexOf(OpenRewards.PROCESS);
        for (int k = 0; judge >= 0 && k < scores.names().size(); k++) {
            double found = k == judge ? Double.NaN : correlation(scores.raw()[judge], scores.raw()[k]);
            if (!Double.isNaN(found)) {
                out.set("prm/outcome_correlation/" + scores.names().get(k), found);
            }
        }
        return out;
    }

    private static double correlation(double[] one, double[] other) {
        int[] both = IntStream.range(0, one.length)
                .filter(i -> !Double.isNaN(one[i] + other[i]))
                .toArray();
        if (both.length < 2) {
            return Double.NaN;
        }
        double[] x = Arrays.stream(both).mapToDouble(i -> one[i]).toArray();
        double[] y = Arrays.stream(both).mapToDouble(i -> other[i]).toArray();
        return Correlation.spearman(x, y, new int[x.length]).value();
    }

    /** Whether no answer has more than one step, so that rewards of steps are rewards of answers. */
    static boolean areWholeAnswers(RewardScores scores) {
        return scores.steps().stream().map(StepScores::ends).noneMatch(ends -> ends.length > 1);
    }
}
