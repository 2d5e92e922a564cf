package dev.plumb.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.plumb.config.PlumbException;
import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.zip.GZIPInputStream;

/** JSON lines of a file, unpacked if its name ends in .gz, or of the standard input. Blank lines are skipped. */
final class JsonInput implements Closeable {
    /** The name that stands for the standard input. */
    static final Path STANDARD = Path.of("-");

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private final String name;
    private final BufferedReader in;
    private long line;

    /**
     * A row.
     *
     * @param place file and line
     * @param json an object
     */
    record Row(String place, JsonNode json) {}

    private JsonInput(String name, BufferedReader in) {
        this.name = name;
        this.in = in;
    }

    static JsonInput open(Path file) {
        if (file.equals(STANDARD)) {
            return new JsonInput("standard input", reader(System.in));
        }
        if (!Files.exists(file)) {
            throw new PlumbException(file + ": there is no such file.");
        }
        if (Files.isDirectory(file)) {
            throw new PlumbException(file + " is a folder; name a file in it.");
        }
        try {
            InputStream in = Files.newInputStream(file);
            return new JsonInput(
                    file.toString(), reader(file.toString().endsWith(".gz") ? new GZIPInputStream(in) : in));
        } catch (IOException e) {
            throw new PlumbException(file + " cannot be read (" + e + ").", e);
        }
    }

    /** Malformed bytes are a fault, not a question mark. */
    private static BufferedReader reader(InputStream in) {
        return new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8.newDecoder()));
    }

    /** The next row; empty after the last. */
    Optional<Row> next() {
        try {
            for (String text = in.readLine(); text != null; text = in.readLine()) {
                line++;
                if (!text.isBlank()) {
                    return Optional.of(new Row(name + ":" + line, object(text)));
                }
            }
            return Optional.empty();
        } catch (CharacterCodingException e) {
            throw new PlumbException(name + " is not UTF-8 after line " + line + "; save it as UTF-8.", e);
        } catch (IOException e) {
            throw new PlumbException(name + " cannot be read on after line " + line + " (" + e + ").", e);
        }
    }

    private JsonNode object(String text) {
        try {
            JsonNode node = JSON.readTree(text);
            if (!node.isObject()) {
                throw new PlumbException(name + ":" + line + ": a JSON object is needed, as in {\"prompt\": \"…\"}.");
            }
            return node;
        } catch (JsonProcessingException e) {
            throw new PlumbException(name + ":" + line + ": not JSON (" + e.getOriginalMessage() + ").", e);
        }
    }

    @Override
    public void close() {
        try {
            in.close();
        } catch (IOException e) {
            throw new PlumbException(name + " cannot be closed (" + e.getMessage() + ").", e);
        }
    }
}
