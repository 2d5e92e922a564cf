package dev.plumb.data;

import java.util.ArrayList;
import java.util.List;

/**
 * Cuts a text into steps. A run of separators cuts once; what has neither letter nor digit stays with the step before it;
 * blocks fenced by ``` and formulas between $$ are never cut inside; beyond the most steps the rest stays with the last.
 */
final class StepCut {
    private static final List<String> FENCES = List.of("```", "$$");

    private final String separator;
    private final int most;

    StepCut(String separator, int most) {
        this.separator = separator;
        this.most = most;
    }

    /**
     * What a text was cut into.
     *
     * @param steps at least one unless the text says nothing
     * @param merged whether there would have been more
     */
    record Cut(List<String> steps, boolean merged) {}

    Cut of(String text) {
        List<String> steps = new ArrayList<>();
        String lead = ""; // what says nothing and has no step before it
        for (String piece : pieces(text)) {
            if (piece.isBlank()) {
                continue;
            }
            if (piece.codePoints().noneMatch(Character::isLetterOrDigit)) {
                if (steps.isEmpty()) {
                    lead += piece + separator;
                } else {
                    append(steps, piece);
                }
            } else {
                steps.add(lead + piece);
                lead = "";
            }
        }
        if (!lead.isEmpty()) {
            steps.add(lead.substring(0, lead.length() - separator.length()));
        }
        boolean merged = steps.size() > most;
        while (steps.size() > most) {
            String tail = steps.remove(most);
            append(steps.subList(0, most), tail);
        }
        return new Cut(List.copyOf(steps), merged);
    }

    private void append(List<String> steps, String more) {
        int last = steps.size() - 1;
        steps.set(last, steps.get(last) + separator + more);
    }

    /** The pieces between separators that stand outside of all fences; a fence that is never closed fences nothing. */
    private List<String> pieces(String text) {
        List<String> pieces = new ArrayList<>();
        int start = 0;
        int at = 0;
        while (at < text.length()) {
            int after = fenced(text, at);
            if (after > at) {
                at = after;
            } else if (text.startsWith(separator, at)) {
                pieces.add(text.substring(start, at));
                at += separator.length();
                start = at;
            } else {
                at++;
            }
        }
        pieces.add(text.substring(start));
        return pieces;
    }

    /** The end of the block that begins here; the place itself if none does. */
    private static int fenced(String text, int at) {
        for (String fence : FENCES) {
            if (text.startsWith(fence, at)) {
                int close = text.indexOf(fence, at + fence.length());
                return close < 0 ? at : close + fence.length();
            }
        }
        return at;
    }
}
