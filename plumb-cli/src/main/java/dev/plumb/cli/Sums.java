package dev.plumb.cli;

import dev.plumb.cli.Village.Demonstration;
import dev.plumb.cli.Village.Turn;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * The arithmetic of the quickstart: all sums of a number of two digits and one of one digit, below 100, in which a ten is
 * carried. Some are learnt from; the exam asks for the others, which stand in no row of training.
 *
 * @param learnt sums of demonstrations and problems
 * @param heldOut sums of the exam
 */
record Sums(List<Sum> learnt, List<Sum> heldOut) {
    /** A row of a method that learns from what the model itself writes. */
    record Problem(List<Turn> prompt, String answer) {}

    /** Copies the lists. */
    Sums {
        learnt = List.copyOf(learnt);
        heldOut = List.copyOf(heldOut);
    }

    /**
     * Deals out all sums.
     *
     * @param random decides which third is held out
     */
    static Sums deal(Random random) {
        List<Sum> all = new ArrayList<>();
        for (int first = 10; first < 90; first++) {
            for (int second = 10 - first % 10; second < 10; second++) {
                all.add(new Sum(first, second));
            }
        }
        Collections.shuffle(all, random);
        int held = all.size() / 3;
        return new Sums(all.subList(held, all.size()), all.subList(0, held));
    }

    /**
     * Demonstrations by people who work sums out well and mostly forget the carried ten.
     *
     * @param count how many
     * @param carried share of those that do not forget it
     * @param random chooses
     */
    List<Demonstration> demonstrations(int count, double carried, Random random) {
        List<Demonstration> rows = new ArrayList<>();
        for (Sum sum : Village.round(learnt, count, random)) {
            rows.add(new Demonstration(
                    List.of(Turn.user(sum.text()), Turn.assistant(sum.workedOut(random.nextDouble() < carried)))));
        }
        return rows;
    }

    /** Sums with nothing but their result, which a reward checks. */
    static List<Problem> problems(List<Sum> sums) {
        return sums.stream()
                .map(sum -> new Problem(List.of(Turn.user(sum.text())), sum.truth()))
                .toList();
    }
}
