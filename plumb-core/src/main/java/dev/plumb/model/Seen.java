package dev.plumb.model;

import java.util.BitSet;

/** The tokens that a sequence holds, prompt and completion, for the repetition penalty. */
final class Seen {
    private final BitSet tokens = new BitSet();

    private Seen() {}

    static Seen nothing() {
        return new Seen();
    }

    static Seen of(int[] prompt) {
        Seen seen = new Seen();
        for (int id : prompt) {
            seen.add(id);
        }
        return seen;
    }

    void add(int id) {
        tokens.set(id);
    }

    /** Makes what was seen less probable: logits above 0 are divided, others multiplied, each once. */
    void penalise(float[] logits, int start, double penalty) {
        for (int id = tokens.nextSetBit(0); id >= 0; id = tokens.nextSetBit(id + 1)) {
            float logit = logits[start + id];
            logits[start + id] = (float) (logit > 0 ? logit / penalty : logit * penalty);
        }
    }
}
