package dev.plumb.train;

import dev.plumb.model.Layout;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Rows of tokens laid out for a forward pass, and which hidden state predicts which trained token. An objective cannot tell
 * how its tokens were laid out; only speed and memory can.
 *
 * @param layout what goes into the decoder
 * @param states for each trained token the index of the hidden state that predicts it
 * @param targets the trained tokens
 * @param sequence for each the sequence it belongs to
 * @param place for each its index among the trained tokens of its sequence
 * @param lengths trained tokens a sequence
 */
record Packing(Layout layout, int[] states, int[] targets, int[] sequence, int[] place, int[] lengths) {

    /** Ways to lay out. */
    enum Style {
        /** No padding, and a prompt that several completions share is there once. */
        SHARED,
        /** No padding. */
        PACKED,
        /** All sequences as long as the longest, the usual form that the others are held against. */
        PADDED
    }

    /**
     * Whole sequences, some tokens of which are trained.
     *
     * @param sequences token ids
     * @param trained true where a token is trained; never the first token of a sequence
     */
    static Packing sequences(List<int[]> sequences, List<boolean[]> trained, Style style) {
        Layout.Builder builder = new Layout.Builder();
        Tokens tokens = new Tokens();
        int longest = sequences.stream().mapToInt(ids -> ids.length).max().orElse(0);
        int start = 0;
        for (int i = 0; i < sequences.size(); i++) {
            int[] ids = sequences.get(i);
            int[] run = style == Style.PADDED ? Arrays.copyOf(ids, longest) : withoutLast(ids);
            builder.root(run);
            for (int t = 1; t < ids.length; t++) {
                if (trained.get(i)[t]) {
                    tokens.add(start + t - 1, ids[t], i);
                }
            }
            start += run.length;
        }
        return tokens.build(builder.build(), sequences.size());
    }

    /**
     * Whole sequences for a model that is read at some of their tokens: {@code states} has the hidden states of those tokens
     * themselves, and {@code targets} the tokens.
     *
     * @param sequences token ids, none empty
     * @param at for each the positions where it is read, rising, or none
     */
    static Packing places(List<int[]> sequences, List<int[]> at, Style style) {
        Layout.Builder builder = new Layout.Builder();
        Tokens tokens = new Tokens();
        int longest = sequences.stream().mapToInt(ids -> ids.length).max().orElse(0);
        int start = 0;
        for (int i = 0; i < sequences.size(); i++) {
            int[] ids = sequences.get(i);
            int[] run = style == Style.PADDED ? Arrays.copyOf(ids, longest) : ids;
            builder.root(run);
            for (int position : at.get(i)) {
                tokens.add(start + position, ids[position], i);
            }
            start += run.length;
        }
        return tokens.build(builder.build(), sequences.size());
    }

    /**
     * Completions of prompts: all of a prompt's stand next to each other in no particular order of layout, but the trained
     * tokens come completion by completion in the order given.
     *
     * @param prompts token ids, none empty
     * @param completions for each prompt its completions, none empty; the first of all prompts come first, then the second of all that
     *     have one
     */
    static Packing completions(List<int[]> prompts, List<List<int[]>> completions, Style style) {
        return completions(prompts, completions, style, false);
    }

    /**
     * The same for a model that is read at the end of each completion: {@code states} has the hidden state of each last token
     * itself, one a sequence, and {@code targets} that token.
     */
    static Packing endings(List<int[]> prompts, List<List<int[]>> completions, Style style) {
        return completions(prompts, completions, style, true);
    }

    private static Packing completions(
            List<int[]> prompts, List<List<int[]>> completions, Style style, boolean endings) {
        List<Answer> answers = new ArrayList<>();
        int most = completions.stream().mapToInt(List::size).max().orElse(0);
        for (int c = 0; c < most; c++) {
            for (int i = 0; i < prompts.size(); i++) {
                if (c < completions.get(i).size()) {
                    answers.add(new Answer(i, completions.get(i).get(c)));
                }
            }
        }
        return answers(prompts, answers, style, endings);
    }

    /**
     * A completion.
     *
     * @param prompt number of its prompt
     * @param ids its tokens, at least one
     */
    record Answer(int prompt, int[] ids) {}

    /**
     * Any number of completions of each prompt.
     *
     * @param prompts token ids, none empty
     * @param answers in the order that sequences are counted in
     */
    static Packing answers(List<int[]> prompts, List<Answer> answers, Style style) {
        return answers(prompts, answers, style, false);
    }

    /** The same read at the end of each, or before each of its tokens. */
    static Packing answers(List<int[]> prompts, List<Answer> answers, Style style, boolean endings) {
        Layout.Builder builder = new Layout.Builder();
        Tokens tokens = new Tokens();
        int[] promptStart = new int[prompts.size()];
        int start = 0;
        if (style == Style.SHARED) {
            for (int i = 0; i < prompts.size(); i++) {
                builder.root(prompts.get(i));
                promptStart[i] = start;
                start += prompts.get(i).length;
            }
        }
        int longest = answers.stream()
                .mapToInt(answer -> prompts.get(answer.prompt()).length + answer.ids().length)
                .max()
                .orElse(0);
        for (int sequence = 0; sequence < answers.size(); sequence++) {
            int i = answers.get(sequence).prompt();
            int[] prompt = prompts.get(i);
            int[] completion = answers.get(sequence).ids();
            int[] computed = endings ? completion : withoutLast(completion);
            int[] run = style == Style.SHARED ? computed : concat(prompt, computed);
            if (style == Style.PADDED) {
                run = Arrays.copyOf(concat(prompt, completion), longest);
            }
            int before = style == Style.SHARED ? promptStart[i] : start;
            int first = style == Style.SHARED ? start : start + prompt.length; // state of completion token 0
            if (endings) {
                int last = completion.length - 1;
                tokens.add(first + last, completion[last], sequence);
            } else {
                tokens.add(before + prompt.length - 1, completion[0], sequence);
                for (int t = 1; t < completion.length; t++) {
                    tokens.add(first + t - 1, completion[t], sequence);
                }
            }
            if (run.length > 0) {
                if (style == Style.SHARED) {
                    builder.child(i, run);
                } else {
                    builder.root(run);
                }
            }
            start += run.length;
        }
        return tokens.build(builder.build(), answers.size());
    }

    /**
     * The same for pairs, with more to be read in their prompts: two more sequences a pair, none of which computes a hidden
     * state that is not there. First, for each pair, other tokens that could stand where the end of its prompt begins, all
     * predicted by one state; then the end itself.
     *
     * @param alternatives for each pair the tokens that could stand there
     * @param ends for each pair the last tokens of its prompt, fewer than all of them
     */
    Packing withPromptEnds(List<int[]> alternatives, List<int[]> ends) {
        Tokens tokens = new Tokens();
        for (int i = 0; i < targets.length; i++) {
            tokens.add(states[i], targets[i], sequence[i]);
        }
        int pairs = ends.size();
        int[] last =
                new int[pairs]; // the state of each prompt's last token, which predicts the first of the chosen answer
        for (int i = 0, first = 0; i < pairs; first += lengths[i++]) {
            last[i] = states[first];
            for (int token : alternatives.get(i)) {
                tokens.add(last[i] - ends.get(i).length, token, 2 * pairs + i);
            }
        }
        for (int i = 0; i < pairs; i++) {
            int[] end = ends.get(i);
            for (int t = 0; t < end.length; t++) {
                tokens.add(last[i] - end.length + t, end[t], 3 * pairs + i);
            }
        }
        return tokens.build(layout, 4 * pairs);
    }

    /** The last token of a sequence predicts nothing, so it need not be computed. */
    private static int[] withoutLast(int[] ids) {
        return Arrays.copyOf(ids, ids.length - 1);
    }

    private static int[] concat(int[] a, int[] b) {
        int[] out = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, out, a.length, b.length);
        return out;
    }

    /** How many tokens are trained. */
    int trained() {
        return targets.length;
    }

    /** How many sequences there are. */
    int sequences() {
        return lengths.length;
    }

    Tensor states(Device device) {
        return Tensor.of(states, device);
    }

    Tensor targets(Device device) {
        return Tensor.of(targets, device);
    }

    Tensor sequence(Device device) {
        return Tensor.of(sequence, device);
    }

    Tensor place(Device device) {
        return Tensor.of(place, device);
    }

    Tensor lengths(Device device) {
        return Tensor.of(lengths, device).to(DType.FLOAT32);
    }

    private static final class Tokens {
        private final List<int[]> all = new ArrayList<>();

        void add(int state, int target, int sequence) {
            all.add(new int[] {state, target, sequence});
        }

        Packing build(Layout layout, int sequences) {
            int[] lengths = new int[sequences];
            int[] place = new int[all.size()];
            for (int i = 0; i < place.length; i++) {
                place[i] = lengths[all.get(i)[2]]++;
            }
            return new Packing(layout, column(0), column(1), column(2), place, lengths);
        }

        private int[] column(int which) {
            return all.stream().mapToInt(row -> row[which]).toArray();
        }
    }
}
