package dev.plumb.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.PlumbException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The checkpoints of a run. One is written as {@code step-N.part}, forced to disk and then renamed, and it is taken
 * apart under that name too, so at any moment of a kill {@code step-N} is whole or not there. The file
 * {@code complete.json} in it is written last and says which step it is and how good.
 */
public final class Checkpoints {
    private static final Pattern NAME = Pattern.compile("step-(\\d{1,18})");
    private static final String MARKER = "complete.json";
    private static final String PART = ".part";
    private static final JsonMapper JSON = new JsonMapper();

    private final RunLayout layout;

    Checkpoints(RunLayout layout) {
        this.layout = layout;
    }

    /**
     * A whole checkpoint.
     *
     * @param step the number of optimiser steps done
     * @param folder where it lies
     * @param score how good it was on held-out rows, larger is better; empty if it was not evaluated
     */
    public record Checkpoint(long step, Path folder, OptionalDouble score) {}

    /** Writes the files of a model or a training state. */
    @FunctionalInterface
    public interface Writer {
        /**
         * Writes the files.
         *
         * @param folder an empty folder
         * @throws IOException if they cannot be written
         */
        void write(Path folder) throws IOException;
    }

    /**
     * The whole checkpoints, oldest first.
     *
     * @return those whose writing was finished
     */
    public List<Checkpoint> complete() {
        List<Checkpoint> found = new ArrayList<>();
        for (Path folder : children(layout.checkpoints())) {
            Matcher name = NAME.matcher(folder.getFileName().toString());
            if (name.matches()) {
                read(folder, Long.parseLong(name.group(1))).ifPresent(found::add);
            }
        }
        found.sort(Comparator.comparingLong(Checkpoint::step));
        return List.copyOf(found);
    }

    /**
     * The checkpoint to resume from.
     *
     * @return the one with the most steps, empty if there is none
     */
    public Optional<Checkpoint> newest() {
        List<Checkpoint> all = complete();
        return all.isEmpty() ? Optional.empty() : Optional.of(all.get(all.size() - 1));
    }

    /**
     * The checkpoint with the best score; among equals, the earliest.
     *
     * @return empty if none has a score that is a number
     */
    public Optional<Checkpoint> best() {
        Checkpoint best = null;
        for (Checkpoint candidate : complete()) {
            double score = candidate.score().orElse(Double.NaN);
            if (!Double.isNaN(score) && (best == null || score > best.score().getAsDouble())) {
                best = candidate;
            }
        }
        return Optional.ofNullable(best);
    }

    /**
     * Writes a checkpoint. One that exists for this step already is kept as it is.
     *
     * @param step the number of optimiser steps done
     * @param score how good it is, larger is better (a loss is given negated); empty if it was not evaluated
     * @param writer writes the files
     * @return the checkpoint
     * @throws PlumbException if it cannot be written; then nothing of it is left and earlier ones are untouched
     */
    public Checkpoint save(long step, OptionalDouble score, Writer writer) {
        Path target = layout.checkpoints().resolve("step-" + step);
        Optional<Checkpoint> there = read(target, step);
        if (there.isPresent()) {
            return there.get();
        }
        ObjectNode marker = JSON.createObjectNode().put("step", step);
        if (score.isPresent()) {
            marker.put("score", score.getAsDouble());
        }
        write(target, "The checkpoint of step " + step, folder -> {
            writer.write(folder);
            Files.writeString(folder.resolve(MARKER), marker + "\n");
        });
        return new Checkpoint(step, target, score);
    }

    /**
     * Writes the trained model to {@code final}, in place of one that may be there.
     *
     * @param writer writes the files
     * @return the folder
     * @throws PlumbException if it cannot be written
     */
    public Path saveFinal(Writer writer) {
        write(layout.finalModel(), "The final model", writer);
        return layout.finalModel();
    }

    /**
     * Deletes old checkpoints.
     *
     * @param keepLast how many of the newest to keep, at least 1
     * @param keepBest whether to keep the one with the best score as well
     * @return the steps of those deleted
     */
    public List<Long> prune(int keepLast, boolean keepBest) {
        if (keepLast < 1) {
            throw new IllegalArgumentException("keepLast must be at least 1, not " + keepLast);
        }
        List<Checkpoint> all = complete();
        Set<Long> kept = new HashSet<>();
        all.subList(Math.max(0, all.size() - keepLast), all.size()).forEach(c -> kept.add(c.step()));
        if (keepBest) {
            best().ifPresent(c -> kept.add(c.step()));
        }
        return delete(all.stream().filter(c -> !kept.contains(c.step())).toList());
    }

    /**
     * Deletes the checkpoints of steps that a resumed run is going to repeat.
     *
     * @param step the step that the run goes on from
     * @return the steps of those deleted
     */
    public List<Long> discardAfter(long step) {
        return delete(complete().stream().filter(c -> c.step() > step).toList());
    }

    /** Removes what a killed process left half written or half deleted. */
    void removeLeftovers() throws IOException {
        for (Path child : children(layout.checkpoints())) {
            String name = child.getFileName().toString();
            if (name.startsWith("step-") && name.endsWith(PART)) {
                Folders.delete(child);
            }
        }
        Path whole = replaced(layout.finalModel());
        if (Files.exists(whole) && !Files.exists(layout.finalModel())) {
            Files.move(whole, layout.finalModel(), StandardCopyOption.ATOMIC_MOVE);
        }
        Folders.delete(whole);
        Folders.delete(part(layout.finalModel()));
    }

    private void write(Path target, String what, Writer writer) {
        Path part = part(target);
        try {
            Folders.delete(part);
            Files.createDirectories(part);
            writer.write(part);
            Folders.force(part);
            if (Files.exists(target)) {
                Files.move(target, replaced(target), StandardCopyOption.ATOMIC_MOVE);
            }
            Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
            Folders.delete(replaced(target));
        } catch (IOException | UncheckedIOException | PlumbException e) {
            try {
                Folders.delete(part);
            } catch (IOException left) {
                e.addSuppressed(left); // the next start removes it
            }
            String good = newest().map(c ->
                            "The last good checkpoint is " + c.folder() + "; mend this and go on with " + "`--resume`.")
                    .orElse("There is no earlier checkpoint.");
            throw new PlumbException(what + " could not be written to " + target + " (" + reason(e) + "). " + good, e);
        }
    }

    private static String reason(Exception e) {
        if (e instanceof PlumbException told) {
            return told.getMessage().replaceAll("\\.$", "");
        }
        return RunFolder.reason(e instanceof UncheckedIOException wrapped ? wrapped.getCause() : (IOException) e);
    }

    private List<Long> delete(List<Checkpoint> doomed) {
        List<Long> deleted = new ArrayList<>();
        for (Checkpoint checkpoint : doomed) {
            try {
                Path part = part(checkpoint.folder());
                Folders.delete(part);
                Files.move(checkpoint.folder(), part, StandardCopyOption.ATOMIC_MOVE);
                Folders.delete(part);
                deleted.add(checkpoint.step());
            } catch (IOException e) {
                throw new PlumbException(
                        "The old checkpoint " + checkpoint.folder() + " cannot be deleted (" + RunFolder.reason(e)
                                + "): delete it by hand and go on with `--resume`.",
                        e);
            }
        }
        return deleted;
    }

    private static Optional<Checkpoint> read(Path folder, long step) {
        try {
            JsonNode marker = JSON.readTree(Files.readString(folder.resolve(MARKER)));
            if (marker.path("step").asLong(-1) != step) {
                return Optional.empty();
            }
            JsonNode score = marker.path("score");
            return Optional.of(new Checkpoint(
                    step,
                    folder,
                    score.isMissingNode() ? OptionalDouble.empty() : OptionalDouble.of(score.asDouble(Double.NaN))));
        } catch (IOException e) {
            return Optional.empty(); // no marker, or one cut short by a power failure: not a whole checkpoint
        }
    }

    private static Path part(Path target) {
        return target.resolveSibling(target.getFileName() + PART);
    }

    private static Path replaced(Path target) {
        return target.resolveSibling(target.getFileName() + ".replaced" + PART);
    }

    private static List<Path> children(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> children = Files.list(folder)) {
            return children.sorted().toList();
        } catch (IOException e) {
            throw new PlumbException("The folder " + folder + " cannot be listed (" + RunFolder.reason(e) + ").", e);
        }
    }
}
