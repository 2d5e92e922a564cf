package dev.plumb.hub;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.plumb.config.PlumbException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * One repository in the cache that other tools share: {@code blobs/ETAG}, {@code refs/REVISION} with a commit in it, and
 * {@code snapshots/COMMIT/PATH}, relative links to blobs. Of our own is {@code listings/COMMIT.json}, the names of all files,
 * by which a snapshot is known to be whole without asking the hub.
 *
 * @param root the cache
 * @param folder the repository's folder in it
 */
record HubCache(Path root, Path folder) {
    private static final JsonMapper JSON = new JsonMapper();

    /** What is done while nobody else does it. */
    @FunctionalInterface
    interface Work {
        void run() throws IOException;
    }

    static HubCache of(Path root, HubId id) {
        return new HubCache(
                root, root.resolve(id.kind().plural() + "--" + id.name().replace("/", "--")));
    }

    Path blob(String etag) {
        return folder.resolve("blobs").resolve(etag);
    }

    /** A blob of which a part is there. */
    Path part(String etag) {
        return folder.resolve("blobs").resolve(etag + ".incomplete");
    }

    Path snapshot(String commit) {
        return folder.resolve("snapshots").resolve(commit);
    }

    /** The commit that a revision was when it was last asked for. */
    Optional<String> commit(String revision) throws IOException {
        if (HubId.isCommit(revision)) {
            return Optional.of(revision);
        }
        Path ref = folder.resolve("refs").resolve(revision);
        return Files.isRegularFile(ref)
                ? Optional.of(Files.readString(ref).strip()).filter(HubId::isCommit)
                : Optional.empty();
    }

    /** Keeps what a revision is and what that commit holds. */
    void remember(String revision, HubListing listing) throws IOException {
        if (!HubId.isCommit(revision)) {
            Path ref = folder.resolve("refs").resolve(revision);
            Files.createDirectories(ref.getParent());
            replace(ref, listing.commit());
        }
        Path kept = listing(listing.commit());
        if (!Files.exists(kept)) {
            Files.createDirectories(kept.getParent());
            replace(kept, JSON.writeValueAsString(listing.files()));
        }
    }

    /** As {@link AtomicFiles} does, by way of a name that two processes do not share. */
    private static void replace(Path target, String text) throws IOException {
        Path part = Files.createTempFile(target.getParent(), "." + target.getFileName(), ".part");
        try {
            Files.writeString(part, text);
            Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    private Path listing(String commit) {
        return folder.resolve("listings").resolve(commit + ".json");
    }

    /** All names of a commit, if they were kept. */
    Optional<HubListing> kept(String commit) throws IOException {
        Path kept = listing(commit);
        return Files.exists(kept)
                ? Optional.of(new HubListing(
                        commit, JSON.readValue(Files.readString(kept), new TypeReference<List<String>>() {})))
                : Optional.empty();
    }

    /** The names that are there, where another tool fetched them and did not keep all names. */
    HubListing present(String commit) throws IOException {
        Path snapshot = snapshot(commit);
        if (!Files.isDirectory(snapshot)) {
            return new HubListing(commit, List.of());
        }
        try (Stream<Path> all = Files.walk(snapshot)) {
            return new HubListing(
                    commit,
                    all.filter(Files::isRegularFile)
                            .map(file -> snapshot.relativize(file).toString().replace('\\', '/'))
                            .sorted()
                            .toList());
        }
    }

    /** Makes a blob a file of a snapshot: by a relative link, or by a copy where the file system has no links. */
    static void link(Path file, Path blob) throws IOException {
        Files.createDirectories(file.getParent());
        try {
            Files.createSymbolicLink(file, file.getParent().relativize(blob));
        } catch (FileAlreadyExistsException e) {
            if (Files.exists(file)) {
                return; // another process was as far
            }
            Files.deleteIfExists(file); // a link to a blob that is gone
            link(file, blob);
        } catch (UnsupportedOperationException | FileSystemException e) {
            Path part = Files.createTempFile(file.getParent(), "." + file.getFileName(), ".part");
            Files.copy(blob, part, StandardCopyOption.REPLACE_EXISTING);
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /**
     * Does something about a blob while no other process and no other thread does.
     *
     * @param waiting told once if another process is at it
     */
    void locked(String etag, Runnable waiting, Work work) throws IOException {
        Path lock = root.resolve(".locks").resolve(folder.getFileName()).resolve(etag + ".lock");
        Files.createDirectories(lock.getParent());
        // Locks of files are held by a process. A constant string is one object in all of it, so it parts the threads.
        synchronized (lock.toAbsolutePath().toString().intern()) {
            try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                FileLock held = channel.tryLock();
                if (held == null) {
                    waiting.run();
                    held = channel.lock();
                }
                try (FileLock ours = held) {
                    work.run();
                }
            }
        }
    }

    PlumbException fault(IOException e) {
        return new PlumbException(
                folder + ": the cache of the hub cannot be used: " + IoFault.reason(e)
                        + "; mend that, or set HF_HUB_CACHE to another folder.",
                e);
    }
}
