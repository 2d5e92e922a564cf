package dev.plumb.data;

import java.util.Arrays;
import java.util.OptionalInt;

/**
 * Brings rows under a length. What is taken away is counted; an answer loses tokens only under {@code keep_start}, and only
 * at its end.
 */
final class LengthLimit {
    private final int maxLength;
    private final Truncation truncation;
    private final OptionalInt bos;

    /**
     * A limit.
     *
     * @param maxLength in tokens
     * @param truncation what becomes of longer rows
     * @param bos the token that stays in front when a start is cut off
     */
    LengthLimit(int maxLength, Truncation truncation, OptionalInt bos) {
        this.maxLength = maxLength;
        this.truncation = truncation;
        this.bos = bos;
    }

    int maxLength() {
        return maxLength;
    }

    /**
     * Fits a sequence.
     *
     * @param row the sequence
     * @param prompt how many tokens its prompt has, 0 if none is set apart
     * @param conversation handed on
     * @return the row within the limit
     * @throws UnfitRowException if it is too long and may not be cut, or nothing to learn would be left
     */
    EncodedRow.Kept fit(TokenSequence row, int prompt, boolean conversation) throws UnfitRowException {
        int length = row.ids().length;
        if (length <= maxLength) {
            return new EncodedRow.Kept(row, conversation, EncodedRow.Cut.NONE);
        }
        TokenSequence fitted;
        if (truncation == Truncation.KEEP_START) {
            fitted = new TokenSequence(Arrays.copyOf(row.ids(), maxLength), Arrays.copyOf(row.trained(), maxLength));
        } else if (truncation == Truncation.KEEP_END
                && (prompt == 0 || length - prompt + kept(row.ids()) < maxLength)) {
            fitted = keepEnd(row);
        } else {
            throw tooLong(length, prompt, length - prompt);
        }
        int answer = row.trainedTokens() - fitted.trainedTokens();
        if (fitted.trainedTokens() == 0) {
            throw new UnfitRowException(
                    EncodingFault.NOTHING_TRAINED,
                    "its first target lies behind the first " + maxLength + " of its " + length + " tokens");
        }
        return new EncodedRow.Kept(
                fitted, conversation, new EncodedRow.Cut(length - fitted.ids().length - answer, answer));
    }

    /**
     * Fits a pair: its prompt with the longer answer.
     *
     * @param row the pair
     * @param conversation handed on
     * @return the row within the limit
     * @throws UnfitRowException if it is too long and may not be cut, or nothing to prefer would be left
     */
    EncodedRow.Kept fit(TokenPair row, boolean conversation) throws UnfitRowException {
        if (row.longest() <= maxLength) {
            return new EncodedRow.Kept(row, conversation, EncodedRow.Cut.NONE);
        }
        int[] prompt = row.prompt();
        int answers = Math.max(row.chosen().length, row.rejected().length);
        int room = maxLength - answers;
        if (truncation == Truncation.KEEP_END && room > kept(prompt)) {
            int[] shorter = keepEnd(prompt, room);
            return new EncodedRow.Kept(
                    new TokenPair(shorter, row.chosen(), row.rejected(), row.judgement()),
                    conversation,
                    new EncodedRow.Cut(prompt.length - shorter.length, 0));
        }
        if (truncation != Truncation.KEEP_START || prompt.length >= maxLength) {
            throw tooLong(row.longest(), prompt.length, answers);
        }
        int left = maxLength - prompt.length;
        TokenPair fitted =
                new TokenPair(prompt, start(row.chosen(), left), start(row.rejected(), left), row.judgement());
        if (Arrays.equals(fitted.chosen(), fitted.rejected())) {
            throw new UnfitRowException(
                    EncodingFault.SAME_TOKENS,
                    "chosen and rejected are the same up to the limit of " + maxLength + " tokens");
        }
        return new EncodedRow.Kept(fitted, conversation, new EncodedRow.Cut(0, row.tokens() - fitted.tokens()));
    }

    /**
     * Fits a ranking: its prompt with the longest answer.
     *
     * @param row the ranking
     * @param conversation handed on
     * @return the row within the limit
     * @throws UnfitRowException if it is too long and may not be cut, or one answer would have two ranks
     */
    EncodedRow.Kept fit(TokenRanked row, boolean conversation) throws UnfitRowException {
        if (row.longest() <= maxLength) {
            return new EncodedRow.Kept(row, conversation, EncodedRow.Cut.NONE);
        }
        int[] prompt = row.prompt();
        int answers = row.longest() - prompt.length;
        int room = maxLength - answers;
        if (truncation == Truncation.KEEP_END && room > kept(prompt)) {
            int[] shorter = keepEnd(prompt, room);
            return new EncodedRow.Kept(
                    new TokenRanked(shorter, row.completions(), row.ranks()),
                    conversation,
                    new EncodedRow.Cut(prompt.length - shorter.length, 0));
        }
        if (truncation != Truncation.KEEP_START || prompt.length >= maxLength) {
            throw tooLong(row.longest(), prompt.length, answers);
        }
        int left = maxLength - prompt.length;
        TokenRanked fitted = new TokenRanked(
                prompt, row.completions().stream().map(ids -> start(ids, left)).toList(), row.ranks());
        if (fitted.contradictsItself()) {
            throw new UnfitRowException(
                    EncodingFault.SAME_TOKENS,
                    "two answers of different ranks are the same up to the limit of " + maxLength + " tokens");
        }
        return new EncodedRow.Kept(fitted, conversation, new EncodedRow.Cut(0, row.tokens() - fitted.tokens()));
    }

    /**
     * Fits a judged answer with its prompt.
     *
     * @param row the answer
     * @param conversation handed on
     * @return the row within the limit
     * @throws UnfitRowException if it is too long and may not be cut
     */
    EncodedRow.Kept fit(TokenJudged row, boolean conversation) throws UnfitRowException {
        int[] prompt = row.prompt();
        int[] answer = row.completion();
        int over = row.tokens() - maxLength;
        if (over <= 0) {
            return new EncodedRow.Kept(row, conversation, EncodedRow.Cut.NONE);
        }
        int room = maxLength - answer.length;
        if (truncation == Truncation.KEEP_END && room > kept(prompt)) {
            return new EncodedRow.Kept(
                    new TokenJudged(keepEnd(prompt, room), answer, row.desirable()),
                    conversation,
                    new EncodedRow.Cut(over, 0));
        }
        if (truncation != Truncation.KEEP_START || prompt.length >= maxLength) {
            throw tooLong(row.tokens(), prompt.length, answer.length);
        }
        int[] start = start(answer, maxLength - prompt.length);
        return new EncodedRow.Kept(
                new TokenJudged(prompt, start, row.desirable()), conversation, new EncodedRow.Cut(0, over));
    }

    /**
     * Fits a prompt; it loses tokens only under {@code keep_end}, at its start.
     *
     * @param row the prompt
     * @param conversation handed on
     * @return the row within the limit
     * @throws UnfitRowException if it is too long and may not be cut
     */
    EncodedRow.Kept fit(TokenPrompt row, boolean conversation) throws UnfitRowException {
        int length = row.tokens();
        if (length <= maxLength) {
            return new EncodedRow.Kept(row, conversation, EncodedRow.Cut.NONE);
        }
        if (truncation != Truncation.KEEP_END) {
            throw tooLong(length, 0, 0);
        }
        return new EncodedRow.Kept(
                new TokenPrompt(keepEnd(row.prompt(), maxLength), row.row()),
                conversation,
                new EncodedRow.Cut(length - maxLength, 0));
    }

    /**
     * Fits a solution with its prompt. A step whose end is cut off loses its label.
     *
     * @param row the solution
     * @param conversation handed on
     * @return the row within the limit
     * @throws UnfitRowException if it is too long and may not be cut, or no step would be left whole
     */
    EncodedRow.Kept fit(TokenSteps row, boolean conversation) throws UnfitRowException {
        int[] prompt = row.prompt();
        int over = row.tokens() - maxLength;
        if (over <= 0) {
            return new EncodedRow.Kept(row, conversation, EncodedRow.Cut.NONE);
        }
        int room = maxLength - row.completion().length;
        if (truncation == Truncation.KEEP_END && room > kept(prompt)) {
            return new EncodedRow.Kept(
                    new TokenSteps(keepEnd(prompt, room), row.completion(), row.ends(), row.labels()),
                    conversation,
                    new EncodedRow.Cut(over, 0));
        }
        int left = maxLength - prompt.length;
        int steps = (int) Arrays.stream(row.ends()).filter(end -> end < left).count();
        if (truncation != Truncation.KEEP_START || steps == 0) {
            throw tooLong(row.tokens(), prompt.length, row.completion().length);
        }
        int end = row.ends()[steps - 1] + 1;
        return new EncodedRow.Kept(
                new TokenSteps(
                        prompt,
                        start(row.completion(), end),
                        Arrays.copyOf(row.ends(), steps),
                        Arrays.copyOf(row.labels(), steps)),
                conversation,
                new EncodedRow.Cut(0, row.completion().length - end));
    }

    private TokenSequence keepEnd(TokenSequence row) {
        int from = row.ids().length - maxLength;
        boolean[] trained = Arrays.copyOfRange(row.trained(), from, row.trained().length);
        trained[0] = false;
        return new TokenSequence(keepEnd(row.ids(), maxLength), trained);
    }

    private int[] keepEnd(int[] ids, int length) {
        int[] end = Arrays.copyOfRange(ids, ids.length - length, ids.length);
        if (kept(ids) > 0) {
            end[0] = ids[0];
        }
        return end;
    }

    private int kept(int[] ids) {
        return bos.isPresent() && ids[0] == bos.getAsInt() ? 1 : 0;
    }

    private static int[] start(int[] ids, int length) {
        return ids.length <= length ? ids : Arrays.copyOf(ids, length);
    }

    private UnfitRowException tooLong(int length, int prompt, int answer) {
        String parts = prompt > 0 ? " (prompt " + prompt + ", answer " + answer + ")" : "";
        return new UnfitRowException(
                EncodingFault.TOO_LONG, length + " tokens" + parts + ", where " + maxLength + " are the limit");
    }
}
