package dev.plumb.train;

import dev.plumb.model.Decoder;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Log-probabilities of a model for packed rows: to look at, or to learn from. */
final class Policy {
    private final Decoder decoder;
    private final LogProbs logProbs;

    Policy(Decoder decoder, boolean squaredMass) {
        this(decoder, new LogProbs(decoder.architecture().logitSoftcap(), squaredMass));
    }

    private Policy(Decoder decoder, LogProbs logProbs) {
        this.decoder = decoder;
        this.logProbs = logProbs;
    }

    /** A policy whose logits are divided by the temperature that its tokens are drawn at. */
    static Policy at(double temperature, Decoder decoder) {
        return new Policy(decoder, new LogProbs(decoder.architecture().logitSoftcap(), temperature, false));
    }

    Decoder decoder() {
        return decoder;
    }

    /** Whether its weights are of 32 bits. */
    boolean isExact() {
        return decoder.weights().dtype() == DType.FLOAT32;
    }

    /** Log-probabilities without any graph. */
    LogProbs.Scores score(Packing packing) {
        try (NoGrad guard = NoGrad.open();
                Scope scope = Scope.open()) {
            Tensor hidden = ReadStates.look(decoder, packing);
            return kept(scope, logProbs.forward(hidden, decoder.head(), packing.targets(decoder.device())));
        }
    }

    /** A forward pass to learn from; everything in it belongs to the scope that is open. */
    Learning learn(Packing packing, boolean checkpointing) {
        return new Learning(packing, checkpointing);
    }

    private static LogProbs.Scores kept(Scope scope, LogProbs.Scores scores) {
        return new LogProbs.Scores(
                scope.keep(scores.logps()),
                scope.keep(scores.normalisers()),
                scope.keep(scores.entropies()),
                scope.keep(scores.hits()),
                scope.keep(scores.squaredMass()),
                scores.held());
    }

    /** Log-probabilities on their way to gradients. */
    final class Learning {
        private final ReadStates read;
        private final Tensor targets;
        private final Tensor selected; // [trained, width]
        private @Nullable Tensor besides;

        private Learning(Packing packing, boolean checkpointing) {
            this.read = new ReadStates(decoder, packing, checkpointing);
            this.targets = packing.targets(decoder.device());
            this.selected = read.states();
        }

        /** The hidden states that predict, [trained, width], outside of any graph. */
        Tensor states() {
            return selected;
        }

        /** Takes what else than log-probabilities was read off the states: its gradient goes back with theirs. */
        void add(Tensor gradient) {
            besides = gradient;
        }

        LogProbs.Scores score() {
            return logProbs.forwardToLearn(selected, decoder.head(), targets);
        }

        /**
         * Adds to the gradients of all weights.
         *
         * @param scores of this pass
         * @param gradient derivative of the loss by each log-probability
         */
        void backward(LogProbs.Scores scores, Tensor gradient) {
            backward(scores, gradient, null);
        }

        /** The same where the loss has a derivative by each entropy too. */
        void backward(LogProbs.Scores scores, Tensor gradient, @Nullable Tensor ofEntropies) {
            Tensor back =
                    logProbs.backward(selected, decoder.head(), targets, scores, gradient, ofEntropies, headGradient());
            read.backward(besides == null ? back : back.addInPlace(besides, 1));
        }

        /** Both at once, for a derivative that is known beforehand. */
        LogProbs.Scores scoreAndBackward(Tensor gradient) {
            Tensor back = Tensor.empty(selected.dtype(), selected.device(), selected.shape());
            LogProbs.Scores scores =
                    logProbs.forwardBackward(selected, decoder.head(), targets, gradient, back, headGradient());
            read.backward(back);
            return scores;
        }

        /** Where the gradient of the output projection is collected; null where it is not trained. */
        private @Nullable Tensor headGradient() {
            Tensor head = decoder.head();
            if (!head.requiresGrad()) {
                return null;
            }
            if (!head.hasGrad()) {
                head.grad(Tensor.zeros(head.dtype(), head.device(), head.shape()));
            }
            return head.grad();
        }
    }
}
