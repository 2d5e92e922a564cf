package dev.plumb.config;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a configuration is read from: a YAML text, overrides, or both.
 *
 * @param name how faults call the text, usually its path as the user gave it; empty if there is only the command line
 * @param text YAML 1.2
 * @param overrides {@code key=value} as on a command line, the value in YAML, dots leading into nested settings; each
 *     wins over the text and over those before it
 */
public record YamlSource(Optional<String> name, String text, List<String> overrides) {
    /** Copies the overrides. */
    public YamlSource {
        overrides = List.copyOf(overrides);
    }

    /**
     * A text.
     *
     * @param name how faults call it
     * @param text YAML 1.2
     * @return the source
     */
    public static YamlSource text(String name, String text) {
        return new YamlSource(Optional.of(name), text, List.of());
    }

    /**
     * A file.
     *
     * @param file a YAML file in UTF-8
     * @return its text under its name
     * @throws PlumbException if the file is missing, a folder, unreadable or not UTF-8
     */
    public static YamlSource file(Path file) {
        if (Files.isDirectory(file)) {
            throw new PlumbException(file + ": this is a folder, a YAML file is expected");
        }
        try {
            return text(file.toString(), decode(file, Files.readAllBytes(file)));
        } catch (NoSuchFileException e) {
            throw new PlumbException(file + ": there is no such file", e);
        } catch (AccessDeniedException e) {
            throw new PlumbException(file + ": you have no permission to read it", e);
        } catch (IOException e) {
            throw new PlumbException(file + ": cannot be read (" + e.getMessage() + ")", e);
        }
    }

    /**
     * No text: all settings are given as overrides or left at their defaults.
     *
     * @return the source
     */
    public static YamlSource commandLine() {
        return new YamlSource(Optional.empty(), "", List.of());
    }

    /**
     * The same source with more overrides.
     *
     * @param more {@code key=value} each, winning over those that are there
     * @return a new source
     */
    public YamlSource with(List<String> more) {
        return new YamlSource(
                name, text, Stream.concat(overrides.stream(), more.stream()).toList());
    }

    private static String decode(Path file, byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        CharBuffer out = CharBuffer.allocate(bytes.length + 1);
        CharsetDecoder utf8 = StandardCharsets.UTF_8.newDecoder();
        CoderResult result = utf8.decode(in, out, true);
        if (result.isError()) {
            int line = 1;
            int column = 1;
            for (int i = 0; i < out.position(); i++) {
                column = out.get(i) == '\n' ? 1 : column + 1;
                line += out.get(i) == '\n' ? 1 : 0;
            }
            throw new PlumbException(String.format(
                    "%s:%d:%d: not UTF-8 (byte 0x%02X), save the file as UTF-8",
                    file, line, column, bytes[in.position()]));
        }
        String text = out.flip().toString();
        return text.startsWith("\uFEFF") ? text.substring(1) : text; // some editors begin UTF-8 with a byte order mark
    }
}
