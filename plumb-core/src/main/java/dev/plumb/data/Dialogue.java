package dev.plumb.data;

import java.util.Arrays;

/**
 * A row's text as tokens, all that a mask can be made from.
 *
 * @param ids token ids of prompt and answer, {@code [time]}
 * @param spoken whether the assistant said it, with the token that closes a turn; of plain text, whether it belongs to the
 *     completion; {@code [time]}
 * @param prompt how many tokens the prompt has, 0 if the row does not set one apart
 * @param conversation whether a chat template rendered it
 */
record Dialogue(int[] ids, boolean[] spoken, int prompt, boolean conversation) {
    /** The same behind an opening token, unless it begins with that one. */
    Dialogue openedBy(int id) {
        if (ids.length > 0 && ids[0] == id) {
            return this;
        }
        int[] longer = new int[ids.length + 1];
        boolean[] longerSpoken = new boolean[ids.length + 1];
        longer[0] = id;
        System.arraycopy(ids, 0, longer, 1, ids.length);
        System.arraycopy(spoken, 0, longerSpoken, 1, ids.length);
        return new Dialogue(longer, longerSpoken, prompt == 0 ? 0 : prompt + 1, conversation);
    }

    /** The same before a closing token, which is spoken too, unless it ends in that one. */
    Dialogue closedBy(int id) {
        if (ids.length > 0 && ids[ids.length - 1] == id) {
            return this;
        }
        int[] longer = Arrays.copyOf(ids, ids.length + 1);
        boolean[] longerSpoken = Arrays.copyOf(spoken, ids.length + 1);
        longer[ids.length] = id;
        longerSpoken[ids.length] = true;
        return new Dialogue(longer, longerSpoken, prompt, conversation);
    }

    /** The tokens up to the last spoken one: what stands after it is never predicted nor read. */
    Dialogue upToLastSpoken() {
        int end = ids.length;
        while (end > prompt && !spoken[end - 1]) {
            end--;
        }
        return new Dialogue(Arrays.copyOf(ids, end), Arrays.copyOf(spoken, end), prompt, conversation);
    }

    int[] promptIds() {
        return Arrays.copyOf(ids, prompt);
    }

    int[] answerIds() {
        return Arrays.copyOfRange(ids, prompt, ids.length);
    }

    /**
     * The sequence with its targets.
     *
     * @param trainOn which tokens are to be learnt
     * @return the tokens up to the last target
     * @throws UnfitRowException if there is no target
     */
    TokenSequence sequence(TrainOn trainOn) throws UnfitRowException {
        boolean[] trained = new boolean[ids.length];
        int first = switch (trainOn) {
            case ALL, ASSISTANT -> 0;
            case AUTO -> prompt;
            case COMPLETION -> prompt > 0 || !conversation ? prompt : lastTurn();
        };
        int end = 0;
        for (int i = Math.max(1, first); i < ids.length; i++) {
            trained[i] = trainOn == TrainOn.ALL || spoken[i];
            end = trained[i] ? i + 1 : end;
        }
        if (end == 0) {
            throw new UnfitRowException(EncodingFault.NOTHING_TRAINED, "no token of the row is a target");
        }
        return new TokenSequence(Arrays.copyOf(ids, end), Arrays.copyOf(trained, end));
    }

    private int lastTurn() {
        int at = ids.length;
        while (at > 0 && !spoken[at - 1]) {
            at--;
        }
        while (at > 0 && spoken[at - 1]) {
            at--;
        }
        return at;
    }
}
