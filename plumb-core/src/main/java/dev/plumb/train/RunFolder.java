package dev.plumb.train;

import dev.plumb.config.PlumbException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;

/**
 * A run folder that this process writes and no other does. The claim is a lock of the operating system on
 * {@code run.lock}, which ends with the process however that ends, so a killed run leaves nothing to clear by hand.
 */
public final class RunFolder implements AutoCloseable {
    /** Far behind the text of the lock file: where locks are mandatory, others can still read who holds it. */
    private static final long LOCKED_BYTE = Long.MAX_VALUE - 1;

    private final RunLayout layout;
    private final FileChannel lock;

    private RunFolder(RunLayout layout, FileChannel lock) {
        this.layout = layout;
        this.lock = lock;
    }

    /**
     * Opens a folder for writing a run. Half-written files of a killed process are removed.
     *
     * @param root the folder; created, with its parents, for a new run
     * @param resume whether to go on with the run that the folder holds
     * @return the folder, locked until closed
     * @throws PlumbException if it cannot be written, another process writes it, it holds a run and {@code resume} is
     *     false, or it does not exist and {@code resume} is true
     */
    public static RunFolder open(Path root, boolean resume) {
        requireFolder(root);
        if (resume && !Files.exists(root)) {
            throw new PlumbException("There is no run at " + root
                    + " to resume: leave out `--resume` to start one, or correct `output`.");
        }
        RunLayout layout = new RunLayout(root);
        boolean known = Files.exists(layout.lock());
        RunFolder folder;
        try {
            Files.createDirectories(root);
            folder = new RunFolder(layout, claim(layout));
        } catch (IOException e) {
            throw new PlumbException(
                    "The run folder " + root + " cannot be written (" + reason(e)
                            + "): make it writable or choose another `output`.",
                    e);
        }
        try {
            folder.prepare(resume, known);
            return folder;
        } catch (IOException e) {
            folder.close();
            throw new PlumbException("The run folder " + root + " cannot be made ready (" + reason(e) + ").", e);
        } catch (RuntimeException e) {
            folder.close();
            throw e;
        }
    }

    /**
     * Refuses what {@link #open} would refuse for a new run, and creates nothing.
     *
     * @param root the folder
     * @throws PlumbException if a run cannot be started there
     */
    public static void requireVacant(Path root) {
        requireFolder(root);
        RunLayout layout = new RunLayout(root);
        requireNoRun(layout, Files.exists(layout.lock()));
        Path there = root.toAbsolutePath();
        while (!Files.exists(there)) {
            there = there.getParent();
        }
        if (!Files.isWritable(there)) {
            throw new PlumbException("The run folder " + root + " cannot be written (" + there
                    + " is read-only): make it writable or choose another `output`.");
        }
    }

    private static void requireFolder(Path root) {
        if (Files.exists(root) && !Files.isDirectory(root)) {
            throw new PlumbException(root + " is a file, but a run needs a folder: choose another `output`.");
        }
    }

    private static void requireNoRun(RunLayout layout, boolean known) {
        if (layout.holdsRun()) {
            throw new PlumbException(layout.root() + " already holds a run: add `--resume` to go on with it, or choose "
                    + "another `output`.");
        }
        if (!known && Files.exists(layout.config())) {
            throw new PlumbException(layout.config()
                    + " was not written by a run, and a run started here would overwrite it: choose another `output`.");
        }
    }

    private static FileChannel claim(RunLayout layout) throws IOException {
        FileChannel channel = FileChannel.open(layout.lock(), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            FileLock held;
            try {
                held = channel.tryLock(LOCKED_BYTE, 1, false);
            } catch (OverlappingFileLockException e) {
                held = null; // this very process holds it
            }
            if (held == null) {
                throw new PlumbException(layout.root() + " is being written by process "
                        + Files.readString(layout.lock()).strip()
                        + ": wait for it, end it, or choose another `output`.");
            }
            String holder = ProcessHandle.current().pid() + "\n";
            channel.truncate(0);
            channel.write(ByteBuffer.wrap(holder.getBytes(StandardCharsets.UTF_8)), 0);
            channel.force(true);
            return channel;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** Decides on what lies there; {@code known} tells that Plumb opened this folder before. */
    private void prepare(boolean resume, boolean known) throws IOException {
        if (!resume) {
            requireNoRun(layout, known);
        }
        checkpoints().removeLeftovers();
        for (Path file : layout.derived()) {
            Files.deleteIfExists(file.resolveSibling(file.getFileName() + ".part"));
            if (!resume) {
                Files.deleteIfExists(file); // of a start that ended before its first step
            }
        }
        Files.deleteIfExists(layout.config().resolveSibling("config.yaml.part"));
        if (!resume) {
            Folders.delete(layout.events());
        }
    }

    /**
     * The names inside.
     *
     * @return the layout
     */
    public RunLayout layout() {
        return layout;
    }

    /**
     * The checkpoints inside.
     *
     * @return the checkpoints
     */
    public Checkpoints checkpoints() {
        return new Checkpoints(layout);
    }

    /**
     * Refuses a run for which the disk is too small, before its first step rather than at its last.
     *
     * @param bytes what the run will write at most: kept checkpoints, one more while it is written, and the final model
     * @throws PlumbException if less is free
     */
    public void requireFreeSpace(long bytes) {
        long free;
        try {
            free = Files.getFileStore(layout.root()).getUsableSpace();
        } catch (IOException e) {
            throw new PlumbException(
                    "The free space at " + layout.root() + " cannot be found out (" + reason(e) + ").", e);
        }
        if (free < bytes) {
            throw new PlumbException(String.format(
                    Locale.ROOT,
                    "The run will write about %s to %s, where only %s are free: free some space, keep fewer "
                            + "checkpoints, or choose another `output`.",
                    size(bytes),
                    layout.root(),
                    size(free)));
        }
    }

    /** Gives the folder back to other processes. */
    @Override
    public void close() {
        try {
            lock.close();
        } catch (IOException e) {
            throw new PlumbException("The lock " + layout.lock() + " cannot be closed (" + reason(e) + ").", e);
        }
    }

    /** Why a file could not be read or written, without its name: that stands in the sentence already. */
    static String reason(IOException e) {
        String text = e instanceof FileSystemException fault ? fault.getReason() : e.getMessage();
        return text != null
                ? text
                : e.getClass()
                        .getSimpleName()
                        .replaceAll("Exception$", "")
                        .replaceAll("(?<=[a-z])(?=[A-Z])", " ")
                        .toLowerCase(Locale.ROOT);
    }

    static String size(long bytes) {
        if (bytes < 1L << 20) {
            return Math.max(1, bytes >> 10) + " KB";
        }
        return bytes < 1L << 30
                ? String.format(Locale.ROOT, "%.1f MB", bytes / 0x1p20)
                : String.format(Locale.ROOT, "%.1f GB", bytes / 0x1p30);
    }
}
