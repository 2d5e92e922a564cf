package dev.plumb.data;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The columns of a row that speak of beliefs. */
final class BeliefColumns {
    private static final double TOLERANCE = 1e-4;

    private BeliefColumns() {}

    static Row.Belief read(
            RowId id, Cells cells, Content prompt, Content chosen, Content rejected, List<Map<String, Object>> tools)
            throws BadRow {
        int belief = number(cells, "belief_id");
        if (cells.find("rejected_belief_id") != null && number(cells, "rejected_belief_id") == belief) {
            throw fault("the chosen and the rejected answer voice the same belief, " + belief);
        }
        double[] probabilities = shares(cells);
        double[] votes = numbers(cells, "votes");
        if (probabilities.length > 0 && votes.length > 0 && probabilities.length != votes.length) {
            throw fault(cells.title("belief_probs") + " has " + probabilities.length + " numbers and "
                    + cells.title("votes") + " " + votes.length + ", where one a belief is due");
        }
        Opinions opinions = new Opinions(probabilities, votes, group(cells.textOrEmpty("group")));
        if (opinions.beliefs() > 0 && belief >= opinions.beliefs()) {
            throw fault("belief_id is " + belief + ", but there are numbers for beliefs 0 to "
                    + (opinions.beliefs() - 1) + " only");
        }
        if (probabilities.length > 0 && probabilities[belief] == 0) {
            throw fault(cells.title("belief_probs") + " says that nobody holds belief " + belief);
        }
        String text = cells.textOrEmpty("belief_text");
        String prefix = text.isEmpty() ? String.valueOf(belief) : belief + "<" + text + ">";
        return new Row.Belief(id, prompt, belief, prefix, chosen, rejected, opinions, tools);
    }

    private static BadRow fault(String detail) {
        return new BadRow(BadRowReason.BELIEFS_DO_NOT_FIT, detail);
    }

    private static int number(Cells cells, String name) throws BadRow {
        cells.get(name);
        double number = cells.numberOrZero(name);
        if (number != Math.rint(number) || number >= Opinions.MOST) {
            throw fault(cells.title(name) + " is " + number + ", where a whole number from 0 to " + (Opinions.MOST - 1)
                    + " is due");
        }
        return (int) number;
    }

    private static double[] shares(Cells cells) throws BadRow {
        double[] given = numbers(cells, "belief_probs");
        double sum = 0;
        for (double share : given) {
            sum += share;
        }
        if (given.length > 0 && !(Math.abs(sum - 1) <= TOLERANCE)) {
            throw fault(cells.title("belief_probs") + " adds up to " + sum + ", not to 1");
        }
        for (int i = 0; i < given.length; i++) {
            given[i] /= sum;
        }
        return given;
    }

    /** A list of numbers from 0, also as the text of one, which is how a CSV file holds it; empty if there is none. */
    private static double[] numbers(Cells cells, String name) throws BadRow {
        @Nullable Object value = cells.find(name);
        if (value == null || value.equals("")) {
            return new double[0];
        }
        List<?> items = value instanceof String text
                ? List.of(text.replaceAll("[\\[\\]]", "").strip().split("[,;\\s]+"))
                : value instanceof List<?> list ? list : List.of("");
        if (items.isEmpty() || items.size() > Opinions.MOST) {
            throw fault(cells.title(name) + " has " + items.size() + " numbers, where 1 to " + Opinions.MOST
                    + " are due, one a belief");
        }
        double[] numbers = new double[items.size()];
        for (int i = 0; i < numbers.length; i++) {
            Object item = items.get(i);
            try {
                numbers[i] = item instanceof Number given
                        ? given.doubleValue()
                        : Double.parseDouble(String.valueOf(item).strip());
            } catch (NumberFormatException e) {
                numbers[i] = Double.NaN;
            }
            if (!(numbers[i] >= 0) || Double.isInfinite(numbers[i])) {
                throw new BadRow(
                        BadRowReason.WRONG_TYPE,
                        cells.title(name) + " holds " + item + " where a list of numbers from 0 is due");
            }
        }
        return numbers;
    }

    /** Names are only ever compared, so a number stands for each; 0 for none. */
    private static long group(String name) {
        if (name.isEmpty()) {
            return 0;
        }
        long hash = 0xcbf29ce484222325L; // FNV-1a, 64 bits
        for (byte one : name.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ one & 0xff) * 0x100000001b3L;
        }
        return hash == 0 ? 1 : hash;
    }
}
