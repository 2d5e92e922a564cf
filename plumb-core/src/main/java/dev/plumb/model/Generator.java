package dev.plumb.model;

import dev.plumb.tensor.DType;
import dev.plumb.tensor.Functional;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/**
 * Generates completions on the weights that are being trained: no copy, no second engine. Prompts are prefilled packed; each
 * sequence holds a slot of the cache, a finished one leaves and a waiting prompt takes its slot.
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
     * One completion.
     *
     * @param ids its tokens, a stop token included
     * @param logps the log-probability with which each was drawn
     * @param stopped whether it ended by a stop token, and not by the length limit
     */
    public record Completion(int[] ids, double[] logps, boolean stopped) {}

    /** Learns of tokens as they come. */
    @FunctionalInterface
    public interface Listener {
        /**
         * A token was drawn.
         *
         * @param prompt number of the prompt
         * @param token its id
         */
        void token(int prompt, int token);
    }

    private static final class Sequence {
        private final int prompt;
        private final Draw draw;
        private final int[] ids;
        private final double[] logps;
        private int made;
        private int position; // of the token that goes in next
        private boolean stopped;

        Sequence(int prompt, Sampling sampling, int position) {
            this.prompt = prompt;
            this.draw = new Draw(sampling, prompt);
            this.ids = new int[sampling.maxNewTokens()];
            this.logps = new double[ids.length];
            this.position = position;
        }

        boolean isDone() {
            return stopped || made == ids.length;
        }

        Completion completion() {
            return new Completion(Arrays.copyOf(ids, made), Arrays.copyOf(logps, made), stopped);
        }
    }

    /**
     * Completes prompts.
     *
     * @param prompts token ids, none empty
     * @param sampling how to draw
     * @return a completion a prompt, in their order
     */
    public List<Completion> generate(List<int[]> prompts, Sampling sampling) {
        return generate(prompts, sampling, (prompt, token) -> {});
    }

    /**
     * Completes prompts.
     *
     * @param prompts token ids, none empty
     * @param sampling how to draw
     * @param listener learns of each token at once
     * @return a completion a prompt, in their order
     */
    public List<Completion> generate(List<int[]> prompts, Sampling sampling, Listener listener) {
        int longest = prompts.stream().mapToInt(ids -> ids.length).max().orElse(0);
        Completion[] done = new Completion[prompts.size()];
        Deque<Integer> waiting = new ArrayDeque<>();
        for (int i = 0; i < prompts.size(); i++) {
            waiting.add(i);
        }
        List<Sequence> active = new ArrayList<>(); // the i-th holds slot i
        int used = Math.min(slots, prompts.size());
        try (NoGrad guard = NoGrad.open();
                Scope scope = Scope.open();
                KeyValueCache cache = new KeyValueCache(
                        decoder.architecture(),
                        decoder.weights().dtype(),
                        decoder.device(),
                        Math.max(used, 1),
                        longest + sampling.maxNewTokens())) {
            while (!waiting.isEmpty() || !active.isEmpty()) {
                List<Sequence> fresh = new ArrayList<>();
                while (active.size() + fresh.size() < used && !waiting.isEmpty()) {
                    int next = waiting.remove();
                    fresh.add(new Sequence(next, sampling, prompts.get(next).length));
                }
                if (!fresh.isEmpty()) {
                    prefill(cache, fresh, active.size(), prompts, sampling, listener);
                    active.addAll(fresh);
                } else {
                    extend(cache, active, sampling, listener);
                }
                retire(cache, active, done);
            }
        }
        return List.of(done);
    }

    private void prefill(
            KeyValueCache cache,
            List<Sequence> fresh,
            int firstSlot,
            List<int[]> prompts,
            Sampling sampling,
            Listener listener) {
        try (Scope scope = Scope.open()) {
            Layout layout = Layout.of(
                    fresh.stream().map(sequence -> prompts.get(sequence.prompt)).toList());
            int[] slotOf = new int[fresh.size()];
            int[] last = new int[fresh.size()];
            for (int i = 0; i < slotOf.length; i++) {
                slotOf[i] = firstSlot + i;
                Layout.Segment segment = layout.segments().get(i);
                last[i] = segment.start() + segment.length() - 1;
            }
            Tensor hidden = decoder.hidden(layout, cache.filling(layout, slotOf));
            draw(hidden.indexSelect(0, Tensor.of(last, decoder.device())), fresh, sampling, listener);
        }
    }

    private void extend(KeyValueCache cache, List<Sequence> active, Sampling sampling, Listener listener) {
        try (Scope scope = Scope.open()) {
            int n = active.size();
            int[] ids = new int[n];
            int[] positions = new int[n];
            List<Layout.Segment> segments = new ArrayList<>();
            for (int i = 0; i < n; i++) {
                Sequence sequence = active.get(i);
                ids[i] = sequence.ids[sequence.made - 1];
                positions[i] = sequence.position++;
                segments.add(new Layout.Segment(i, 1, -1));
            }
            Layout layout = new Layout(ids, positions, segments);
            draw(decoder.hidden(layout, cache.extending(positions)), active, sampling, listener);
        }
    }

    private void draw(Tensor hidden, List<Sequence> sequences, Sampling sampling, Listener listener) {
        Tensor logits = Functional.linear(hidden, decoder.head()).to(DType.FLOAT32);
        double cap = decoder.architecture().logitSoftcap();
        float[] flat = (cap > 0 ? logits.div(cap).tanh().mul(cap) : logits).toFloats();
        int vocabulary = (int) logits.size(1);
        for (int i = 0; i < sequences.size(); i++) {
            Sequence sequence = sequences.get(i);
            Draw.Token token = sequence.draw.next(flat, i * vocabulary, vocabulary);
            sequence.ids[sequence.made] = token.id();
            sequence.logps[sequence.made] = token.logp();
            sequence.made++;
            sequence.stopped = sampling.stops().contains(token.id());
            listener.token(sequence.prompt, token.id());
        }
    }

    private static void retire(KeyValueCache cache, List<Sequence> active, Completion[] done) {
        for (int i = active.size() - 1; i >= 0; i--) {
            Sequence sequence = active.get(i);
            if (sequence.isDone()) {
                done[sequence.prompt] = sequence.completion();
                Sequence last = active.remove(active.size() - 1);
                if (last != sequence) {
                    cache.move(active.size(), i, last.position);
                    active.set(i, last);
                }
            }
        }
    }
}
