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

    StepCut(StepFormat format) {
        this.separator = format.stepSeparator();
        this.most = format.maxSolutionSteps();
    }

    /** A part of the text between two separators. */
    private record Piece(int start, String text) {}

    StepTokenizer.Cut of(String text) {
        List<String> steps = new ArrayList<>();
        List<Integer> starts = new ArrayList<>(); // where each step begins that follows another
        String lead = ""; // what says nothing and has no step before it
        List<Piece> pieces = pieces(text);
        for (Piece piece : pieces) {
            if (piece.text().isBlank()) {
                continue;
            }
            if (piece.text().codePoints().noneMatch(Character::isLetterOrDigit)) {
                if (steps.isEmpty()) {
                    lead += piece.text() + separator;
                } else {
                    append(steps, piece.text());
                }
            } else {
                if (!steps.isEmpty()) {
                    starts.add(piece.start());
                }
                steps.add(lead + piece.text());
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
        int[] ends = new int[steps.size()];
        for (int j = 0; j < ends.length; j++) {
            ends[j] = j == ends.length - 1 ? text.length() : starts.get(j);
        }
        boolean closed = pieces.get(pieces.size() - 1).text().isBlank();
        return new StepTokenizer.Cut(List.copyOf(steps), ends, merged, closed);
    }

    private void append(List<String> steps, String more) {
        int last = steps.size() - 1;
        steps.set(last, steps.get(last) + separator + more);
    }

    /** The pieces between separators that stand outside of all fences; a fence that is never closed fences nothing. */
    private List<Piece> pieces(String text) {
        List<Piece> pieces = new ArrayList<>();
        int start = 0;
        int at = 0;
        while (at < text.length()) {
            int after = fenced(text, at);
            if (after > at) {
                at = after;
            } else if (text.startsWith(separator, at)) {
                pieces.add(new Piece(start, text.substring(start, at)));
                at += separator.length();
                start = at;
            } else {
                at++;
            }
        }
        pieces.add(new Piece(start, text.substring(start)));
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
