package dev.plumb.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.plumb.config.PlumbException;
import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/** JSON lines in UTF-8 to a new file or the standard output, each there as soon as it is written. */
final class JsonOutput implements Closeable {
    private static final JsonMapper JSON = new JsonMapper();

    private final String name;
    private final OutputStream out;

    private JsonOutput(String name, OutputStream out) {
        this.name = name;
        this.out = out;
    }

    static JsonOutput open(Optional<Path> file) {
        if (file.isEmpty()) {
            return new JsonOutput("the standard output", System.out);
        }
        Path path = file.get();
        try {
            return new JsonOutput(
                    path.toString(),
                    new BufferedOutputStream(Files.newOutputStream(path, StandardOpenOption.CREATE_NEW)));
        } catch (FileAlreadyExistsException e) {
            throw new PlumbException(path + " exists already: remove it, or choose another `output`.", e);
        } catch (IOException e) {
            throw new PlumbException(path + " cannot be written (" + e + "): choose another `output`.", e);
        }
    }

    void write(JsonNode row) {
        try {
            out.write(JSON.writeValueAsBytes(row));
            out.write('\n');
            out.flush();
        } catch (IOException e) {
            throw fault(e);
        }
    }

    private PlumbException fault(IOException e) {
        return new PlumbException(name + " cannot be written (" + e.getMessage() + ").", e);
    }

    @Override
    public void close() {
        if (out != System.out) {
            try {
                out.close();
            } catch (IOException e) {
                throw fault(e);
            }
        }
    }
}
