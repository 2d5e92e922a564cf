package dev.plumb.hub;

import dev.plumb.config.PlumbException;
import dev.plumb.model.Architecture;
import dev.plumb.model.Weights;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** Reads the parameters of an architecture out of a folder; whatever does not fit is reported at once, before any is read. */
final class WeightsReader implements AutoCloseable {
    /** Buffers that older software stored beside the parameters. They follow from the config. */
    private static final Pattern BUFFER =
            Pattern.compile(".*\\.rotary_emb\\.inv_freq|(transformer\\.)?h\\.\\d+\\.attn\\.(masked_)?bias"
                    + "|(gpt_neox\\.)?layers\\.\\d+\\.attention\\.(masked_)?bias");

    private static final int SHOWN = 20;

    private final Path folder;
    private final Architecture shape;
    private final StoredTensors stored;
    private final Map<String, String> storedName = new LinkedHashMap<>();

    private WeightsReader(Path folder, Architecture shape, StoredTensors stored) {
        this.folder = folder;
        this.shape = shape;
        this.stored = stored;
    }

    static WeightsReader open(Path folder, Architecture shape) {
        WeightsReader reader = new WeightsReader(folder, shape, StoredTensors.open(folder));
        try {
            reader.check();
        } catch (RuntimeException e) {
            reader.close();
            throw e;
        }
        return reader;
    }

    /** The type of the embedding in its file. */
    DType storedType() {
        return stored.dtype(storedName.get(shape.names().embedding() + ".weight"))
                .orElseThrow();
    }

    private void check() {
        List<String> faults = new ArrayList<>();
        TreeSet<String> left = new TreeSet<>(stored.names());
        shape.parameters().forEach((name, size) -> {
            Optional<String> found = find(name);
            if (found.isEmpty()) {
                faults.add(name + " " + Arrays.toString(size) + " is missing");
                return;
            }
            left.remove(found.get());
            storedName.put(name, found.get());
            long[] has = stored.shape(found.get());
            if (!Arrays.equals(has, size)) {
                faults.add(name + " has the shape " + Arrays.toString(has) + ", but config.json asks for "
                        + Arrays.toString(size));
            } else if (!stored.dtype(found.get()).map(DType::isFloat).orElse(false)) {
                faults.add(name + " is not stored as F64, F32, F16 or BF16");
            }
        });
        left.removeIf(name -> BUFFER.matcher(name).matches());
        String head = shape.names().head() + ".weight";
        boolean copiedHead = shape.tied() && left.remove(head);
        left.forEach(
                name -> faults.add(name + " is not a parameter of a " + shape.family() + " model with this config"));
        if (!faults.isEmpty()) {
            throw new PlumbException(folder + ": its weights do not fit its config.json: "
                    + String.join("; ", faults.subList(0, Math.min(SHOWN, faults.size())))
                    + (faults.size() > SHOWN ? "; and " + (faults.size() - SHOWN) + " more" : "") + ".");
        }
        if (copiedHead) {
            checkTied(head);
        }
    }

    /** Checkpoints of a bare model lack the outermost part of each name. */
    private Optional<String> find(String name) {
        if (stored.has(name)) {
            return Optional.of(name);
        }
        String bare = name.substring(name.indexOf('.') + 1);
        boolean isHead = name.equals(shape.names().head() + ".weight");
        return !isHead && stored.has(bare) ? Optional.of(bare) : Optional.empty();
    }

    private void checkTied(String head) {
        try (Scope scope = Scope.open()) {
            Tensor copy = stored.read(head);
            Tensor embedding = stored.read(storedName.get(shape.names().embedding() + ".weight"));
            if (!Arrays.equals(copy.shape(), embedding.shape())
                    || copy.to(embedding.dtype()).ne(embedding).sum().itemLong() > 0) {
                throw new PlumbException(
                        folder + ": config.json ties the output projection to the embedding, but the stored " + head
                                + " differs from it; set tie_word_embeddings to false to use it, or remove it.");
            }
        }
    }

    Weights load(DType type, Device device) {
        Map<String, Tensor> made = new LinkedHashMap<>();
        try {
            storedName.forEach((name, source) -> {
                try (Scope scope = Scope.open();
                        NoGrad guard = NoGrad.open()) {
                    made.put(name, Scope.release(stored.read(source).to(type).to(device)));
                }
            });
        } catch (RuntimeException e) {
            made.values().forEach(Tensor::close);
            throw e;
        }
        return new Weights(made);
    }

    @Override
    public void close() {
        stored.close();
    }
}
