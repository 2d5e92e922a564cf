package dev.plumb.hub;

import dev.plumb.config.PlumbException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Models and data by name: what is no path on this machine but may be the id of a repository, {@code org/name} or
 * {@code org/name@revision}, is fetched from the hub that {@code HF_ENDPOINT} names, into the cache that other tools share.
 * {@code HF_TOKEN}, {@code HF_HOME}, {@code HF_HUB_CACHE} and {@code HF_HUB_OFFLINE} mean what they mean there. The hub is
 * asked only for names that need it.
 */
public final class Hub {
    private final Map<String, String> environment;
    private final PrintStream out;
    private final HubPatience patience;
    private final List<HubOrigin> pins;

    Hub(Map<String, String> environment, PrintStream out, HubPatience patience, List<HubOrigin> pins) {
        this.environment = environment;
        this.out = out;
        this.patience = patience;
        this.pins = pins;
    }

    /**
     * The hub that the environment of this process names; it tells of its downloads on the standard error output.
     *
     * @return the hub
     */
    public static Hub ofEnvironment() {
        return new Hub(System.getenv(), System.err, HubPatience.USUAL, List.of());
    }

    /**
     * Files on this machine.
     *
     * @param paths one folder, or files
     * @param origin where they were fetched from; empty for what was on this machine all along
     */
    public record Found(List<Path> paths, Optional<HubOrigin> origin) {
        /** Copies the list. */
        public Found {
            paths = List.copyOf(paths);
        }

        /**
         * The only one.
         *
         * @return the folder or file
         * @throws IllegalStateException if there are several
         */
        public Path path() {
            if (paths.size() != 1) {
                throw new IllegalStateException("there are " + paths.size() + " files");
            }
            return paths.get(0);
        }
    }

    /**
     * The same hub with commits that revisions are taken to be, whatever they are there now.
     *
     * @param origins as they were recorded
     * @return the hub
     */
    public Hub pinned(List<HubOrigin> origins) {
        return new Hub(environment, out, patience, List.copyOf(origins));
    }

    /**
     * The folder of a model. Of a repository only the config, the tokenizer, chat templates, licences and safetensors are
     * fetched.
     *
     * @param written a folder or an id
     * @return the folder; as written if it is there or can be no id
     * @throws PlumbException if it is neither a folder nor a model that can be fetched, or has no safetensors
     */
    public Found model(Path written) {
        Optional<HubId> named = id(HubId.Kind.MODEL, written);
        if (named.isEmpty()) {
            return new Found(List.of(written), Optional.empty());
        }
        HubId id = named.get();
        HubRepository repository = open(id);
        List<String> files = repository.files();
        repository.requireWhole(files.contains("config.json")
                && (files.contains(StoredTensors.SINGLE) || files.contains(StoredTensors.INDEX)));
        ModelFiles.requireModel(id, files);
        ModelFiles.requireWeights(id, files);
        repository.need(ModelFiles.small(files));
        repository.need(ModelFiles.weights(files, repository.snapshot()));
        return new Found(List.of(repository.snapshot()), Optional.of(id.origin(repository.commit())));
    }

    /**
     * Files of rows. Of a repository it is the set to learn from, or that to measure on, or what follows the revision in
     * {@code org/name@revision/path}.
     *
     * @param written a file or an id
     * @param heldOut whether rows to measure on are wanted
     * @return the files; as written if it is there or can be no id
     * @throws PlumbException if it is neither a file nor data that can be fetched, or if it holds several sets that could be
     *     meant
     */
    public Found data(Path written, boolean heldOut) {
        Optional<HubId> named = id(HubId.Kind.DATASET, written);
        if (named.isEmpty()) {
            return new Found(List.of(written), Optional.empty());
        }
        HubId id = named.get();
        HubRepository repository = open(id);
        repository.requireWhole(repository.files().contains(id.inside()));
        List<String> files = DatasetFiles.choose(id, repository.files(), heldOut);
        repository.need(files);
        return new Found(
                files.stream().map(repository.snapshot()::resolve).toList(),
                Optional.of(id.origin(repository.commit())));
    }

    private static Optional<HubId> id(HubId.Kind kind, Path written) {
        return Files.exists(written) ? Optional.empty() : HubId.of(kind, written);
    }

    private HubRepository open(HubId id) {
        Optional<String> pin = pins.stream()
                .filter(origin -> id.origin(origin.commit()).equals(origin))
                .map(HubOrigin::commit)
                .findFirst();
        return HubRepository.open(
                pin.map(id::at).orElse(id), HubSettings.of(environment), patience, new HubProgress(out));
    }
}
