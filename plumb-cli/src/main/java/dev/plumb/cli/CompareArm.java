package dev.plumb.cli;

import dev.plumb.evaluate.PairScores;
import dev.plumb.train.Evaluation;
import dev.plumb.train.RunCost;
import java.util.Arrays;
import java.util.Optional;

/**
 * A model of the comparison, measured on the held-out pairs: one that a run trained, or the start of all.
 *
 * @param name of the run
 * @param method its method, or the start
 * @param logps log-probabilities of both answers
 * @param learnt what it has over the start; empty for the start itself
 * @param answered its greedy answers
 */
record CompareArm(String name, String method, PairScores logps, Optional<Learnt> learnt, Evaluation.Answered answered) {
    /**
     * What a run changed.
     *
     * @param own the rewards that its method compares
     * @param ratios log p − log p of the start, of both answers
     * @param cost what it took
     * @param rows how many rows it learnt from, those that came again counted again
     */
    record Learnt(PairScores own, PairScores ratios, RunCost cost, long rows) {
        /** Whether the chosen answer has become less probable, 1 or 0 a pair. */
        double[] displaced() {
            return Arrays.stream(ratios.chosen())
                    .map(ratio -> ratio < 0 ? 1 : 0)
                    .toArray();
        }
    }
}
