package dev.plumb.model;

import dev.plumb.model.Generator.Completion;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Functional;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.PackedMatrices;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** One request of a {@link Generator} on its way. */
final class Generation implements AutoCloseable {
    /** Prompts are prefilled together up to about so many tokens, whose activations exist at a time. */
    private static final int PREFILL_TOKENS = 4096;

    /** From so many steps on, of so many sequences, it pays to pack the weights, which costs what it saves in some five steps. */
    private static final int PACKING_STEPS = 8;

    private static final int PACKING_SLOTS = 4;

    private final Decoder decoder;
    private final Optional<PackedMatrices> packed;
    private final Decoder fast; // for single tokens
    private final Generator.Request request;
    private final Sampling sampling;
    private final Generator.Watcher watcher;
    private final int slots;
    private final KeyValueCache cache;
    private final List<Sequence> active = new ArrayList<>(); // the i-th holds slot i
    private final Completion[] done;
    private int next; // number of the sequence that waits longest

    /** Last hidden state of the prompt in the spare slot, some of whose completions still wait. */
    private float[] held = new float[0];

    private float[] buffer = new float[0];

    private static final class Sequence {
        private final int number;
        private final Draw draw;
        private final Seen seen;
        private final int[] ids;
        private final double[] logps;
        private final double[] samplingLogps;
        private int made;
        private int position; // of the token that goes in next
        private boolean stopped;

        Sequence(int number, Draw draw, Seen seen, int limit, int position) {
            this.number = number;
            this.draw = draw;
            this.seen = seen;
            this.ids = new int[limit];
            this.logps = new double[limit];
            this.samplingLogps = new double[limit];
            this.position = position;
        }

        boolean isDone() {
            return stopped || made == ids.length;
        }

        Completion completion() {
            return new Completion(
                    Arrays.copyOf(ids, made), Arrays.copyOf(logps, made), Arrays.copyOf(samplingLogps, made), stopped);
        }
    }

    Generation(Decoder decoder, int slots, Generator.Request request, Sampling sampling, Generator.Watcher watcher) {
        this.decoder = decoder;
        this.request = request;
        this.sampling = sampling;
        this.watcher = watcher;
        this.done = new Completion[request.sequences()];
        this.slots = Math.min(slots, done.length);
        this.packed = this.slots >= PACKING_SLOTS && sampling.maxNewTokens() >= PACKING_STEPS
                ? PackedMatrices.open(decoder.weights().dtype(), decoder.device())
                : Optional.empty();
        this.fast = packed.map(decoder::with).orElse(decoder);
        boolean spare = request.samples() > 1 && done.length > this.slots;
        int longest =
                request.prompts().stream().mapToInt(ids -> ids.length).max().orElse(0);
        this.cache = new KeyValueCache(
                decoder.architecture(),
                decoder.weights().dtype(),
                decoder.device(),
                this.slots + (spare ? 1 : 0),
                longest + sampling.maxNewTokens());
    }

    List<Completion> run() {
        try (NoGrad guard = NoGrad.open()) {
            while (next < done.length || !active.isEmpty()) {
                try (Scope scope = Scope.open()) {
                    if (next == done.length || active.size() == slots) {
                        extend();
                    } else if (next % request.samples() == 0) {
                        prefill();
                    } else {
                        resume();
                    }
                }
                retire();
            }
        }
        return List.of(done);
    }

    /** Computes prompts, each once, and starts as many of their completions as there are slots for. */
    private void prefill() {
        List<int[]> prompts = new ArrayList<>();
        List<Sequence> fresh = new ArrayList<>();
        List<Integer> rowOf = new ArrayList<>();
        int tokens = 0;
        int room = slots - active.size();
        while (next < done.length && fresh.size() < room) {
            int[] prompt = request.prompts().get(next / request.samples());
            if (tokens > 0 && tokens + prompt.length > PREFILL_TOKENS) {
                break;
            }
            int group = Math.min(request.samples(), room - fresh.size());
            for (int i = 0; i < group; i++) {
                rowOf.add(prompts.size());
                fresh.add(begin(next++, prompt));
            }
            prompts.add(prompt);
            tokens += prompt.length;
        }
        Layout layout = Layout.of(prompts);
        int[] slotOf = new int[prompts.size()];
        int[] last = new int[prompts.size()];
        for (int i = 0; i < last.length; i++) {
            Layout.Segment segment = layout.segments().get(i);
            last[i] = segment.start() + segment.length() - 1;
            slotOf[i] = active.size() + rowOf.indexOf(i);
        }
        Tensor all = fast.hidden(layout, cache.filling(layout, slotOf));
        Tensor hidden = all.indexSelect(0, Tensor.of(last, decoder.device()));
        for (int i = 0; i < last.length; i++) {
            int copies = rowOf.lastIndexOf(i) - rowOf.indexOf(i);
            cache.copy(slotOf[i], slotOf[i] + 1, copies, prompts.get(i).length);
        }
        if (next % request.samples() != 0) {
            int row = last.length - 1;
            cache.copy(slotOf[row], slots, 1, prompts.get(row).length);
            held = hidden.select(0, row).toFloats();
        }
        active.addAll(fresh);
        draw(hidden, fresh, rowOf);
    }

    /** Starts further completions of the prompt in the spare slot. */
    private void resume() {
        int prompt = next / request.samples();
        int[] ids = request.prompts().get(prompt);
        int waiting = (prompt + 1) * request.samples() - next;
        int group = Math.min(waiting, slots - active.size());
        cache.copy(slots, active.size(), group, ids.length);
        List<Sequence> fresh = new ArrayList<>();
        for (int i = 0; i < group; i++) {
            fresh.add(begin(next++, ids));
        }
        Tensor hidden =
                Tensor.of(held, decoder.device()).to(decoder.weights().dtype()).unsqueeze(0);
        active.addAll(fresh);
        draw(hidden, fresh, fresh.stream().map(one -> 0).toList());
    }

    private Sequence begin(int number, int[] prompt) {
        int sample = number % request.samples();
        long promptNumber = request.first() + number / request.samples();
        Seen seen = sampling.isPenalised() ? Seen.of(prompt) : Seen.nothing();
        return new Sequence(
                number, new Draw(sampling, promptNumber, sample), seen, sampling.maxNewTokens(), prompt.length);
    }

    /** One more token for each active sequence. */
    private void extend() {
        int n = active.size();
        int[] ids = new int[n];
        int[] positions = new int[n];
        List<Layout.Segment> segments = new ArrayList<>();
        List<Integer> rowOf = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            Sequence sequence = active.get(i);
            ids[i] = sequence.ids[sequence.made - 1];
            positions[i] = sequence.position++;
            segments.add(new Layout.Segment(i, 1, -1));
            rowOf.add(i);
        }
        Layout layout = new Layout(ids, positions, segments);
        draw(fast.hidden(layout, cache.extending(positions)), active, rowOf);
    }

    /**
     * Draws a token for each sequence.
     *
     * @param hidden [rows, width]
     * @param sequences who draws
     * @param rowOf from which row each draws
     */
    private void draw(Tensor hidden, List<Sequence> sequences, List<Integer> rowOf) {
        Tensor logits = logits(hidden); // [rows, vocabulary]
        int[] chosen = sampling.isGreedy() || sampling.isTruncated() || sampling.isPenalised()
                ? chosen(logits, sequences, rowOf)
                : blockwise(logits, sequences, rowOf);
        for (int i = 0; i < chosen.length; i++) {
            Sequence sequence = sequences.get(i);
            sequence.ids[sequence.made++] = chosen[i];
            sequence.seen.add(chosen[i]);
            sequence.stopped =
                    watcher.ends(sequence.number, chosen[i]) || sampling.stops().contains(chosen[i]);
        }
    }

    /** Draws from all tokens, of which only one block of a row's is brought to Java. */
    private int[] blockwise(Tensor logits, List<Sequence> sequences, List<Integer> rowOf) {
        Tensor p = Functional.softmax(tempered(logits), -1);
        int vocabulary = (int) p.size(1);
        int blocks = Draw.blocks(vocabulary);
        if (vocabulary < blocks * Draw.BLOCK) {
            p = Tensor.cat(
                    1, p, Tensor.zeros(p.dtype(), p.device(), p.size(0), blocks * Draw.BLOCK - (long) vocabulary));
        }
        Tensor blocked = p.reshape(p.size(0) * blocks, Draw.BLOCK);
        float[] sums = blocked.sum(1).toFloats();
        int[] at = new int[sequences.size()];
        for (int i = 0; i < at.length; i++) {
            int start = rowOf.get(i) * blocks;
            at[i] = start + sequences.get(i).draw.block(sums, start, blocks);
        }
        float[] near = blocked.indexSelect(0, Tensor.of(at, p.device())).toFloats();
        int[] chosen = new int[at.length];
        for (int i = 0; i < at.length; i++) {
            Sequence sequence = sequences.get(i);
            int within = sequence.draw.within(near, i * Draw.BLOCK);
            chosen[i] = at[i] % blocks * Draw.BLOCK + within;
            sequence.logps[sequence.made] = Math.log(near[i * Draw.BLOCK + within]);
            sequence.samplingLogps[sequence.made] = sequence.logps[sequence.made];
        }
        return chosen;
    }

    /** Chooses where every token is to be looked at. */
    private int[] chosen(Tensor logits, List<Sequence> sequences, List<Integer> rowOf) {
        int vocabulary = (int) logits.size(1);
        float[] looked = looked(logits, sequences, rowOf);
        int[] chosen = new int[sequences.size()];
        double[] drawn = new double[chosen.length]; // log-probabilities as drawn from
        for (int i = 0; i < chosen.length; i++) {
            int start = rowOf.get(i) * vocabulary;
            if (sampling.isGreedy()) {
                chosen[i] = Draw.greedy(looked, start, vocabulary);
            } else {
                Draw.Token token = sequences.get(i).draw.next(looked, start, vocabulary);
                chosen[i] = token.id();
                drawn[i] = Math.log(looked[start + token.id()]);
                sequences.get(i).samplingLogps[sequences.get(i).made] = drawn[i] - Math.log(token.kept());
            }
        }
        double[] logps = sampling.isGreedy() || sampling.isPenalised() ? logps(logits, rowOf, chosen) : drawn;
        for (int i = 0; i < chosen.length; i++) {
            sequences.get(i).logps[sequences.get(i).made] = logps[i];
        }
        return chosen;
    }

    private Tensor logits(Tensor hidden) {
        Tensor logits = fast.logits(hidden).to(DType.FLOAT32);
        double cap = decoder.architecture().logitSoftcap();
        return cap > 0 ? logits.div(cap).tanh().mul(cap) : logits;
    }

    /** What draws look at: probabilities, or logits if greedy, both after the penalty. */
    private float[] looked(Tensor logits, List<Sequence> sequences, List<Integer> rowOf) {
        Tensor all = logits;
        if (sampling.isPenalised()) {
            float[] flat = copied(logits);
            int vocabulary = (int) logits.size(1);
            for (int row = 0; row < logits.size(0); row++) {
                Seen seen = sequences.get(rowOf.indexOf(row)).seen; // those of one row have seen the same prompt
                seen.penalise(flat, row * vocabulary, sampling.repetitionPenalty());
            }
            if (sampling.isGreedy()) {
                return flat;
            }
            all = Tensor.of(flat, decoder.device()).narrow(0, 0, logits.numel()).reshape(logits.shape());
        }
        return copied(sampling.isGreedy() ? all : Functional.softmax(tempered(all), -1));
    }

    private double[] logps(Tensor logits, List<Integer> rowOf, int[] chosen) {
        Tensor whole = Functional.logSoftmax(sampling.isGreedy() ? logits : tempered(logits), -1);
        Tensor flat = whole.reshape(-1);
        int[] at = new int[chosen.length];
        for (int i = 0; i < at.length; i++) {
            at[i] = rowOf.get(i) * (int) logits.size(1) + chosen[i];
        }
        return flat.indexSelect(0, Tensor.of(at, decoder.device())).toDoubles();
    }

    private Tensor tempered(Tensor logits) {
        return sampling.temperature() == 1 ? logits : logits.div(sampling.temperature());
    }

    /** A copy in Java, in memory that is used again. */
    private float[] copied(Tensor tensor) {
        if (buffer.length < tensor.numel()) {
            buffer = new float[Math.toIntExact(tensor.numel())];
        }
        tensor.copyTo(buffer);
        return buffer;
    }

    private void retire() {
        for (int i = active.size() - 1; i >= 0; i--) {
            Sequence sequence = active.get(i);
            if (sequence.isDone()) {
                done[sequence.number] = sequence.completion();
                Sequence last = active.remove(active.size() - 1);
                if (last != sequence) {
                    cache.copy(active.size(), i, 1, last.position);
                    active.set(i, last);
                }
            }
        }
    }

    @Override
    public void close() {
        cache.close();
        packed.ifPresent(PackedMatrices::close);
    }
}
