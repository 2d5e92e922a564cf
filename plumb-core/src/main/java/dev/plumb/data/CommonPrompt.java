package dev.plumb.data;

import dev.plumb.text.Message;
import java.util.List;

/** Finds the prompt that two answers begin with when the file has no prompt of its own. */
final class CommonPrompt {
    private CommonPrompt() {}

    /**
     * The number of characters that are the prompt: those that both answers begin with, as TRL's {@code extract_prompt} has it
     * (a space before the first difference goes to the answers). Other than there, a word is not cut in two, and neither answer
     * is left empty: the cut then moves back to white space if there is any.
     */
    static int length(String chosen, String rejected) {
        int shorter = Math.min(chosen.length(), rejected.length());
        int cut = 0;
        while (cut < shorter && chosen.charAt(cut) == rejected.charAt(cut)) {
            cut++;
        }
        if (cut > 0 && chosen.charAt(cut - 1) == ' ') {
            return cut - 1;
        }
        if (cut > 0 && Character.isHighSurrogate(chosen.charAt(cut - 1))) {
            cut--;
        }
        if (cut == shorter || isInsideWord(chosen, cut) || isInsideWord(rejected, cut)) {
            for (int space = cut - 1; space >= 0; space--) {
                if (Character.isWhitespace(chosen.charAt(space))) {
                    return chosen.charAt(space) == ' ' ? space : space + 1;
                }
            }
        }
        return cut;
    }

    /** The number of turns that both answers begin with. */
    static int length(List<Message> chosen, List<Message> rejected) {
        int shorter = Math.min(chosen.size(), rejected.size());
        int cut = 0;
        while (cut < shorter && chosen.get(cut).equals(rejected.get(cut))) {
            cut++;
        }
        return cut;
    }

    private static boolean isInsideWord(String text, int at) {
        return at > 0 && at < text.length() && isLetter(text.codePointBefore(at)) && isLetter(text.codePointAt(at));
    }

    private static boolean isLetter(int character) {
        return Character.isLetterOrDigit(character) && !Character.isIdeographic(character);
    }
}
