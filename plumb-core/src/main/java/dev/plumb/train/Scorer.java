package dev.plumb.train;

import dev.plumb.data.TokenSequence;
import dev.plumb.model.Architecture;
import dev.plumb.model.Decoder;
import dev.plumb.model.Layout;
import dev.plumb.model.Rope;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Functional;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What a model says about given tokens: log-probabilities, or the rewards of a reward model. Nothing is trained. */
public final class Scorer {
    private final Decoder decoder;
    private final boolean dynamic;

    /**
     * A scorer.
     *
     * @param decoder the model
     */
    public Scorer(Decoder decoder) {
        this.decoder = decoder;
        this.dynamic = decoder.architecture().positions() instanceof Architecture.Positions.Rotary rotary
                && rotary.full().scaling() instanceof Rope.Scaling.Dynamic;
    }

    /**
     * The longest sequence that the model reads.
     *
     * @return a number of tokens; without bound where rotary frequencies follow the length
     */
    public int maxLength() {
        return dynamic ? Integer.MAX_VALUE : decoder.architecture().contextLength();
    }

    /**
     * Log-probabilities of the trained tokens of some sequences, in one pass.
     *
     * @param sequences the sequences
     * @return for each sequence log p(token | those before it), natural, for each trained token in order
     */
    public List<double[]> logProbs(List<TokenSequence> sequences) {
        List<TokenSequence> asked = sequences.stream()
                .filter(sequence -> sequence.trainedTokens() > 0)
                .toList();
        double[] flat = asked.isEmpty() ? new double[0] : pass(asked);
        List<double[]> out = new ArrayList<>();
        int start = 0;
        for (TokenSequence sequence : sequences) {
            int end = start + sequence.trainedTokens();
            out.add(Arrays.copyOfRange(flat, start, end));
            start = end;
        }
        return out;
    }

    private double[] pass(List<TokenSequence> sequences) {
        // Dynamic rotary frequencies depend on the longest row of a batch with its last token, which packing leaves
        // out.
        Packing.Style style = dynamic ? Packing.Style.PADDED : Packing.Style.PACKED;
        Packing packing = Packing.sequences(
                sequences.stream().map(TokenSequence::ids).toList(),
                sequences.stream().map(TokenSequence::trained).toList(),
                style);
        try (Scope scope = Scope.open()) {
            return new Policy(decoder, false).score(packing).logps().toDoubles();
        }
    }

    /**
     * What a reward model gives for whole sequences, read at their last tokens.
     *
     * @param sequences token ids, none empty
     * @return for each sequence its reward; more than one number if the model has several outputs
     * @throws IllegalArgumentException if the model is no reward model
     */
    public List<double[]> rewards(List<int[]> sequences) {
        if (!decoder.architecture().isScoring()) {
            throw new IllegalArgumentException("the model has no reward head");
        }
        Layout layout = Layout.of(sequences);
        int[] last = layout.segments().stream()
                .mapToInt(segment -> segment.start() + segment.length() - 1)
                .toArray();
        int outputs = decoder.architecture().outputs();
        try (NoGrad guard = NoGrad.open();
                Scope scope = Scope.open()) {
            Tensor states = decoder.hidden(layout).indexSelect(0, Tensor.of(last, decoder.device()));
            double[] flat = scores(states, decoder.head())
                    .reshape((long) last.length * outputs)
                    .toDoubles();
            List<double[]> out = new ArrayList<>();
            for (int i = 0; i < last.length; i++) {
                out.add(Arrays.copyOfRange(flat, i * outputs, (i + 1) * outputs));
            }
            return out;
        }
    }

    /**
     * What a head says of hidden states, as everywhere where rewards are made.
     *
     * @param states [sequences, width]
     * @param head [outputs, width]
     * @return [sequences, outputs], of 32 bits
     */
    static Tensor scores(Tensor states, Tensor head) {
        return Functional.linear(states, head).to(DType.FLOAT32);
    }
}
