package dev.plumb.data;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The columns of a ranking: answers, and their ranks or scores. */
final class RankedColumns {
    private RankedColumns() {}

    /** The rank of each answer, 1 for the best; of scores, the highest is the best and equal ones share a rank. */
    static List<Integer> ranks(Cells cells, String name, int answers) throws BadRow {
        List<Double> numbers = numbers(cells, name);
        if (numbers.size() != answers) {
            throw wrong(cells.title(name) + " has " + numbers.size() + " entries for " + answers + " completions");
        }
        List<Integer> ranks = new ArrayList<>();
        for (double number : numbers) {
            if (name.equals("ranks")) {
                if (number < 1 || number != Math.rint(number) || number > Integer.MAX_VALUE) {
                    throw wrong(cells.title(name) + " holds " + number + " where a whole number from 1 is due");
                }
                ranks.add((int) number);
            } else {
                ranks.add(1
                        + (int) numbers.stream().filter(other -> other > number).count());
            }
        }
        return ranks;
    }

    private static List<Double> numbers(Cells cells, String name) throws BadRow {
        List<Double> numbers = new ArrayList<>();
        for (Object value : cells.list(name)) {
            if (!(value instanceof Number number) || !Double.isFinite(number.doubleValue())) {
                throw wrong(cells.title(name) + " holds " + JsonText.kind(value) + " where a number is due");
            }
            numbers.add(number.doubleValue());
        }
        return numbers;
    }

    /** Refuses a ranking in which one answer stands twice with different ranks. */
    static void checkDifferent(List<Content> answers, List<Integer> ranks) throws BadRow {
        Set<List<Object>> judged = new HashSet<>();
        Set<Content> seen = new HashSet<>();
        for (int i = 0; i < answers.size(); i++) {
            if (judged.add(List.of(answers.get(i), ranks.get(i))) && !seen.add(answers.get(i))) {
                throw new BadRow(
                        BadRowReason.CHOSEN_EQUALS_REJECTED,
                        "one answer stands twice in the row, with different ranks");
            }
        }
    }

    static BadRow wrong(String detail) {
        return new BadRow(BadRowReason.WRONG_TYPE, detail);
    }
}
