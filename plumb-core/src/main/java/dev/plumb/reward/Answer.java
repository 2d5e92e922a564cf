package dev.plumb.reward;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The final answer in a completion.
 *
 * <p>On the text after the last {@code </think>}: the last {@code <answer>…</answer>}, in it a box or a number after {@code ####},
 * else its content; else the last complete {@code \boxed{…}}; else the last {@code #### number}; else what follows "final answer
 * is" or "the answer is". The original scorer of GSM8K takes the first {@code ####}; here it is the last, since a model may repeat
 * examples first. Departure: a number after {@code ####} keeps a denominator and a percent sign.
 *
 * @param text the answer
 * @param source where it stood
 * @param severalBoxes whether there were boxes of different content, as when answers are guessed in bulk
 */
record Answer(String text, Source source, boolean severalBoxes) {
    private static final String BOX = "\\boxed";
    private static final String OPEN = "<answer>";
    private static final String CLOSE = "</answer>";
    private static final Pattern HASHES = Pattern.compile(
            "####[ \\t]*([-+]?)[ \\t]*\\$?[ \\t]*([-+]?)((?:\\d[\\d,]*)?(?:\\.?\\d+)(?:/\\d+)?\\\\?%?)");
    private static final Pattern PHRASE =
            Pattern.compile("(?:final|the) answer(?: is:?| ?:)|final answer is:?", Pattern.CASE_INSENSITIVE);
    private static final Pattern NUMBER = Pattern.compile("[-+]?(?:\\d[\\d,]*)?\\.?\\d+(?:/\\d+)?%?");
    private static final Pattern STOP = Pattern.compile("\\R|\\.(?=\\s|$)");

    /** Where an answer stood. */
    enum Source {
        ANSWER_TAG,
        BOXED_IN_ANSWER_TAG,
        HASHES_IN_ANSWER_TAG,
        BOXED,
        HASHES,
        PHRASE,
        PATTERN,
        LAST_NUMBER;

        String note() {
            return "source_" + name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * Finds the answer.
     *
     * @param completion all of it, with the thought
     * @param lenient whether the last number counts where nothing else does
     */
    static Optional<Answer> in(String completion, boolean lenient) {
        String text = Reasoning.answer(completion);
        int close = text.lastIndexOf(CLOSE);
        int open = close < 0 ? -1 : text.lastIndexOf(OPEN, close);
        if (open >= 0) {
            String inside = text.substring(open + OPEN.length(), close);
            return boxed(inside, Source.BOXED_IN_ANSWER_TAG)
                    .or(() -> hashes(inside, Source.HASHES_IN_ANSWER_TAG))
                    .or(() -> Optional.of(new Answer(inside.strip(), Source.ANSWER_TAG, false)));
        }
        return boxed(text, Source.BOXED)
                .or(() -> hashes(text, Source.HASHES))
                .or(() -> phrase(text))
                .or(() -> lenient ? lastNumber(text) : Optional.empty());
    }

    /**
     * The same, or the last match of a pattern if there is one.
     *
     * @param pattern what the answer looks like, if it is marked in an unusual way
     */
    static Optional<Answer> in(String completion, Optional<Pattern> pattern, boolean lenient) {
        return pattern.isPresent() ? matched(pattern.get(), completion) : in(completion, lenient);
    }

    /** The last match of a pattern, its first group if it has one. */
    static Optional<Answer> matched(Pattern pattern, String completion) {
        Matcher matcher = pattern.matcher(new InterruptibleText(Reasoning.answer(completion)));
        Optional<Answer> last = Optional.empty();
        while (matcher.find()) {
            String found = matcher.groupCount() > 0 ? matcher.group(1) : matcher.group();
            if (found != null) {
                last = Optional.of(new Answer(found.strip(), Source.PATTERN, false));
            }
        }
        return last;
    }

    private static Optional<Answer> boxed(String text, Source source) {
        List<String> boxes = new ArrayList<>();
        for (int at = text.indexOf(BOX); at >= 0; at = text.indexOf(BOX, at + BOX.length())) {
            int open = at + BOX.length();
            while (open < text.length() && text.charAt(open) == ' ') {
                open++;
            }
            if (open < text.length() && text.charAt(open) == '{') {
                int end = Braces.end(text, open);
                if (end < 0) {
                    continue; // never closed, an earlier one counts
                }
                boxes.add(text.substring(open + 1, end).strip());
            }
        }
        return boxes.isEmpty()
                ? Optional.empty()
                : Optional.of(new Answer(boxes.get(boxes.size() - 1), source, new HashSet<>(boxes).size() > 1));
    }

    private static Optional<Answer> hashes(String text, Source source) {
        Matcher matcher = HASHES.matcher(text);
        Optional<Answer> last = Optional.empty();
        while (matcher.find()) {
            String number =
                    matcher.group(1) + matcher.group(2) + matcher.group(3).replace(",", "");
            last = Optional.of(new Answer(number, source, false));
        }
        return last;
    }

    private static Optional<Answer> phrase(String text) {
        Matcher matcher = PHRASE.matcher(text);
        Optional<Answer> last = Optional.empty();
        while (matcher.find()) {
            String rest = text.substring(matcher.end());
            Matcher stop = STOP.matcher(rest);
            String answer = peel(stop.find() ? rest.substring(0, stop.start()) : rest);
            if (!answer.isEmpty()) {
                last = Optional.of(new Answer(answer, Source.PHRASE, false));
            }
        }
        return last;
    }

    private static Optional<Answer> lastNumber(String text) {
        Matcher matcher = NUMBER.matcher(text);
        Optional<Answer> last = Optional.empty();
        while (matcher.find()) {
            last = Optional.of(new Answer(matcher.group(), Source.LAST_NUMBER, false));
        }
        return last;
    }

    /** Without the marks of emphasis around it. */
    private static String peel(String text) {
        int start = 0;
        int end = text.length();
        while (start < end && (Character.isWhitespace(text.charAt(start)) || "*_`:".indexOf(text.charAt(start)) >= 0)) {
            start++;
        }
        while (start < end
                && (Character.isWhitespace(text.charAt(end - 1)) || "*_`".indexOf(text.charAt(end - 1)) >= 0)) {
            end--;
        }
        return text.substring(start, end);
    }
}
