package dev.plumb.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Rows as bytes, little-endian, and back: what a {@link TokenStore} holds of each. An array or a text stands behind the int
 * count of its elements or bytes; masks are words of 32 bits.
 */
final class ExampleBytes {
    private static final int SEQUENCE = 0;
    private static final int PAIR = 1;
    private static final int JUDGED = 2;
    private static final int BELIEF = 3;
    private static final int STEPS = 4;
    private static final int RANKED = 5;
    private static final int PROMPT = 6;

    private ByteBuffer buffer = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);

    /** What tells kinds of rows apart. */
    static int kind(Example example) {
        if (example instanceof TokenPair) {
            return PAIR;
        } else if (example instanceof TokenRanked) {
            return RANKED;
        } else if (example instanceof TokenJudged) {
            return JUDGED;
        } else if (example instanceof TokenBelief) {
            return BELIEF;
        }
        return example instanceof TokenSteps ? STEPS : example instanceof TokenPrompt ? PROMPT : SEQUENCE;
    }

    /** Reads a row of a kind from where its bytes begin. */
    static Example read(int kind, ByteBuffer in) {
        return switch (kind) {
            case PAIR -> new TokenPair(ints(in), ints(in), ints(in), judgement(in));
            case RANKED -> new TokenRanked(ints(in), lists(in), ints(in));
            case JUDGED -> new TokenJudged(ints(in), ints(in), in.getInt() == 1);
            case BELIEF ->
                new TokenBelief(
                        ints(in),
                        ints(in),
                        ints(in),
                        ints(in),
                        in.getInt(),
                        ints(in),
                        new Opinions(doubles(in), doubles(in), in.getLong()));
            case STEPS -> new TokenSteps(ints(in), ints(in), ints(in), doubles(in));
            case PROMPT -> new TokenPrompt(ints(in), text(in));
            default -> new TokenSequence(ints(in), mask(in));
        };
    }

    /** Appends a row, in the order in which {@link #read} asks for its parts. */
    void add(Example example) {
        if (example instanceof TokenPair pair) {
            add(pair.prompt());
            add(pair.chosen());
            add(pair.rejected());
            room(2 * Double.BYTES)
                    .putDouble(pair.judgement().margin())
                    .putDouble(pair.judgement().probability());
            add(pair.judgement().tie() ? 1 : 0);
        } else if (example instanceof TokenRanked ranked) {
            add(ranked.prompt());
            add(ranked.completions().size());
            ranked.completions().forEach(this::add);
            add(ranked.ranks());
        } else if (example instanceof TokenJudged judged) {
            add(judged.prompt());
            add(judged.completion());
            add(judged.desirable() ? 1 : 0);
        } else if (example instanceof TokenBelief belief) {
            add(belief.prompt());
            add(belief.prefix());
            add(belief.chosen());
            add(belief.rejected());
            add(belief.belief());
            add(belief.names());
            add(belief.opinions().probabilities());
            add(belief.opinions().votes());
            add(belief.opinions().group());
        } else if (example instanceof TokenSteps steps) {
            add(steps.prompt());
            add(steps.completion());
            add(steps.ends());
            add(steps.labels());
        } else if (example instanceof TokenPrompt open) {
            add(open.prompt());
            add(open.row());
        } else if (example instanceof TokenSequence sequence) {
            add(sequence.ids());
            add(sequence.trained());
        }
    }

    void add(int value) {
        room(Integer.BYTES).putInt(value);
    }

    void add(long value) {
        room(Long.BYTES).putLong(value);
    }

    private void add(int[] values) {
        room((1L + values.length) * Integer.BYTES).putInt(values.length);
        buffer.asIntBuffer().put(values);
        buffer.position(buffer.position() + values.length * Integer.BYTES);
    }

    private void add(double[] values) {
        room(Integer.BYTES + (long) values.length * Double.BYTES).putInt(values.length);
        buffer.asDoubleBuffer().put(values);
        buffer.position(buffer.position() + values.length * Double.BYTES);
    }

    private void add(boolean[] mask) {
        int[] words = new int[(mask.length + Integer.SIZE - 1) / Integer.SIZE];
        for (int i = 0; i < mask.length; i++) {
            words[i / Integer.SIZE] |= (mask[i] ? 1 : 0) << i % Integer.SIZE;
        }
        add(mask.length);
        add(words);
    }

    private void add(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        room(Integer.BYTES + (long) utf8.length).putInt(utf8.length).put(utf8);
    }

    /** Room for so many bytes more. */
    private ByteBuffer room(long bytes) {
        if (buffer.remaining() < bytes) {
            long wanted = Math.max(2L * buffer.capacity(), buffer.position() + bytes);
            int most = (int) Math.min(Integer.MAX_VALUE - 16, wanted);
            if (most - buffer.position() < bytes) {
                throw new ArithmeticException("a row of more than " + most + " bytes");
            }
            buffer = ByteBuffer.allocate(most).order(ByteOrder.LITTLE_ENDIAN).put(buffer.flip());
        }
        return buffer;
    }

    void clear() {
        buffer.clear();
    }

    byte[] array() {
        return buffer.array();
    }

    int size() {
        return buffer.position();
    }

    private static Judgement judgement(ByteBuffer in) {
        return new Judgement(in.getDouble(), in.getDouble(), in.getInt() == 1);
    }

    private static List<int[]> lists(ByteBuffer in) {
        List<int[]> lists = new ArrayList<>();
        int count = in.getInt();
        for (int i = 0; i < count; i++) {
            lists.add(ints(in));
        }
        return lists;
    }

    private static int[] ints(ByteBuffer in) {
        int[] values = new int[in.getInt()];
        in.asIntBuffer().get(values);
        in.position(in.position() + values.length * Integer.BYTES);
        return values;
    }

    private static double[] doubles(ByteBuffer in) {
        double[] values = new double[in.getInt()];
        in.asDoubleBuffer().get(values);
        in.position(in.position() + values.length * Double.BYTES);
        return values;
    }

    private static String text(ByteBuffer in) {
        byte[] utf8 = new byte[in.getInt()];
        in.get(utf8);
        return new String(utf8, StandardCharsets.UTF_8);
    }

    private static boolean[] mask(ByteBuffer in) {
        boolean[] mask = new boolean[in.getInt()];
        int[] words = ints(in);
        for (int i = 0; i < mask.length; i++) {
            mask[i] = (words[i / Integer.SIZE] >>> i % Integer.SIZE & 1) == 1;
        }
        return mask;
    }
}
