package dev.plumb.train;

import dev.plumb.tensor.DType;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Hidden states to log-probabilities of given tokens, and back. The projection to the vocabulary is computed some rows at a
 * time and forgotten; what is kept is a few numbers a row. So no tensor of [batch, time, vocabulary] exists, for any
 * objective, and an objective needs no fused kernel of its own.
 *
 * <p>With z = W h the logits of a row and y its token: ℓ = z_y − logsumexp(z). Going back, dz = d · (onehot(y) − softmax(z)),
 * dh = Wᵀ dz and dW += dz hᵀ, where d is the derivative of the loss by ℓ. Where the loss depends on the entropy H = −Σ p log p
 * too, with derivative e, dz has − e · p (log p + H) besides. With a soft cap, z = c tanh(W h / c).
 */
final class LogProbs {
    /** The logits that exist at a time take about this much, and their probabilities once more. */
    private static final long CHUNK_BYTES = 32L << 20;

    /** Up to this much, all logits of a pass are one chunk, whose probabilities are held for the way back. */
    private static final long HELD_BYTES = 2 * CHUNK_BYTES;

    /** The smallest normal 32-bit number: its logarithm is finite. */
    private static final double LEAST_PROBABILITY = Float.MIN_NORMAL;

    private final double softcap;
    private final double temperature;
    private final boolean squaredMass;

    /**
     * A projection.
     *
     * @param softcap c, 0 for none
     * @param squaredMass whether log Σ_v p_v² is wanted
     */
    LogProbs(double softcap, boolean squaredMass) {
        this(softcap, 1, squaredMass);
    }

    /**
     * A projection at another temperature, as of tokens that were drawn at it.
     *
     * @param softcap c, 0 for none
     * @param temperature by which logits are divided
     * @param squaredMass whether log Σ_v p_v² is wanted
     */
    LogProbs(double softcap, double temperature, boolean squaredMass) {
        this.softcap = softcap;
        this.temperature = temperature;
        this.squaredMass = squaredMass;
    }

    /**
     * What is kept of a forward pass, all in 32 bits.
     *
     * @param logps ℓ, [rows]
     * @param normalisers logsumexp(z), [rows]
     * @param entropies −Σ p log p, [rows]
     * @param hits 1 where y is the most probable token, [rows]
     * @param squaredMass log Σ p², [rows]; zeros if not wanted
     * @param held the probabilities, where all rows together are one chunk and a way back was asked for: then they need not
     *     be computed again
     */
    record Scores(
            Tensor logps,
            Tensor normalisers,
            Tensor entropies,
            Tensor hits,
            Tensor squaredMass,
            Optional<Chunks> held) {}

    /**
     * Log-probabilities to look at.
     *
     * @param hidden [rows, width], no graph
     * @param head W, [vocabulary, width]
     * @param targets y, 64-bit integers [rows]
     * @return the scores, in the scope that is open
     */
    Scores forward(Tensor hidden, Tensor head, Tensor targets) {
        return pass(hidden, head, targets, false, null, null);
    }

    /** The same with a way back: {@link #backward} is to follow in the same scope. */
    Scores forwardToLearn(Tensor hidden, Tensor head, Tensor targets) {
        return pass(hidden, head, targets, true, null, null);
    }

    /**
     * Gradients from the derivative by each log-probability.
     *
     * @param hidden as given to {@link #forward}
     * @param head as given to it
     * @param targets as given to it
     * @param scores what it returned
     * @param gradient d, [rows]
     * @param headGradient collects dW, of the head's shape; null if the head is not trained
     * @return dh, [rows, width], of the hidden states' type
     */
    Tensor backward(
            Tensor hidden, Tensor head, Tensor targets, Scores scores, Tensor gradient, @Nullable Tensor headGradient) {
        return backward(hidden, head, targets, scores, gradient, null, headGradient);
    }

    /**
     * The same where the loss depends on entropies too.
     *
     * @param entropyGradient e, its derivative by each entropy, [rows]; null if there is none
     */
    Tensor backward(
            Tensor hidden,
            Tensor head,
            Tensor targets,
            Scores scores,
            Tensor gradient,
            @Nullable Tensor entropyGradient,
            @Nullable Tensor headGradient) {
        Tensor out = Tensor.empty(hidden.dtype(), hidden.device(), hidden.shape());
        try (Scope scope = Scope.open();
                NoGrad guard = NoGrad.open()) {
            Chunks chunks = scores.held().orElseGet(() -> new Chunks(hidden, head, rowsIn(CHUNK_BYTES, head)));
            for (long start = 0; start < chunks.rows; start += chunks.size) {
                try (Scope inner = Scope.open()) {
                    long n = Math.min(chunks.size, chunks.rows - start);
                    Tensor h = hidden.narrow(0, start, n);
                    if (scores.held().isEmpty()) {
                        Tensor z = chunks.logits(h, n);
                        chunks.spread(
                                z, scores.normalisers().narrow(0, start, n).unsqueeze(1));
                    }
                    Tensor besides =
                            entropyGradient == null ? null : chunks.ofEntropies(entropyGradient.narrow(0, start, n), n);
                    chunks.back(
                            h,
                            targets.narrow(0, start, n),
                            gradient.narrow(0, start, n),
                            besides,
                            out.narrow(0, start, n),
                            headGradient,
                            n);
                }
            }
        }
        return out;
    }

    /**
     * Both at once, for a derivative that is known beforehand: the logits are computed once.
     *
     * @param hidden [rows, width], no graph
     * @param head W
     * @param targets y
     * @param gradient d, [rows]
     * @param hiddenGradient receives dh
     * @param headGradient collects dW; null if the head is not trained
     * @return the scores
     */
    Scores forwardBackward(
            Tensor hidden,
            Tensor head,
            Tensor targets,
            Tensor gradient,
            Tensor hiddenGradient,
            @Nullable Tensor headGradient) {
        return pass(hidden, head, targets, false, new Known(gradient, hiddenGradient), headGradient);
    }

    private static long rowsIn(long bytes, Tensor head) {
        return Math.max(64, bytes / (4 * head.size(0)));
    }

    private record Known(Tensor gradient, Tensor hiddenGradient) {}

    private Scores pass(
            Tensor hidden,
            Tensor head,
            Tensor targets,
            boolean hold,
            @Nullable Known known,
            @Nullable Tensor headGradient) {
        long rows = hidden.size(0);
        Chunks whole = hold && rowsIn(HELD_BYTES, head) >= rows ? new Chunks(hidden, head, rows) : null;
        Scores scores = new Scores(
                Tensor.empty(DType.FLOAT32, hidden.device(), rows),
                Tensor.empty(DType.FLOAT32, hidden.device(), rows),
                Tensor.empty(DType.FLOAT32, hidden.device(), rows),
                Tensor.empty(DType.FLOAT32, hidden.device(), rows),
                Tensor.zeros(DType.FLOAT32, hidden.device(), rows),
                Optional.ofNullable(whole));
        try (Scope scope = Scope.open();
                NoGrad guard = NoGrad.open()) {
            Chunks chunks = whole == null ? new Chunks(hidden, head, rowsIn(CHUNK_BYTES, head)) : whole;
            for (long start = 0; start < rows; start += chunks.size) {
                try (Scope inner = Scope.open()) {
                    long n = Math.min(chunks.size, rows - start);
                    Tensor h = hidden.narrow(0, start, n);
                    Tensor y = targets.narrow(0, start, n);
                    chunks.score(scores, h, y, start, n);
                    if (known != null) {
                        chunks.back(
                                h,
                                y,
                                known.gradient().narrow(0, start, n),
                                null,
                                known.hiddenGradient().narrow(0, start, n),
                                headGradient,
                                n);
                    }
                }
            }
        }
        return scores;
    }

    /** The memory that all chunks of a pass use one after another. */
    final class Chunks {
        private final Tensor head;
        private final long rows;
        private final long size;
        private final Tensor logits; // [size, vocabulary]
        private final Tensor probabilities; // [size, vocabulary], 32 bits
        private final Tensor product; // of the head's type, for 16-bit heads

        Chunks(Tensor hidden, Tensor head, long rowsAtOnce) {
            this.head = head.detach();
            this.rows = hidden.size(0);
            long vocabulary = head.size(0);
            this.size = Math.max(1, Math.min(rows, rowsAtOnce));
            this.logits = Tensor.empty(DType.FLOAT32, hidden.device(), size, vocabulary);
            this.probabilities = Tensor.empty(DType.FLOAT32, hidden.device(), size, vocabulary);
            this.product = head.dtype() == DType.FLOAT32
                    ? logits
                    : Tensor.empty(head.dtype(), hidden.device(), size, vocabulary);
        }

        /** z of n rows, in 32 bits. */
        Tensor logits(Tensor h, long n) {
            Tensor z = logits.narrow(0, 0, n);
            product.narrow(0, 0, n).setToMm(h, head.transpose(0, 1));
            if (product != logits) {
                z.copyInPlace(product.narrow(0, 0, n));
            }
            if (softcap > 0) {
                z.mulInPlace(1 / softcap).tanhInPlace().mulInPlace(softcap);
            }
            if (temperature != 1) {
                z.mulInPlace(1 / temperature);
            }
            return z;
        }

        /** Sets the probabilities of n rows from their logits and normalisers [n, 1]. */
        void spread(Tensor z, Tensor normalisers) {
            Tensor p = probabilities.narrow(0, 0, z.size(0));
            p.setToSub(z, normalisers);
            p.expInPlace();
        }

        void score(Scores scores, Tensor h, Tensor y, long start, long n) {
            Tensor z = logits(h, n);
            Tensor p = probabilities.narrow(0, 0, n);
            Tensor largest = z.amaxKeep(1); // [n, 1]
            p.setToSub(z, largest).expInPlace();
            Tensor normaliser = p.sum(1, true).log().add(largest); // [n, 1]
            p.mulInPlace(largest.sub(normaliser).exp());
            Tensor chosen = z.gather(1, y.unsqueeze(1)); // [n, 1]
            scores.logps()
                    .narrow(0, start, n)
                    .copyInPlace(chosen.sub(normaliser).reshape(n));
            scores.normalisers().narrow(0, start, n).copyInPlace(normaliser.reshape(n));
            scores.hits().narrow(0, start, n).copyInPlace(chosen.ge(largest).reshape(n));
            // Entropy is logsumexp(z) − Σ p z, row by row a dot product: no third [n, vocabulary] is made.
            Tensor mean = p.unsqueeze(1).matmul(z.unsqueeze(2)).reshape(n);
            scores.entropies()
                    .narrow(0, start, n)
                    .copyInPlace(normaliser.reshape(n).sub(mean));
            if (squaredMass) {
                Tensor mass = p.unsqueeze(1).matmul(p.unsqueeze(2)).reshape(n);
                scores.squaredMass().narrow(0, start, n).copyInPlace(mass.log());
            }
        }

        /**
         * −e p (log p + H) of n rows, [n, vocabulary]; where p is 0, so is this. H is computed anew from the same p: that of
         * the way forth is a small difference of large numbers, and with it a row's sum would not be 0.
         */
        Tensor ofEntropies(Tensor gradient, long n) {
            Tensor p = probabilities.narrow(0, 0, n);
            Tensor logs = p.clampMin(LEAST_PROBABILITY).log();
            Tensor minusEntropy = p.mul(logs).sum(1, true).div(p.sum(1, true)); // [n, 1]
            return logs.addInPlace(minusEntropy, -1)
                    .mulInPlace(p)
                    .mulInPlace(gradient.neg().unsqueeze(1));
        }

        /** From the probabilities of n rows to their gradients, and what these have besides. */
        void back(
                Tensor h,
                Tensor y,
                Tensor gradient,
                @Nullable Tensor besides,
                Tensor hiddenGradient,
                @Nullable Tensor headGradient,
                long n) {
            Tensor dz = probabilities.narrow(0, 0, n);
            Tensor d = gradient.unsqueeze(1); // [n, 1]
            dz.mulInPlace(d.neg());
            if (besides != null) {
                dz.addInPlace(besides, 1);
            }
            dz.scatterAddInPlace(1, y.unsqueeze(1), d);
            if (softcap > 0) { // dz/d(W h) = 1 − (z / c)²
                Tensor z = logits.narrow(0, 0, n);
                z.mulInPlace(temperature / softcap);
                dz.mulInPlace(z.setToMul(z, z).mulInPlace(-1).addInPlace(1));
            }
            if (temperature != 1) {
                dz.mulInPlace(1 / temperature);
            }
            Tensor narrow = dz.to(head.dtype());
            hiddenGradient.setToMm(narrow, head);
            if (headGradient != null) {
                headGradient.addmmInPlace(narrow.transpose(0, 1), h);
            }
        }
    }
}
