package dev.plumb.data;

import dev.plumb.config.PlumbException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.UnaryOperator;

/**
 * What the rows of a run are made of, known before its first step.
 *
 * @param shapes what the columns of each file were taken for
 * @param read rows in all files
 * @param train rows that are learnt
 * @param eval rows that are only measured
 * @param left rows that are neither, by reason
 * @param maxLength the limit of a row, in tokens
 * @param prompt lengths of the prompts, or of what else is no target
 * @param answer lengths of the answers, or of what else is a target; of pairs both answers count
 * @param total lengths of the rows; of pairs, of the prompt with the longer answer
 * @param cut what the limit took away
 * @param ends which tokens end the answers
 * @param bos rows by the number of BOS tokens they open with
 * @param eos rows by the number of EOS tokens in them
 * @param repeats rows that say what an earlier one says
 * @param answers how the two answers of pairs compare; empty where there are no pairs
 * @param rankings what rankings compare; empty where there are neither rankings nor ties
 * @param labels how the answers that are learnt were judged; empty where they were not
 * @param steps what is known of the steps that are learnt; empty where rows are no solutions in steps
 * @param drawn one row with its targets marked; empty if no row is left
 * @param refusals why the run must not start, as whole sentences with a remedy
 * @param notes what its user should know, as whole sentences
 */
public record Preflight(
        List<String> shapes,
        long read,
        long train,
        long eval,
        List<LeftOut> left,
        int maxLength,
        Lengths prompt,
        Lengths answer,
        Lengths total,
        CutRows cut,
        Ends ends,
        SortedMap<Integer, Long> bos,
        SortedMap<Integer, Long> eos,
        Repeats repeats,
        Optional<Answers> answers,
        Optional<Rankings> rankings,
        Optional<Labels> labels,
        Optional<Steps> steps,
        Optional<Drawn> drawn,
        List<String> refusals,
        List<String> notes) {

    /**
     * Rows left out for one reason.
     *
     * @param reason a name such as {@code boundary_merge}
     * @param rows how many
     * @param asked whether the settings ask for it: then it is no fault
     * @param remedy what to do about it, as a sentence
     * @param examples the first of them, with file and line
     */
    public record LeftOut(String reason, long rows, boolean asked, String remedy, List<String> examples) {}

    /**
     * Lengths in tokens.
     *
     * @param mean their mean
     * @param min the smallest
     * @param p50 the median
     * @param p90 90 % keep within it
     * @param p99 99 % keep within it
     * @param p995 99.5 % keep within it
     * @param max the largest
     * @param histogram by powers of two: upper bound, included, to count
     */
    public record Lengths(
            double mean, int min, int p50, int p90, int p99, int p995, int max, SortedMap<Integer, Long> histogram) {}

    /**
     * What the length limit took away from rows that were kept.
     *
     * @param rows rows that lost anything
     * @param answers rows that lost a part of an answer
     * @param promptTokens tokens lost from prompts
     * @param answerTokens tokens lost from answers
     */
    public record CutRows(long rows, long answers, long promptTokens, long answerTokens) {}

    /**
     * The tokens that end the answers.
     *
     * @param conversations rows that a chat template rendered
     * @param unstopped of them, those whose last target is no special token: from them a model learns not to stop
     * @param stopped share of all rows whose last target is a special token, 0 to 1
     * @param last the most frequent last targets, spelled, with their counts
     */
    public record Ends(long conversations, long unstopped, double stopped, Map<String, Long> last) {}

    /**
     * Rows that say what an earlier one says.
     *
     * @param rows how many
     * @param exact false if there were too many rows to remember, and the number is an estimate
     */
    public record Repeats(long rows, boolean exact) {}

    /**
     * How the two answers of pairs compare.
     *
     * @param chosenMean mean length of the preferred answers, in tokens
     * @param rejectedMean mean length of the others
     * @param chosenLonger share of pairs whose preferred answer is the longer one; equal lengths count one half
     */
    public record Answers(double chosenMean, double rejectedMean, double chosenLonger) {}

    /**
     * What rankings compare.
     *
     * @param rankings how many there are
     * @param pairs pairs of answers of which one is better, those of rows that are pairs among them
     * @param ties pairs of answers that are equally good
     */
    public record Rankings(long rankings, long pairs, long ties) {}

    /**
     * How answers were judged.
     *
     * @param desirable how many were found good
     * @param undesirable how many were found bad
     */
    public record Labels(long desirable, long undesirable) {
        /**
         * Whether the good ones weigh as much as the bad ones in all, or up to a third more, where each weighs 1.
         *
         * @return true if no weights are called for
         */
        public boolean isBalanced() {
            return desirable >= undesirable && 3 * desirable <= 4 * undesirable;
        }

        /**
         * Weights of both classes, of which the smaller class's is raised and the other is 1.
         *
         * @param quotient how much the good ones are to weigh in all, as a multiple of what the bad ones weigh
         * @return the weights
         */
        public Weights weights(double quotient) {
            return desirable > undesirable
                    ? new Weights(1, desirable / (quotient * undesirable))
                    : new Weights(quotient * undesirable / desirable, 1);
        }
    }

    /**
     * What is known of the steps of solutions.
     *
     * @param good steps with a label of 0.5 or more
     * @param bad steps with a label below that
     * @param unlabelled steps without a label, or with one that is not used
     * @param merged solutions that had more steps than are allowed, of all that were read
     */
    public record Steps(long good, long bad, long unlabelled, long merged) {}

    /**
     * What a row counts in the loss.
     *
     * @param desirable a good answer
     * @param undesirable a bad one
     */
    public record Weights(double desirable, double undesirable) {}

    /**
     * A row as text.
     *
     * @param id where it came from
     * @param text its text with targets in double brackets; a pair gives its preferred answer first
     * @param lastTarget the last target, spelled
     */
    public record Drawn(RowId id, String text, String lastTarget) {}

    /** Copies the lists. */
    public Preflight {
        shapes = List.copyOf(shapes);
        left = List.copyOf(left);
        refusals = List.copyOf(refusals);
        notes = List.copyOf(notes);
    }

    /** The same with other words about it. */
    Preflight saying(List<LeftOut> reasons, List<String> refused, List<String> noted) {
        return new Preflight(
                shapes, read, train, eval, reasons, maxLength, prompt, answer, total, cut, ends, bos, eos, repeats,
                answers, rankings, labels, steps, drawn, refused, noted);
    }

    /** The same for rows whose settings stand under another key than {@code data}. */
    Preflight under(String key) {
        UnaryOperator<String> named = text -> DataConfig.under(key, text);
        List<LeftOut> reasons = left.stream()
                .map(one ->
                        new LeftOut(one.reason(), one.rows(), one.asked(), named.apply(one.remedy()), one.examples()))
                .toList();
        return saying(
                reasons,
                refusals.stream().map(named).toList(),
                notes.stream().map(named).toList());
    }

    /**
     * Refuses data that are surely wrong.
     *
     * @throws PlumbException with all reasons, if there are any
     */
    public void requireSound() {
        if (!refusals.isEmpty()) {
            throw new PlumbException(String.join(System.lineSeparator(), refusals));
        }
    }

    /**
     * The report for people.
     *
     * @return a block of lines
     */
    public String text() {
        return PreflightText.of(this);
    }

    /**
     * The report for programs.
     *
     * @return a JSON object, keys in snake case
     */
    public String json() {
        return PreflightJson.of(this);
    }
}
