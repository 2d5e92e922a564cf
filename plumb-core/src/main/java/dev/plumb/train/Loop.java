package dev.plumb.train;

import dev.plumb.data.Example;
import dev.plumb.data.TokenStore;
import dev.plumb.model.Decoder;
import dev.plumb.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A way of learning: from rows to gradients, and from rows to measures. The walk over the steps of a run, and all that happens
 * between them, is {@link TrainingRun}'s.
 */
interface Loop {
    /** Adds up the gradients of a step's rows. */
    Metrics learn(AdamW optimizer, TokenStore store, List<Long> rows);

    /** Told before each step where in the run it stands; most ways of learning need not know. */
    default void begin(TokenStore store, Schedule.Turn turn) {}

    /** Measures held-out rows. */
    Metrics evaluate(TokenStore store, List<Long> rows);

    /** What the model is to continue where it is sampled, token ids; none if it cannot write. */
    int[] prompt(Example row);

    /** What is to be said of an answer to a row beside its text, by name; nothing for most ways of learning. */
    default Map<String, Double> judge(Example row, int[] answer, boolean stopped) {
        return Map.of();
    }

    /** The parameters that are updated, out of all that the model has. */
    default Map<String, Tensor> trained(Decoder decoder) {
        return decoder.trained();
    }

    /** By what the learning rate of a parameter is multiplied. */
    default double rate(String name) {
        return 1;
    }

    /** Writes what is trained beside the model into its folder. */
    default void writeTo(Path folder) {}

    /** Refuses a loss before the first update that cannot be right. */
    default void requireSoundStart(double loss) {}

    /** How many tokens a step's rows are. */
    default long tokens(TokenStore store, List<Long> rows) {
        return rows.stream().mapToLong(store::tokens).sum();
    }

    /** Whether the gradients that were just added up are to be applied. */
    default boolean updates() {
        return true;
    }

    /** Whether the parameter of that name is among those that they are applied to; others stay as they are. */
    default boolean moves(String name) {
        return true;
    }

    /** What the user should be told since the last step. */
    default List<String> notes() {
        return List.of();
    }

    /** Whether {@link #answers} ever has any. */
    default boolean keepsAnswers() {
        return false;
    }

    /** Answers that the step which was begun learns from, those that are to be shown. */
    default List<Answered> answers() {
        return List.of();
    }

    /** Adds to a checkpoint what the loop remembers from one step to the next. */
    default void save(Path folder) throws IOException {}

    /** Takes up what {@link #save} wrote. */
    default void load(Path folder, TokenStore store) {}
}
