package dev.plumb.train;

import dev.plumb.data.TokenStore;
import dev.plumb.hub.Safetensors;
import dev.plumb.objective.RewardObjective;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * A number that an objective trains beside the model. It stands in a file of its own in the model's folder, so that other tools
 * load the model as it is.
 *
 * @param name of the number
 * @param value itself, outside of all scopes, [1], of 32 bits
 */
record TrainedNumber(String name, Tensor value) implements AutoCloseable {
    static final String FILE = "reward_loss.safetensors";

    /**
     * The number of an objective: that of the model which the run starts from, or fresh.
     *
     * @param objective whose it is
     * @param model folder of the model
     * @param rows what is learnt
     * @return the number; empty if the objective has none
     */
    static Optional<TrainedNumber> of(RewardObjective objective, Path model, TokenStore rows, Device device) {
        return objective.parameter().map(name -> {
            double start =
                    stored(model.resolve(FILE), name).orElseGet(() -> objective.parameterAtStart(tieShare(rows)));
            try (Scope scope = Scope.open();
                    NoGrad guard = NoGrad.open()) {
                Tensor value = Tensor.full(start, DType.FLOAT32, device, 1);
                return new TrainedNumber(name, Scope.release(value).requiresGrad(true));
            }
        });
    }

    private static Optional<Double> stored(Path file, String name) {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try (Safetensors stored = Safetensors.open(file);
                Scope scope = Scope.open()) {
            return stored.names().contains(name) ? Optional.of(stored.read(name).item()) : Optional.empty();
        }
    }

    /** Share of ties among all pairs of rows. */
    private static double tieShare(TokenStore rows) {
        long ties = 0;
        long all = 0;
        for (long row : rows.rows()) {
            Compared compared = Compared.of(rows.get(row));
            long completions = compared.ranks().length;
            long pairs = completions * (completions - 1) / 2;
            all += pairs;
            ties += pairs - compared.pairs().size();
        }
        return (double) ties / Math.max(1, all);
    }

    /** Writes it into a model's folder. */
    void writeTo(Path folder) {
        Safetensors.write(folder.resolve(FILE), Map.of(name, value), Optional.empty());
    }

    @Override
    public void close() {
        value.close();
    }
}
