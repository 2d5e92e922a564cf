package dev.plumb.train;

import dev.plumb.data.TokenSequence;
import dev.plumb.model.Architecture;
import dev.plumb.model.Decoder;
import dev.plumb.model.Layout;
import dev.plumb.model.Rope;
import dev.plumb.objective.StepBatch;
import dev.plumb.tensor.DType;
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
     * How probable some tokens are to follow whole sequences.
     *
     * @param sequences token ids, none empty
     * @param tokens ids of those that are asked about
     * @return for each sequence log p(token | sequence), natural, for each of the tokens
     */
    public List<double[]> next(List<int[]> sequences, int... tokens) {
        LogProbs logProbs = new LogProbs(decoder.architecture().logitSoftcap(), false);
        List<double[]> out =
                sequences.stream().map(sequence -> new double[tokens.length]).toList();
        try (NoGrad guard = NoGrad.open();
                Scope scope = Scope.open()) {
            Tensor states = lastStates(sequences);
            for (int k = 0; k < tokens.length; k++) {
                Tensor asked = Tensor.full(tokens[k], DType.INT64, decoder.device(), sequences.size());
                double[] logps =
                        logProbs.forward(states, decoder.head(), asked).logps().toDoubles();
                for (int i = 0; i < logps.length; i++) {
                    out.get(i)[k] = logps[i];
                }
            }
        }
        return out;
    }

    /** What a head reads behind whole sequences, [sequences, width], in the scope that is open. */
    private Tensor lastStates(List<int[]> sequences) {
        Layout layout = Layout.of(sequences);
        int[] last = layout.segments().stream()
                .mapToInt(segment -> segment.start() + segment.length() - 1)
                .toArray();
        return decoder.hidden(layout).indexSelect(0, Tensor.of(last, decoder.device()));
    }

    /**
     * What a reward model gives for whole sequences, read at their last tokens.
     *
     * @param sequences token ids, none empty
     * @return for each sequence its reward; more than one number if the model has several outputs
     * @throws IllegalArgumentException if the model is no reward model
     */
    public List<double[]> rewards(List<int[]> sequences) {
        if (!decoder.architecture().isScoring() || decoder.architecture().isClassifying()) {
            throw new IllegalArgumentException("the model has no reward head");
        }
        int outputs = decoder.architecture().outputs();
        try (NoGrad guard = NoGrad.open();
                Scope scope = Scope.open()) {
            double[] flat = decoder.scores(lastStates(sequences))
                    .reshape((long) sequences.size() * outputs)
                    .toDoubles();
            List<double[]> out = new ArrayList<>();
            for (int i = 0; i < sequences.size(); i++) {
                out.add(Arrays.copyOfRange(flat, i * outputs, (i + 1) * outputs));
            }
            return out;
        }
    }

    /**
     * How good a process reward model finds the steps of whole sequences.
     *
     * @param sequences token ids, none empty
     * @param at for each where its steps end
     * @return for each the probability that a step is good, a step
     * @throws IllegalArgumentException if the model is no process reward model of two classes
     */
    public List<double[]> steps(List<int[]> sequences, List<int[]> at) {
        if (!decoder.architecture().isClassifying() || decoder.architecture().outputs() != 2) {
            throw new IllegalArgumentException("the model does not tell good steps from bad ones");
        }
        Packing packing = Packing.places(sequences, at, Packing.Style.PACKED);
        try (NoGrad guard = NoGrad.open();
                Scope scope = Scope.open()) {
            Tensor states = decoder.hidden(packing.layout()).indexSelect(0, packing.states(decoder.device()));
            double[] flat = StepBatch.logOdds(decoder.scores(states))
                    .to(DType.FLOAT64)
                    .sigmoid()
                    .toDoubles();
            List<double[]> out = new ArrayList<>();
            int from = 0;
            for (int steps : packing.lengths()) {
                out.add(Arrays.copyOfRange(flat, from, from + steps));
                from += steps;
            }
            return out;
        }
    }
}
