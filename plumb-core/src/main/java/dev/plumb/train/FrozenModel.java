package dev.plumb.train;

import dev.plumb.hub.Safetensors;
import dev.plumb.model.Decoder;
import dev.plumb.model.Weights;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A model as it was before training: where an adapter is trained, the same weights with the adapter off; else a copy of them
 * in memory of its own. If so wished the copy follows the policy, p_ref := α p + (1 - α) p_ref in the weights after every N
 * steps (arXiv 2404.09656, section 3), and is then a part of every checkpoint.
 *
 * <p>As in TRL the policy is taken after the step, before an evaluation of that step. Otherwise than there, a copy of 16 bits
 * is mixed in 32, where the small moves of a small α are not rounded away.
 */
final class FrozenModel implements AutoCloseable {
    /** The moved weights in a checkpoint folder. */
    static final String FILE = "reference.safetensors";

    private final Decoder decoder;
    private final Optional<Weights> copy;
    private final Optional<Moves> moves;

    /**
     * How a copy moves.
     *
     * @param towards the policy's weights
     * @param exact the copy's, of 32 bits; the copy itself where that has them, or where no mixing is asked for
     */
    private record Moves(Weights towards, Map<String, Tensor> exact, double alpha, int every) {}

    private FrozenModel(Decoder decoder, Optional<Weights> copy, Optional<Moves> moves) {
        this.decoder = decoder;
        this.copy = copy;
        this.moves = moves;
    }

    /** One that stays as it is. */
    static FrozenModel of(Decoder start) {
        return of(start, ReferenceSettings.NONE);
    }

    static FrozenModel of(Decoder start, ReferenceSettings settings) {
        if (start.adapter().isPresent()) {
            if (settings.syncRefModel()) {
                throw new IllegalArgumentException("the model below an adapter cannot move");
            }
            return new FrozenModel(start.withoutAdapter(), Optional.empty(), Optional.empty());
        }
        Weights copy = start.weights().frozenCopy();
        Optional<Moves> moves = settings.syncRefModel()
                ? Optional.of(new Moves(
                        start.weights(),
                        settings.refModelMixupAlpha() == 1 ? copy.all() : exact(copy),
                        settings.refModelMixupAlpha(),
                        settings.refModelSyncSteps()))
                : Optional.empty();
        return new FrozenModel(new Decoder(start.architecture(), copy), Optional.of(copy), moves);
    }

    private static Map<String, Tensor> exact(Weights copy) {
        Map<String, Tensor> exact = new LinkedHashMap<>();
        try (Scope scope = Scope.open();
                NoGrad guard = NoGrad.open()) {
            copy.all()
                    .forEach((name, weight) -> exact.put(
                            name, weight.dtype() == DType.FLOAT32 ? weight : Scope.release(weight.to(DType.FLOAT32))));
        }
        return exact;
    }

    Decoder decoder() {
        return decoder;
    }

    /**
     * Moves towards the policy, if it is time.
     *
     * @param steps done so far
     */
    void afterStep(long steps) {
        moves.filter(how -> steps % how.every() == 0).ifPresent(this::move);
    }

    private void move(Moves how) {
        how.exact().forEach((name, exact) -> {
            try (Scope scope = Scope.open();
                    NoGrad guard = NoGrad.open()) {
                Tensor policy = how.towards().get(name).detach();
                if (how.alpha() == 1) {
                    exact.copyInPlace(policy);
                } else {
                    exact.lerpInPlace(policy.to(DType.FLOAT32), how.alpha());
                }
            }
        });
        show(how);
    }

    /** Brings the copy in line with its exact weights. */
    private void show(Moves how) {
        Weights shown = copy.orElseThrow();
        try (NoGrad guard = NoGrad.open()) {
            how.exact().forEach((name, exact) -> {
                if (exact != shown.get(name)) {
                    shown.get(name).copyInPlace(exact);
                }
            });
        }
    }

    /** What a checkpoint must hold so that a later process can go on: nothing, if it never moves. */
    Map<String, Tensor> state() {
        return moves.map(Moves::exact).orElseGet(Map::of);
    }

    void save(Path folder) {
        if (moves.isPresent()) {
            Safetensors.write(folder.resolve(FILE), state(), Optional.empty());
        }
    }

    /** Goes on from where it was when a checkpoint was saved. */
    void load(Path folder) {
        moves.ifPresent(how -> {
            try (Safetensors file = Safetensors.open(folder.resolve(FILE))) {
                TrainerState.copy(file, how.exact());
            }
            show(how);
        });
    }

    @Override
    public void close() {
        moves.ifPresent(how -> how.exact().forEach((name, exact) -> {
            if (exact != copy.orElseThrow().get(name)) {
                exact.close();
            }
        }));
        copy.ifPresent(Weights::close);
    }
}
