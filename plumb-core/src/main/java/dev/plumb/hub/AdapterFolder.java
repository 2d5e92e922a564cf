package dev.plumb.hub;

import dev.plumb.config.PlumbException;
import dev.plumb.model.Adapter;
import dev.plumb.model.Architecture;
import dev.plumb.model.Decoder;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Device;
import dev.plumb.tensor.NoGrad;
import dev.plumb.tensor.Scope;
import dev.plumb.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Adapters as PEFT keeps them: a folder with adapter_config.json and adapter_model.safetensors. */
public final class AdapterFolder {
    private static final String TENSORS = "adapter_model.safetensors";
    private static final int SHOWN = 10;

    private AdapterFolder() {}

    /**
     * Whether a folder holds an adapter and no model.
     *
     * @param folder any folder
     * @return true if only an adapter's config lies there
     */
    public static boolean isAdapter(Path folder) {
        return Files.exists(folder.resolve(AdapterConfig.NAME)) && !Files.exists(folder.resolve("config.json"));
    }

    /**
     * The model that an adapter was trained on.
     *
     * @param folder the adapter's
     * @return the model's folder
     * @throws PlumbException if the adapter names none, or one that is not here
     */
    public static Path base(Path folder) {
        Optional<String> named = AdapterConfig.read(folder).base();
        Optional<Path> base = named.map(Path::of).filter(Files::isDirectory);
        return base.orElseThrow(() -> new PlumbException(folder + ": holds an adapter to "
                + named.map(name -> "the model '" + name + "', which is no folder here")
                        .orElse("a model it does not name")
                + "; give the model's folder as model=… and this one as adapter=…."));
    }

    /**
     * Reads an adapter.
     *
     * @param folder the adapter's
     * @param decoder the model that it is for
     * @return the adapter, where the model's weights live, outside of all scopes
     * @throws PlumbException if it is none that can be read, or does not fit the model, naming all tensors that do not
     */
    public static Adapter read(Path folder, Decoder decoder) {
        if (!Files.exists(folder.resolve(AdapterConfig.NAME))) {
            throw new PlumbException(
                    Files.isDirectory(folder)
                            ? folder + ": holds no adapter_config.json; the folder of a PEFT adapter is needed."
                            : folder + ": there is no such folder; the folder of a PEFT adapter is needed.");
        }
        AdapterConfig config = AdapterConfig.read(folder);
        if (!Files.exists(folder.resolve(TENSORS))) {
            throw new PlumbException(
                    Files.exists(folder.resolve("adapter_model.bin"))
                            ? folder
                                    + ": holds its weights only as adapter_model.bin, a format that can run code; convert"
                                    + " them to " + TENSORS + " first."
                            : folder + ": holds no " + TENSORS + ", so no weights.");
        }
        Architecture shape = decoder.architecture();
        List<String> named = config.layers(folder, shape);
        try (Safetensors file = Safetensors.open(folder.resolve(TENSORS))) {
            List<String> layers = named.isEmpty() ? held(config, shape, file.names()) : named;
            Map<String, long[]> wanted = config.settings().parameters(shape, layers);
            check(folder, shape, file, wanted);
            return new Adapter(config.settings(), layers, read(file, wanted.keySet(), decoder.device()));
        }
    }

    private static Map<String, Tensor> read(Safetensors file, Set<String> names, Device device) {
        Map<String, Tensor> made = new LinkedHashMap<>();
        try {
            for (String name : names) {
                try (Scope scope = Scope.open();
                        NoGrad guard = NoGrad.open()) {
                    made.put(
                            name,
                            Scope.release(file.read(name).to(DType.FLOAT32).to(device)));
                }
            }
        } catch (RuntimeException e) {
            made.values().forEach(Tensor::close);
            throw e;
        }
        return made;
    }

    /** The layers of which the file holds at least one tensor. */
    private static List<String> held(AdapterConfig config, Architecture shape, Set<String> names) {
        return shape.linearLayers().keySet().stream()
                .filter(layer -> config.settings().parameters(shape, List.of(layer)).keySet().stream()
                        .anyMatch(names::contains))
                .toList();
    }

    private static void check(Path folder, Architecture shape, Safetensors file, Map<String, long[]> wanted) {
        List<String> faults = new ArrayList<>();
        wanted.forEach((name, size) -> {
            if (!file.names().contains(name)) {
                faults.add(name + " " + Arrays.toString(size) + " is missing");
            } else if (!Arrays.equals(file.shape(name), size)) {
                faults.add(name + " has the shape " + Arrays.toString(file.shape(name)) + ", but this " + shape.family()
                        + " model and the adapter's r ask for " + Arrays.toString(size));
            } else if (!file.dtype(name).map(DType::isFloat).orElse(false)) {
                faults.add(name + " is not stored as F64, F32, F16 or BF16");
            }
        });
        TreeSet<String> left = new TreeSet<>(file.names());
        left.removeAll(wanted.keySet());
        left.forEach(name -> faults.add(name + " belongs to no layer that the adapter may change"));
        if (wanted.isEmpty() || !faults.isEmpty()) {
            throw new PlumbException(folder + ": the adapter does not fit the model: "
                    + (faults.isEmpty()
                            ? "it holds no tensor"
                            : String.join("; ", faults.subList(0, Math.min(SHOWN, faults.size()))))
                    + (faults.size() > SHOWN ? "; and " + (faults.size() - SHOWN) + " more" : "") + ".");
        }
    }

    /** Writes both files. */
    static void write(Adapter adapter, Architecture shape, String base, Path part) throws IOException {
        AtomicFiles.writeString(part.resolve(AdapterConfig.NAME), AdapterConfig.text(adapter, shape, base));
        Safetensors.writeTo(part.resolve(TENSORS), adapter.parameters(), Optional.empty());
    }
}
