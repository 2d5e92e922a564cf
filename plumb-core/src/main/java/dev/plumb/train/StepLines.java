package dev.plumb.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.plumb.config.PlumbException;
import dev.plumb.hub.AtomicFiles;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Consumer;

/**
 * A file of JSON objects, one a line, each with a {@code step}. A line reaches the operating system before the call that
 * wrote it returns, so a killed process loses at most the line it was writing.
 */
final class StepLines implements AutoCloseable {
    static final JsonMapper JSON = new JsonMapper();

    private final Path file;
    private final OutputStream out;

    private StepLines(Path file, OutputStream out) {
        this.file = file;
        this.out = out;
    }

    /**
     * Opens the file for appending, and first drops the lines of steps after the given one and a torn last line.
     *
     * @param kept is told the lines that stay
     */
    static StepLines open(Path file, long lastStep, Consumer<JsonNode> kept) {
        try {
            if (Files.exists(file)) {
                AtomicFiles.write(
                        file,
                        copy -> read(file, line -> {
                            if (line.step() <= lastStep) {
                                copy.write(line.bytes());
                                copy.write('\n');
                                kept.accept(line.object());
                            }
                        }));
            }
            return new StepLines(
                    file, Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND));
        } catch (IOException e) {
            throw new PlumbException(file + " cannot be opened for writing (" + RunFolder.reason(e) + ").", e);
        }
    }

    void append(ObjectNode object) {
        try {
            out.write((object + "\n").getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new PlumbException(
                    file + " cannot be written (" + RunFolder.reason(e)
                            + "): mend this and go on from the last checkpoint with `--resume`.",
                    e);
        }
    }

    @Override
    public void close() {
        try {
            out.close();
        } catch (IOException e) {
            throw new PlumbException(file + " cannot be closed (" + RunFolder.reason(e) + ").", e);
        }
    }

    /** Reads the objects; a torn last line is passed over, any other fault is told with its line. */
    static void objects(Path file, Consumer<JsonNode> each) {
        try {
            read(file, line -> each.accept(line.object()));
        } catch (IOException e) {
            throw new PlumbException(file + " cannot be read (" + RunFolder.reason(e) + ").", e);
        }
    }

    private record Line(byte[] bytes, JsonNode object) {
        long step() {
            return object.path("step").asLong(0);
        }
    }

    @FunctionalInterface
    private interface Lines {
        void accept(Line line) throws IOException;
    }

    private static void read(Path file, Lines each) throws IOException {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            long number = 0;
            for (int b = in.read(); b >= 0; b = in.read()) {
                if (b != '\n') {
                    line.write(b);
                    continue;
                }
                number++;
                byte[] bytes = line.toByteArray();
                line.reset();
                each.accept(new Line(bytes, parse(file, number, bytes)));
            }
        }
    }

    private static JsonNode parse(Path file, long number, byte[] bytes) throws IOException {
        try {
            JsonNode object = JSON.readTree(bytes);
            if (object.isObject()) {
                return object;
            }
        } catch (JsonProcessingException e) {
            throw new PlumbException(damaged(file, number), e);
        }
        throw new PlumbException(damaged(file, number));
    }

    private static String damaged(Path file, long number) {
        return file + ":" + number + " is not a JSON object: the file was changed or damaged; delete that line.";
    }
}
