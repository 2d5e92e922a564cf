package dev.plumb.hub;

import dev.plumb.config.PlumbException;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Which files of a repository make a checkpoint. Formats that can run code are never among them. */
final class ModelFiles {
    private static final PathMatcher COMPANIONS =
            FileSystems.getDefault().getPathMatcher("glob:" + CheckpointWriter.COMPANIONS);

    private ModelFiles() {}

    /** The config, the tokenizer and, if there is one, the index of the weights: small, and first. */
    static List<String> small(List<String> files) {
        return files.stream()
                .filter(file -> file.equals("config.json")
                        || file.equals(StoredTensors.INDEX) && !files.contains(StoredTensors.SINGLE)
                        || file.matches("additional_chat_templates/[^/]+\\.jinja")
                        || COMPANIONS.matches(Path.of(file)) && !file.endsWith(".bin"))
                .toList();
    }

    /**
     * The weights, in one file or in those of the index.
     *
     * @param files of the repository
     * @param snapshot where the small files lie
     */
    static List<String> weights(List<String> files, Path snapshot) {
        if (files.contains(StoredTensors.SINGLE)) {
            return List.of(StoredTensors.SINGLE);
        }
        ConfigFile index = ConfigFile.read(snapshot.resolve(StoredTensors.INDEX));
        ConfigFile map = index.object("weight_map").orElseThrow(() -> index.fault("weight_map", "is missing"));
        Set<String> shards = new LinkedHashSet<>();
        for (String tensor : map.keys()) {
            String shard = map.text(tensor, "");
            if (!files.contains(shard)) {
                throw map.fault(tensor, "is said to be in '" + shard + "', but there is no such file");
            }
            shards.add(shard);
        }
        return List.copyOf(shards);
    }

    /** Refuses a repository that cannot be a model before anything of it is fetched. */
    static void requireModel(HubId id, List<String> files) {
        if (!files.contains("config.json")) {
            throw new PlumbException(id
                    + (files.contains("adapter_config.json")
                            ? " holds an adapter, not a model; name its base model here."
                            : " is no model that can be read: it holds no config.json."));
        }
    }

    /** Refuses a repository without weights in the one format that is read. */
    static void requireWeights(HubId id, List<String> files) {
        if (!files.contains(StoredTensors.SINGLE) && !files.contains(StoredTensors.INDEX)) {
            boolean pickled = files.stream().anyMatch(file -> file.matches("[^/]*\\.(bin|pt|pth|ckpt)"));
            throw new PlumbException(id + " holds neither " + StoredTensors.SINGLE + " nor " + StoredTensors.INDEX
                    + (pickled
                            ? ", only weights in a format that can run code; look for a revision with safetensors, and"
                                    + " name it as in " + id.name() + "@refs/pr/1."
                            : ", so no weights; name another model or revision."));
        }
    }
}
