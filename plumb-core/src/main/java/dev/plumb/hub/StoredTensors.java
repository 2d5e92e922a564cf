package dev.plumb.hub;

import dev.plumb.config.PlumbException;
import dev.plumb.tensor.DType;
import dev.plumb.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The tensors of a checkpoint folder, in one file or in several that an index names. */
final class StoredTensors implements AutoCloseable {
    static final String SINGLE = "model.safetensors";
    static final String INDEX = "model.safetensors.index.json";

    private final Path folder;
    private final Map<Path, Safetensors> files = new LinkedHashMap<>();
    private final Map<String, Safetensors> fileOf = new LinkedHashMap<>();

    private StoredTensors(Path folder) {
        this.folder = folder;
    }

    static StoredTensors open(Path folder) {
        StoredTensors stored = new StoredTensors(folder);
        try {
            if (Files.exists(folder.resolve(SINGLE))) {
                stored.addSingle();
            } else if (Files.exists(folder.resolve(INDEX))) {
                stored.addShards();
            } else if (Files.exists(folder.resolve("pytorch_model.bin"))
                    || Files.exists(folder.resolve("pytorch_model.bin.index.json"))) {
                throw new PlumbException(
                        folder + ": holds its weights only as pytorch_model.bin, a format that can run "
                                + "code; convert them to " + SINGLE + " first.");
            } else {
                throw new PlumbException(folder + ": holds neither " + SINGLE + " nor " + INDEX + ", so no weights.");
            }
        } catch (RuntimeException e) {
            stored.close();
            throw e;
        }
        return stored;
    }

    private void addSingle() {
        Safetensors file = opened(folder.resolve(SINGLE));
        file.names().forEach(name -> fileOf.put(name, file));
    }

    private void addShards() {
        ConfigFile index = ConfigFile.read(folder.resolve(INDEX));
        ConfigFile map = index.object("weight_map").orElseThrow(() -> index.fault("weight_map", "is missing"));
        for (String name : map.keys()) {
            String shard = map.text(name, "");
            Path path = folder.resolve(shard);
            if (!folder.equals(path.getParent()) || !Files.isRegularFile(path)) {
                throw map.fault(
                        name, "is said to be in '" + shard + "', but the folder has no such file; fetch it again");
            }
            Safetensors file = opened(path);
            if (!file.names().contains(name)) {
                throw map.fault(name, "is said to be in '" + shard + "', but that file has no such tensor");
            }
            fileOf.put(name, file);
        }
    }

    private Safetensors opened(Path path) {
        return files.computeIfAbsent(path, Safetensors::open);
    }

    Set<String> names() {
        return fileOf.keySet();
    }

    boolean has(String name) {
        return fileOf.containsKey(name);
    }

    long[] shape(String name) {
        return fileOf.get(name).shape(name);
    }

    Optional<DType> dtype(String name) {
        return fileOf.get(name).dtype(name);
    }

    Tensor read(String name) {
        return fileOf.get(name).read(name);
    }

    @Override
    public void close() {
        files.values().forEach(Safetensors::close);
    }
}
