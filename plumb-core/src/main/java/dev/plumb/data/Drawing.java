package dev.plumb.data;

import dev.plumb.text.Tokenizer;
import java.util.Arrays;
import java.util.stream.Collectors;

/** Draws a row as text with its targets marked. */
final class Drawing {
    private static final String OPEN = "[[";
    private static final String CLOSE = "]]";
    private static final int LONGEST = 2_000;

    private Drawing() {}

    /**
     * Draws a row.
     *
     * @param tokenizer spells the tokens
     * @param id where the row came from
     * @param example its tokens
     * @return the text; of several answers the prompt with the first, and the others on lines of their own
     */
    static Preflight.Drawn of(Tokenizer tokenizer, RowId id, Example example) {
        if (example instanceof TokenPair pair) {
            String chosen = marked(tokenizer, answered(pair.prompt(), pair.chosen()));
            String rejected = marked(tokenizer, answered(pair.prompt(), pair.rejected()));
            String other = rejected.substring(Math.max(0, rejected.indexOf(OPEN, prefix(tokenizer, pair.prompt()))));
            int last = pair.chosen()[pair.chosen().length - 1];
            return new Preflight.Drawn(
                    id,
                    shortened(chosen) + (pair.judgement().tie() ? "\nas good: " : "\nrejected: ") + shortened(other),
                    tokenizer.token(last));
        }
        if (example instanceof TokenRanked ranked) {
            return ranked(tokenizer, id, ranked);
        }
        if (example instanceof TokenBelief belief) {
            Preflight.Drawn pair = of(tokenizer, id, belief.spoken());
            return new Preflight.Drawn(id, pair.text() + "\nbelief " + belief.belief(), pair.lastTarget());
        }
        if (example instanceof TokenJudged judged) {
            int[] answer = judged.completion();
            return new Preflight.Drawn(
                    id,
                    shortened(marked(tokenizer, answered(judged.prompt(), answer)))
                            + (judged.desirable() ? "\njudged good" : "\njudged bad"),
                    tokenizer.token(answer[answer.length - 1]));
        }
        if (example instanceof TokenPrompt prompt) {
            int[] ids = prompt.prompt();
            String text = tokenizer.decode(ids) + OPEN + CLOSE;
            return new Preflight.Drawn(
                    id, shortened(text) + "\nrow: " + shortened(prompt.row()), tokenizer.token(ids[ids.length - 1]));
        }
        if (example instanceof TokenSteps steps) {
            return new Preflight.Drawn(
                    id,
                    shortened(marked(tokenizer, ended(steps))) + "\nlabels of the steps: " + labels(steps),
                    tokenizer.token(steps.completion()[steps.ends()[steps.ends().length - 1]]));
        }
        TokenSequence sequence = (TokenSequence) example;
        return new Preflight.Drawn(
                id, shortened(marked(tokenizer, sequence)), tokenizer.token(sequence.ids()[sequence.lastTrained()]));
    }

    private static Preflight.Drawn ranked(Tokenizer tokenizer, RowId id, TokenRanked ranked) {
        StringBuilder text = new StringBuilder();
        int[] prompt = ranked.prompt();
        for (int i = 0; i < ranked.ranks().length; i++) {
            String whole =
                    marked(tokenizer, answered(prompt, ranked.completions().get(i)));
            String answer = whole.substring(Math.max(0, whole.indexOf(OPEN, prefix(tokenizer, prompt))));
            text.append(i == 0 ? shortened(whole) + "\nthat has rank " : "\nrank ")
                    .append(ranked.ranks()[i]);
            text.append(i == 0 ? "" : ": " + shortened(answer));
        }
        int[] first = ranked.completions().get(0);
        return new Preflight.Drawn(id, text.toString(), tokenizer.token(first[first.length - 1]));
    }

    /**
     * The text of a sequence with its targets in double brackets.
     *
     * @param tokenizer spells the tokens
     * @param sequence the tokens
     * @return the text
     */
    static String marked(Tokenizer tokenizer, TokenSequence sequence) {
        int[] ids = sequence.ids();
        StringBuilder text = new StringBuilder();
        for (int start = 0, end; start < ids.length; start = end) {
            boolean target = sequence.trained()[start];
            end = start;
            while (end < ids.length && sequence.trained()[end] == target) {
                end++;
            }
            String piece = piece(tokenizer, ids, start, end);
            text.append(target ? OPEN + piece + CLOSE : piece);
        }
        return text.toString();
    }

    /** Decoding a piece by itself may lose its leading space, so what it adds to the text before it is taken. */
    private static String piece(Tokenizer tokenizer, int[] ids, int start, int end) {
        String before = tokenizer.decode(Arrays.copyOf(ids, start));
        String with = tokenizer.decode(Arrays.copyOf(ids, end));
        return with.startsWith(before)
                ? with.substring(before.length())
                : tokenizer.decode(Arrays.copyOfRange(ids, start, end));
    }

    private static int prefix(Tokenizer tokenizer, int[] prompt) {
        return Math.max(0, tokenizer.decode(prompt).length() - 1);
    }

    private static TokenSequence ended(TokenSteps steps) {
        int[] ids = answered(steps.prompt(), steps.completion()).ids();
        boolean[] ends = new boolean[ids.length];
        for (int end : steps.ends()) {
            ends[steps.prompt().length + end] = true;
        }
        return new TokenSequence(ids, ends);
    }

    private static String labels(TokenSteps steps) {
        return Arrays.stream(steps.labels())
                .mapToObj(label -> Double.isNaN(label) ? "-" : Double.toString(label))
                .collect(Collectors.joining(" "));
    }

    private static TokenSequence answered(int[] prompt, int[] answer) {
        int[] ids = Arrays.copyOf(prompt, prompt.length + answer.length);
        System.arraycopy(answer, 0, ids, prompt.length, answer.length);
        boolean[] trained = new boolean[ids.length];
        Arrays.fill(trained, prompt.length, ids.length, true);
        return new TokenSequence(ids, trained);
    }

    private static String shortened(String text) {
        return text.length() <= LONGEST
                ? text
                : text.substring(0, LONGEST / 2) + " [... " + (text.length() - LONGEST) + " characters ...] "
                        + text.substring(text.length() - LONGEST / 2);
    }
}
