package dev.plumb.objective;

import dev.plumb.tensor.Tensor;

/**
 * Log-probabilities of some rows about beliefs. All completions stand behind a statement of their row's belief, but where the
 * objective asks for them behind the prompt alone.
 *
 * @param answers log-probabilities of the two answers of each row
 * @param beliefs log q(b | x), of the token of each belief as the first after the prompt, over the whole vocabulary,
 *     [rows, beliefs]
 * @param targets p*(b | x), how people are spread over the beliefs, [rows, beliefs]
 * @param held which belief each row's answers voice, [rows]
 * @param prefix log-probability of each token of the statements, row after row, [prefix tokens]; empty where answers stand
 *     behind the prompt alone
 * @param prefixRow which row each of them belongs to, 64-bit integers, [prefix tokens]
 * @param prefixLengths tokens of each statement, [rows]
 * @param weights what each row's answers and statement count, [rows]
 */
public record BeliefBatch(
        PreferenceBatch answers,
        Tensor beliefs,
        double[][] targets,
        int[] held,
        Tensor prefix,
        Tensor prefixRow,
        Tensor prefixLengths,
        double[] weights) {
    /** How many rows. */
    int rows() {
        return held.length;
    }

    /** Whether people hold no belief about the row's prompt more than its own. */
    boolean isMajority(int row) {
        return isMajority(targets[row], held[row]);
    }

    /**
     * Whether no belief is held by more people.
     *
     * @param shares how people are spread over the beliefs
     * @param belief one of them
     * @return true if its share is the largest
     */
    public static boolean isMajority(double[] shares, int belief) {
        for (double share : shares) {
            if (share > shares[belief]) {
                return false;
            }
        }
        return true;
    }
}
