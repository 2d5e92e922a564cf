package dev.plumb.model;

import java.util.List;

/**
 * Generates completions on the weights that are being trained: no copy, no second engine. Prompts are prefilled packed, each
 * once however many completions it gets; each sequence holds a slot of the cache, a finished one leaves and a waiting one
 * takes its slot.
 *
 * <p>The random numbers of a sequence follow from the seed, its prompt's number and its own alone. Its logits are the same to
 * some 10⁻⁵ whatever is generated beside it, but not to the last bit, as products of matrices of other heights add in another
 * order. A draw hardly minds: it changes only where two tokens are equal to that precision, with about that probability a
 * token. With the same request, slots, threads and machine every bit is the same. Models whose rotary frequencies follow
 * the longest sequence (dynamic scaling beyond the original context) see their company, as they do elsewhere.
 */
public final class Generator {
    private final Decoder decoder;
    private final int slots;

    /**
     * A generator.
     *
     * @param decoder the model
     * @param slots how many sequences at a time
     */
    public Generator(Decoder decoder, int slots) {
        if (slots < 1) {
            throw new IllegalArgumentException("at least one sequence at a time");
        }
        this.decoder = decoder;
        this.slots = slots;
    }

    /**
     * What is to be completed.
     *
     * @param prompts token ids, none empty
     * @param first number of the first prompt, from which the draws follow; the others count on
     * @param samples completions of each prompt
     */
    public record Request(List<int[]> prompts, long first, int samples) {
        /** Copies the list. */
        public Request {
            prompts = List.copyOf(prompts);
            if (samples < 1) {
                throw new IllegalArgumentException("num_generations must be at least 1, not " + samples);
            }
            if (prompts.stream().anyMatch(ids -> ids.length == 0)) {
                throw new IllegalArgumentException("a prompt needs at least one token");
            }
        }

        int sequences() {
            return Math.multiplyExact(prompts.size(), samples);
        }
    }

    /**
     * One completion.
     *
     * @param ids its tokens, a stop token included
     * @param logps the log-probability of each in the model's whole distribution at the temperature (at 1 if greedy), before
     *     any penalty or truncation: what a trainer computes
     * @param samplingLogps the log-probability with which each was drawn: after the penalty, among the tokens that truncation
     *     left; 0 if greedy
     * @param stopped whether it ended by itself, and not by the length limit
     */
    public record Completion(int[] ids, double[] logps, double[] samplingLogps, boolean stopped) {}

    /** Follows the tokens of all sequences as they come, and may end one. */
    @FunctionalInterface
    public interface Watcher {
        /** Watches nothing. */
        Watcher NONE = (sequence, token) -> false;

        /**
         * A token was drawn.
         *
         * @param sequence which completion of the request it belongs to, in the order of the result
         * @param token its id
         * @return whether the completion ends with it; one that has drawn a stop token ends in any case
         */
        boolean ends(int sequence, int token);
    }

    /**
     * Completes prompts, each once.
     *
     * @param prompts token ids, none empty
     * @param sampling how to draw
     * @return a completion a prompt, in their order
     */
    public List<Completion> generate(List<int[]> prompts, Sampling sampling) {
        return generate(new Request(prompts, 0, 1), sampling, Watcher.NONE);
    }

    /**
     * Completes prompts.
     *
     * @param request what is to be completed
     * @param sampling how to draw
     * @param watcher learns of each token at once
     * @return all completions of the first prompt, all of the second and so on
     */
    public List<Completion> generate(Request request, Sampling sampling, Watcher watcher) {
        if (request.prompts().isEmpty()) {
            return List.of();
        }
        try (Generation generation = new Generation(decoder, slots, request, sampling, watcher)) {
            return generation.run();
        }
    }
}
